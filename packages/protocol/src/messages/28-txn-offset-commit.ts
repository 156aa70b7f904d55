import { f } from "../schema/field.ts";
import { message, type Infer } from "../schema/message.ts";

/*
 * TxnOffsetCommit (key 28): stores the offsets of a group as part of a transaction. 3 checks
 * member and generation (KIP-447). Versions 0 to 5, flexible from 3.
 */

export const txnOffsetCommitRequest = message({
  apiKey: 28,
  name: "TxnOffsetCommitRequest",
  validVersions: "0-5",
  flexibleVersions: "3+",
  fields: {
    transactionalId: f.string(),
    groupId: f.string(),
    producerId: f.int64(),
    producerEpoch: f.int16(),
    generationId: f.int32({ versions: "3+", default: -1 }),
    memberId: f.string({ versions: "3+" }),
    groupInstanceId: f.string({ versions: "3+", nullable: "3+", default: null }),
    topics: f.array({
      fields: {
        name: f.string(),
        partitions: f.array({
          fields: {
            partitionIndex: f.int32(),
            committedOffset: f.int64(),
            committedLeaderEpoch: f.int32({ versions: "2+", default: -1 }),
            committedMetadata: f.string({ nullable: "0+" }),
          },
        }),
      },
    }),
  },
});

export interface TxnOffsetCommitRequest extends Infer<typeof txnOffsetCommitRequest> {}

export const txnOffsetCommitResponse = message({
  apiKey: 28,
  name: "TxnOffsetCommitResponse",
  validVersions: "0-5",
  flexibleVersions: "3+",
  fields: {
    throttleTimeMs: f.int32(),
    topics: f.array({
      fields: {
        name: f.string(),
        partitions: f.array({ fields: { partitionIndex: f.int32(), errorCode: f.int16() } }),
      },
    }),
  },
});

export interface TxnOffsetCommitResponse extends Infer<typeof txnOffsetCommitResponse> {}
