import { f } from "../schema/field.ts";
import { message, type Infer } from "../schema/message.ts";

/*
 * ElectLeaders (key 43): elects leaders, preferred or unclean ones (KIP-460). Versions 0 to 2,
 * flexible from 2.
 */

export const electLeadersRequest = message({
  apiKey: 43,
  name: "ElectLeadersRequest",
  validVersions: "0-2",
  flexibleVersions: "2+",
  fields: {
    electionType: f.int8({ versions: "1+" }),
    topicPartitions: f.array({
      nullable: "0+",
      fields: { topic: f.string(), partitions: f.array({ of: f.int32() }) },
    }),
    timeoutMs: f.int32({ default: 60000 }),
  },
});

export interface ElectLeadersRequest extends Infer<typeof electLeadersRequest> {}

export const electLeadersResponse = message({
  apiKey: 43,
  name: "ElectLeadersResponse",
  validVersions: "0-2",
  flexibleVersions: "2+",
  fields: {
    throttleTimeMs: f.int32(),
    errorCode: f.int16({ versions: "1+" }),
    replicaElectionResults: f.array({
      fields: {
        topic: f.string(),
        partitionResult: f.array({
          fields: {
            partitionId: f.int32(),
            errorCode: f.int16(),
            errorMessage: f.string({ nullable: "0+" }),
          },
        }),
      },
    }),
  },
});

export interface ElectLeadersResponse extends Infer<typeof electLeadersResponse> {}
