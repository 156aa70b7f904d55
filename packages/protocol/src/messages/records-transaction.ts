import { f } from "../schema/field.ts";
import { message, type Infer } from "../schema/message.ts";

/*
 * Records of `__transaction_state`. Value version 1 adds what the newer transactions need
 * (KIP-890).
 */

export const transactionLogKey = message({
  name: "TransactionLogKey",
  validVersions: "0",
  flexibleVersions: "none",
  fields: { transactionalId: f.string() },
});

export interface TransactionLogKey extends Infer<typeof transactionLogKey> {}

export const transactionLogValue = message({
  name: "TransactionLogValue",
  validVersions: "0-1",
  flexibleVersions: "1+",
  fields: {
    producerId: f.int64(),
    previousProducerId: f.int64({ versions: "1+", tagged: "1+", tag: 0, default: -1n }),
    nextProducerId: f.int64({ versions: "1+", tagged: "1+", tag: 1, default: -1n }),
    producerEpoch: f.int16(),
    nextProducerEpoch: f.int16({ versions: "1+", tagged: "1+", tag: 3, default: -1 }),
    transactionTimeoutMs: f.int32(),
    transactionStatus: f.int8(),
    transactionPartitions: f.array({
      nullable: "0+",
      fields: { topic: f.string(), partitionIds: f.array({ of: f.int32() }) },
    }),
    transactionLastUpdateTimestampMs: f.int64(),
    transactionStartTimestampMs: f.int64(),
    clientTransactionVersion: f.int16({ versions: "1+", tagged: "1+", tag: 2 }),
  },
});

export interface TransactionLogValue extends Infer<typeof transactionLogValue> {}
