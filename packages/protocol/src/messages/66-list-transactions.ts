import { f } from "../schema/field.ts";
import { message, type Infer } from "../schema/message.ts";

/*
 * ListTransactions (key 66): lists transactions (KIP-664). 1 filters by duration (KIP-994), 2 by
 * a pattern of the transactional id (KIP-1152). Versions 0 to 2, flexible from 0.
 */

export const listTransactionsRequest = message({
  apiKey: 66,
  name: "ListTransactionsRequest",
  validVersions: "0-2",
  flexibleVersions: "0+",
  fields: {
    stateFilters: f.array({ of: f.string() }),
    producerIdFilters: f.array({ of: f.int64() }),
    durationFilter: f.int64({ versions: "1+", default: -1n }),
    transactionalIdPattern: f.string({ versions: "2+", nullable: "2+", default: null }),
  },
});

export interface ListTransactionsRequest extends Infer<typeof listTransactionsRequest> {}

export const listTransactionsResponse = message({
  apiKey: 66,
  name: "ListTransactionsResponse",
  validVersions: "0-2",
  flexibleVersions: "0+",
  fields: {
    throttleTimeMs: f.int32(),
    errorCode: f.int16(),
    unknownStateFilters: f.array({ of: f.string() }),
    transactionStates: f.array({
      fields: { transactionalId: f.string(), producerId: f.int64(), transactionState: f.string() },
    }),
  },
});

export interface ListTransactionsResponse extends Infer<typeof listTransactionsResponse> {}
