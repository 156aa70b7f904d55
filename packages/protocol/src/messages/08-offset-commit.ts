import { f } from "../schema/field.ts";
import { message, type Infer } from "../schema/message.ts";

/*
 * OffsetCommit (key 8): stores the offsets of a group. 7 has group instance ids (KIP-345); 9
 * serves both group protocols, with the member epoch in place of the generation (KIP-848); 10
 * names topics by id. Versions 2 to 10, flexible from 8.
 */

export const offsetCommitRequest = message({
  apiKey: 8,
  name: "OffsetCommitRequest",
  validVersions: "2-10",
  flexibleVersions: "8+",
  fields: {
    groupId: f.string(),
    generationIdOrMemberEpoch: f.int32({ versions: "1+", default: -1 }),
    memberId: f.string({ versions: "1+" }),
    groupInstanceId: f.string({ versions: "7+", nullable: "7+", default: null }),
    retentionTimeMs: f.int64({ versions: "2-4", default: -1n }),
    topics: f.array({
      fields: {
        name: f.string({ versions: "0-9" }),
        topicId: f.uuid({ versions: "10+" }),
        partitions: f.array({
          fields: {
            partitionIndex: f.int32(),
            committedOffset: f.int64(),
            committedLeaderEpoch: f.int32({ versions: "6+", default: -1 }),
            committedMetadata: f.string({ nullable: "0+" }),
          },
        }),
      },
    }),
  },
});

export interface OffsetCommitRequest extends Infer<typeof offsetCommitRequest> {}

export const offsetCommitResponse = message({
  apiKey: 8,
  name: "OffsetCommitResponse",
  validVersions: "2-10",
  flexibleVersions: "8+",
  fields: {
    throttleTimeMs: f.int32({ versions: "3+" }),
    topics: f.array({
      fields: {
        name: f.string({ versions: "0-9" }),
        topicId: f.uuid({ versions: "10+" }),
        partitions: f.array({ fields: { partitionIndex: f.int32(), errorCode: f.int16() } }),
      },
    }),
  },
});

export interface OffsetCommitResponse extends Infer<typeof offsetCommitResponse> {}
