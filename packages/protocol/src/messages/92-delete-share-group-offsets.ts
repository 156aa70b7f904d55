import { f } from "../schema/field.ts";
import { message, type Infer } from "../schema/message.ts";

/*
 * DeleteShareGroupOffsets (key 92): deletes the start offsets of a share group (KIP-932). Version
 * 0, flexible from 0.
 */

export const deleteShareGroupOffsetsRequest = message({
  apiKey: 92,
  name: "DeleteShareGroupOffsetsRequest",
  validVersions: "0",
  flexibleVersions: "0+",
  fields: { groupId: f.string(), topics: f.array({ fields: { topicName: f.string() } }) },
});

export interface DeleteShareGroupOffsetsRequest extends Infer<
  typeof deleteShareGroupOffsetsRequest
> {}

export const deleteShareGroupOffsetsResponse = message({
  apiKey: 92,
  name: "DeleteShareGroupOffsetsResponse",
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
        errorCode: f.int16(),
        errorMessage: f.string({ nullable: "0+", default: null }),
      },
    }),
  },
});

export interface DeleteShareGroupOffsetsResponse extends Infer<
  typeof deleteShareGroupOffsetsResponse
> {}
