import { f } from "../schema/field.ts";
import { message, type Infer } from "../schema/message.ts";

/*
 * ListPartitionReassignments (key 46): lists the moves under way (KIP-455). Version 0, flexible
 * from 0.
 */

export const listPartitionReassignmentsRequest = message({
  apiKey: 46,
  name: "ListPartitionReassignmentsRequest",
  validVersions: "0",
  flexibleVersions: "0+",
  fields: {
    timeoutMs: f.int32({ default: 60000 }),
    topics: f.array({
      nullable: "0+",
      default: null,
      fields: { name: f.string(), partitionIndexes: f.array({ of: f.int32() }) },
    }),
  },
});

export interface ListPartitionReassignmentsRequest extends Infer<
  typeof listPartitionReassignmentsRequest
> {}

export const listPartitionReassignmentsResponse = message({
  apiKey: 46,
  name: "ListPartitionReassignmentsResponse",
  validVersions: "0",
  flexibleVersions: "0+",
  fields: {
    throttleTimeMs: f.int32(),
    errorCode: f.int16(),
    errorMessage: f.string({ nullable: "0+" }),
    topics: f.array({
      fields: {
        name: f.string(),
        partitions: f.array({
          fields: {
            partitionIndex: f.int32(),
            replicas: f.array({ of: f.int32() }),
            addingReplicas: f.array({ of: f.int32() }),
            removingReplicas: f.array({ of: f.int32() }),
          },
        }),
      },
    }),
  },
});

export interface ListPartitionReassignmentsResponse extends Infer<
  typeof listPartitionReassignmentsResponse
> {}
