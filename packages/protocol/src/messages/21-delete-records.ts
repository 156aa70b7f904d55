import { f } from "../schema/field.ts";
import { message, type Infer } from "../schema/message.ts";

/*
 * DeleteRecords (key 21): moves the log start offset forward, so that older records vanish
 * (KIP-107). Versions 0 to 2, flexible from 2.
 */

export const deleteRecordsRequest = message({
  apiKey: 21,
  name: "DeleteRecordsRequest",
  validVersions: "0-2",
  flexibleVersions: "2+",
  fields: {
    topics: f.array({
      fields: {
        name: f.string(),
        partitions: f.array({ fields: { partitionIndex: f.int32(), offset: f.int64() } }),
      },
    }),
    timeoutMs: f.int32(),
  },
});

export interface DeleteRecordsRequest extends Infer<typeof deleteRecordsRequest> {}

export const deleteRecordsResponse = message({
  apiKey: 21,
  name: "DeleteRecordsResponse",
  validVersions: "0-2",
  flexibleVersions: "2+",
  fields: {
    throttleTimeMs: f.int32(),
    topics: f.array({
      fields: {
        name: f.string(),
        partitions: f.array({
          fields: { partitionIndex: f.int32(), lowWatermark: f.int64(), errorCode: f.int16() },
        }),
      },
    }),
  },
});

export interface DeleteRecordsResponse extends Infer<typeof deleteRecordsResponse> {}
