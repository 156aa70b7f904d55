import { f } from "../schema/field.ts";
import { message, type Infer } from "../schema/message.ts";

/*
 * AddOffsetsToTxn (key 25): adds the offsets of a group to a transaction (KIP-98). Versions 0 to
 * 4, flexible from 3.
 */

export const addOffsetsToTxnRequest = message({
  apiKey: 25,
  name: "AddOffsetsToTxnRequest",
  validVersions: "0-4",
  flexibleVersions: "3+",
  fields: {
    transactionalId: f.string(),
    producerId: f.int64(),
    producerEpoch: f.int16(),
    groupId: f.string(),
  },
});

export interface AddOffsetsToTxnRequest extends Infer<typeof addOffsetsToTxnRequest> {}

export const addOffsetsToTxnResponse = message({
  apiKey: 25,
  name: "AddOffsetsToTxnResponse",
  validVersions: "0-4",
  flexibleVersions: "3+",
  fields: { throttleTimeMs: f.int32(), errorCode: f.int16() },
});

export interface AddOffsetsToTxnResponse extends Infer<typeof addOffsetsToTxnResponse> {}
