import { f } from "../schema/field.ts";
import { message, type Infer } from "../schema/message.ts";

/*
 * DescribeTransactions (key 65): describes transactions (KIP-664). Version 0, flexible from 0.
 */

export const describeTransactionsRequest = message({
  apiKey: 65,
  name: "DescribeTransactionsRequest",
  validVersions: "0",
  flexibleVersions: "0+",
  fields: { transactionalIds: f.array({ of: f.string() }) },
});

export interface DescribeTransactionsRequest extends Infer<typeof describeTransactionsRequest> {}

export const describeTransactionsResponse = message({
  apiKey: 65,
  name: "DescribeTransactionsResponse",
  validVersions: "0",
  flexibleVersions: "0+",
  fields: {
    throttleTimeMs: f.int32(),
    transactionStates: f.array({
      fields: {
        errorCode: f.int16(),
        transactionalId: f.string(),
        transactionState: f.string(),
        transactionTimeoutMs: f.int32(),
        transactionStartTimeMs: f.int64(),
        producerId: f.int64(),
        producerEpoch: f.int16(),
        topics: f.array({ fields: { topic: f.string(), partitions: f.array({ of: f.int32() }) } }),
      },
    }),
  },
});

export interface DescribeTransactionsResponse extends Infer<typeof describeTransactionsResponse> {}
