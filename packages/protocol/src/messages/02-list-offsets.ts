import { f } from "../schema/field.ts";
import { message, type Infer } from "../schema/message.ts";

/*
 * ListOffsets (key 2): finds offsets by timestamp, or by a negative one with a meaning of its
 * own: -1 latest, -2 earliest, -3 the largest timestamp (7, KIP-734), -4 earliest local (8,
 * KIP-405), -5 latest tiered (9, KIP-1005), -6 earliest pending upload (11, KIP-1023). Versions 1
 * to 11, flexible from 6.
 */

export const listOffsetsRequest = message({
  apiKey: 2,
  name: "ListOffsetsRequest",
  validVersions: "1-11",
  flexibleVersions: "6+",
  fields: {
    replicaId: f.int32(),
    isolationLevel: f.int8({ versions: "2+" }),
    topics: f.array({
      fields: {
        name: f.string(),
        partitions: f.array({
          fields: {
            partitionIndex: f.int32(),
            currentLeaderEpoch: f.int32({ versions: "4+", default: -1 }),
            timestamp: f.int64(),
          },
        }),
      },
    }),
    timeoutMs: f.int32({ versions: "10+" }),
  },
});

export interface ListOffsetsRequest extends Infer<typeof listOffsetsRequest> {}

export const listOffsetsResponse = message({
  apiKey: 2,
  name: "ListOffsetsResponse",
  validVersions: "1-11",
  flexibleVersions: "6+",
  fields: {
    throttleTimeMs: f.int32({ versions: "2+" }),
    topics: f.array({
      fields: {
        name: f.string(),
        partitions: f.array({
          fields: {
            partitionIndex: f.int32(),
            errorCode: f.int16(),
            timestamp: f.int64({ versions: "1+", default: -1n }),
            offset: f.int64({ versions: "1+", default: -1n }),
            leaderEpoch: f.int32({ versions: "4+", default: -1 }),
          },
        }),
      },
    }),
  },
});

export interface ListOffsetsResponse extends Infer<typeof listOffsetsResponse> {}
