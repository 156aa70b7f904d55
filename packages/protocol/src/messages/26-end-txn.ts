import { f } from "../schema/field.ts";
import { message, type Infer } from "../schema/message.ts";

/*
 * EndTxn (key 26): commits or aborts a transaction. 5 raises the epoch each time and answers with
 * the new one (KIP-890). Versions 0 to 5, flexible from 3.
 */

export const endTxnRequest = message({
  apiKey: 26,
  name: "EndTxnRequest",
  validVersions: "0-5",
  flexibleVersions: "3+",
  fields: {
    transactionalId: f.string(),
    producerId: f.int64(),
    producerEpoch: f.int16(),
    committed: f.bool(),
  },
});

export interface EndTxnRequest extends Infer<typeof endTxnRequest> {}

export const endTxnResponse = message({
  apiKey: 26,
  name: "EndTxnResponse",
  validVersions: "0-5",
  flexibleVersions: "3+",
  fields: {
    throttleTimeMs: f.int32(),
    errorCode: f.int16(),
    producerId: f.int64({ versions: "5+", default: -1n }),
    producerEpoch: f.int16({ versions: "5+", default: -1 }),
  },
});

export interface EndTxnResponse extends Infer<typeof endTxnResponse> {}
