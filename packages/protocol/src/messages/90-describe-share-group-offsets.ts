import { f } from "../schema/field.ts";
import { message, type Infer } from "../schema/message.ts";

/*
 * DescribeShareGroupOffsets (key 90): reads the start offsets of share groups (KIP-932). 1 has
 * the lag (KIP-1226). Versions 0 to 1, flexible from 0.
 */

export const describeShareGroupOffsetsRequest = message({
  apiKey: 90,
  name: "DescribeShareGroupOffsetsRequest",
  validVersions: "0-1",
  flexibleVersions: "0+",
  fields: {
    groups: f.array({
      fields: {
        groupId: f.string(),
        topics: f.array({
          nullable: "0+",
          fields: { topicName: f.string(), partitions: f.array({ of: f.int32() }) },
        }),
      },
    }),
  },
});

export interface DescribeShareGroupOffsetsRequest extends Infer<
  typeof describeShareGroupOffsetsRequest
> {}

export const describeShareGroupOffsetsResponse = message({
  apiKey: 90,
  name: "DescribeShareGroupOffsetsResponse",
  validVersions: "0-1",
  flexibleVersions: "0+",
  fields: {
    throttleTimeMs: f.int32(),
    groups: f.array({
      fields: {
        groupId: f.string(),
        topics: f.array({
          fields: {
            topicName: f.string(),
            topicId: f.uuid(),
            partitions: f.array({
              fields: {
                partitionIndex: f.int32(),
                startOffset: f.int64(),
                leaderEpoch: f.int32(),
                lag: f.int64({ versions: "1+", default: -1n }),
                errorCode: f.int16(),
                errorMessage: f.string({ nullable: "0+", default: null }),
              },
            }),
          },
        }),
        errorCode: f.int16(),
        errorMessage: f.string({ nullable: "0+", default: null }),
      },
    }),
  },
});

export interface DescribeShareGroupOffsetsResponse extends Infer<
  typeof describeShareGroupOffsetsResponse
> {}
