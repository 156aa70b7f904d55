import { f } from "../schema/field.ts";
import { message, type Infer } from "../schema/message.ts";

/*
 * OffsetFetch (key 9): reads the offsets of a group. 7 may insist on stable ones (KIP-447), 8
 * asks for several groups at once, 9 serves both group protocols (KIP-848), 10 names topics by
 * id. Versions 1 to 10, flexible from 6.
 */

export const offsetFetchRequest = message({
  apiKey: 9,
  name: "OffsetFetchRequest",
  validVersions: "1-10",
  flexibleVersions: "6+",
  fields: {
    groupId: f.string({ versions: "0-7" }),
    topics: f.array({
      versions: "0-7",
      nullable: "2-7",
      fields: {
        name: f.string({ versions: "0-7" }),
        partitionIndexes: f.array({ versions: "0-7", of: f.int32() }),
      },
    }),
    groups: f.array({
      versions: "8+",
      fields: {
        groupId: f.string({ versions: "8+" }),
        memberId: f.string({ versions: "9+", nullable: "9+", default: null }),
        memberEpoch: f.int32({ versions: "9+", default: -1 }),
        topics: f.array({
          versions: "8+",
          nullable: "8+",
          fields: {
            name: f.string({ versions: "8-9" }),
            topicId: f.uuid({ versions: "10+" }),
            partitionIndexes: f.array({ versions: "8+", of: f.int32() }),
          },
        }),
      },
    }),
    requireStable: f.bool({ versions: "7+" }),
  },
});

export interface OffsetFetchRequest extends Infer<typeof offsetFetchRequest> {}

export const offsetFetchResponse = message({
  apiKey: 9,
  name: "OffsetFetchResponse",
  validVersions: "1-10",
  flexibleVersions: "6+",
  fields: {
    throttleTimeMs: f.int32({ versions: "3+" }),
    topics: f.array({
      versions: "0-7",
      fields: {
        name: f.string({ versions: "0-7" }),
        partitions: f.array({
          versions: "0-7",
          fields: {
            partitionIndex: f.int32({ versions: "0-7" }),
            committedOffset: f.int64({ versions: "0-7" }),
            committedLeaderEpoch: f.int32({ versions: "5-7", default: -1 }),
            metadata: f.string({ versions: "0-7", nullable: "0-7" }),
            errorCode: f.int16({ versions: "0-7" }),
          },
        }),
      },
    }),
    errorCode: f.int16({ versions: "2-7" }),
    groups: f.array({
      versions: "8+",
      fields: {
        groupId: f.string({ versions: "8+" }),
        topics: f.array({
          versions: "8+",
          fields: {
            name: f.string({ versions: "8-9" }),
            topicId: f.uuid({ versions: "10+" }),
            partitions: f.array({
              versions: "8+",
              fields: {
                partitionIndex: f.int32({ versions: "8+" }),
                committedOffset: f.int64({ versions: "8+" }),
                committedLeaderEpoch: f.int32({ versions: "8+", default: -1 }),
                metadata: f.string({ versions: "8+", nullable: "8+" }),
                errorCode: f.int16({ versions: "8+" }),
              },
            }),
          },
        }),
        errorCode: f.int16({ versions: "8+" }),
      },
    }),
  },
});

export interface OffsetFetchResponse extends Infer<typeof offsetFetchResponse> {}
