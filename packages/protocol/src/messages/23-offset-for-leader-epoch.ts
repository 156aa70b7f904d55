import { f } from "../schema/field.ts";
import { message, type Infer } from "../schema/message.ts";

/*
 * OffsetForLeaderEpoch (key 23): tells where a leader epoch ends in the log, against which
 * consumers and followers truncate (KIP-101, KIP-320). Versions 2 to 4, flexible from 4.
 */

export const offsetForLeaderEpochRequest = message({
  apiKey: 23,
  name: "OffsetForLeaderEpochRequest",
  validVersions: "2-4",
  flexibleVersions: "4+",
  fields: {
    replicaId: f.int32({ versions: "3+", default: -2 }),
    topics: f.array({
      fields: {
        topic: f.string(),
        partitions: f.array({
          fields: {
            partition: f.int32(),
            currentLeaderEpoch: f.int32({ versions: "2+", default: -1 }),
            leaderEpoch: f.int32(),
          },
        }),
      },
    }),
  },
});

export interface OffsetForLeaderEpochRequest extends Infer<typeof offsetForLeaderEpochRequest> {}

export const offsetForLeaderEpochResponse = message({
  apiKey: 23,
  name: "OffsetForLeaderEpochResponse",
  validVersions: "2-4",
  flexibleVersions: "4+",
  fields: {
    throttleTimeMs: f.int32({ versions: "2+" }),
    topics: f.array({
      fields: {
        topic: f.string(),
        partitions: f.array({
          fields: {
            errorCode: f.int16(),
            partition: f.int32(),
            leaderEpoch: f.int32({ versions: "1+", default: -1 }),
            endOffset: f.int64({ default: -1n }),
          },
        }),
      },
    }),
  },
});

export interface OffsetForLeaderEpochResponse extends Infer<typeof offsetForLeaderEpochResponse> {}
