import { f } from "../schema/field.ts";
import { message, type Infer } from "../schema/message.ts";

/*
 * OffsetDelete (key 47): deletes offsets of a group (KIP-496). It never became flexible. Version
 * 0, never flexible.
 */

export const offsetDeleteRequest = message({
  apiKey: 47,
  name: "OffsetDeleteRequest",
  validVersions: "0",
  flexibleVersions: "none",
  fields: {
    groupId: f.string(),
    topics: f.array({
      fields: { name: f.string(), partitions: f.array({ fields: { partitionIndex: f.int32() } }) },
    }),
  },
});

export interface OffsetDeleteRequest extends Infer<typeof offsetDeleteRequest> {}

export const offsetDeleteResponse = message({
  apiKey: 47,
  name: "OffsetDeleteResponse",
  validVersions: "0",
  flexibleVersions: "none",
  fields: {
    errorCode: f.int16(),
    throttleTimeMs: f.int32(),
    topics: f.array({
      fields: {
        name: f.string(),
        partitions: f.array({ fields: { partitionIndex: f.int32(), errorCode: f.int16() } }),
      },
    }),
  },
});

export interface OffsetDeleteResponse extends Infer<typeof offsetDeleteResponse> {}
