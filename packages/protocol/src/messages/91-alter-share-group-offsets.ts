import { f } from "../schema/field.ts";
import { message, type Infer } from "../schema/message.ts";

/*
 * AlterShareGroupOffsets (key 91): changes the start offsets of a share group (KIP-932). Version
 * 0, flexible from 0.
 */

export const alterShareGroupOffsetsRequest = message({
  apiKey: 91,
  name: "AlterShareGroupOffsetsRequest",
  validVersions: "0",
  flexibleVersions: "0+",
  fields: {
    groupId: f.string(),
    topics: f.array({
      fields: {
        topicName: f.string(),
        partitions: f.array({ fields: { partitionIndex: f.int32(), startOffset: f.int64() } }),
      },
    }),
  },
});

export interface AlterShareGroupOffsetsRequest extends Infer<
  typeof alterShareGroupOffsetsRequest
> {}

export const alterShareGroupOffsetsResponse = message({
  apiKey: 91,
  name: "AlterShareGroupOffsetsResponse",
  validVersions: "0",
  flexibleVersions: "0+",
  fields: {
    throttleTimeMs: f.int32(),
    errorCode: f.int16(),
    errorMessage: f.string({ nullable: "0+", default: null }),
    responses: f.array({
      fields: {
        topicName: f.string(),
        topicId: f.uuid(),
        partitions: f.array({
          fields: {
            partitionIndex: f.int32(),
            errorCode: f.int16(),
            errorMessage: f.string({ nullable: "0+", default: null }),
          },
        }),
      },
    }),
  },
});

export interface AlterShareGroupOffsetsResponse extends Infer<
  typeof alterShareGroupOffsetsResponse
> {}
