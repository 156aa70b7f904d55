import { f } from "../schema/field.ts";
import { message, type Infer } from "../schema/message.ts";

/*
 * AddPartitionsToTxn (key 24): adds partitions to a transaction. From 4 on brokers send several
 * transactions at once to verify them (KIP-890). Versions 0 to 5, flexible from 3.
 */

const addPartitionsToTxnTopicFields = { name: f.string(), partitions: f.array({ of: f.int32() }) };

export const addPartitionsToTxnRequest = message({
  apiKey: 24,
  name: "AddPartitionsToTxnRequest",
  validVersions: "0-5",
  flexibleVersions: "3+",
  fields: {
    transactions: f.array({
      versions: "4+",
      fields: {
        transactionalId: f.string({ versions: "4+" }),
        producerId: f.int64({ versions: "4+" }),
        producerEpoch: f.int16({ versions: "4+" }),
        verifyOnly: f.bool({ versions: "4+" }),
        topics: f.array({ versions: "4+", fields: addPartitionsToTxnTopicFields }),
      },
    }),
    v3AndBelowTransactionalId: f.string({ versions: "0-3" }),
    v3AndBelowProducerId: f.int64({ versions: "0-3" }),
    v3AndBelowProducerEpoch: f.int16({ versions: "0-3" }),
    v3AndBelowTopics: f.array({ versions: "0-3", fields: addPartitionsToTxnTopicFields }),
  },
});

export interface AddPartitionsToTxnRequest extends Infer<typeof addPartitionsToTxnRequest> {}

const addPartitionsToTxnPartitionResultFields = {
  partitionIndex: f.int32(),
  partitionErrorCode: f.int16(),
};

const addPartitionsToTxnTopicResultFields = {
  name: f.string(),
  resultsByPartition: f.array({ fields: addPartitionsToTxnPartitionResultFields }),
};

export const addPartitionsToTxnResponse = message({
  apiKey: 24,
  name: "AddPartitionsToTxnResponse",
  validVersions: "0-5",
  flexibleVersions: "3+",
  fields: {
    throttleTimeMs: f.int32(),
    errorCode: f.int16({ versions: "4+" }),
    resultsByTransaction: f.array({
      versions: "4+",
      fields: {
        transactionalId: f.string({ versions: "4+" }),
        topicResults: f.array({ versions: "4+", fields: addPartitionsToTxnTopicResultFields }),
      },
    }),
    resultsByTopicV3AndBelow: f.array({
      versions: "0-3",
      fields: addPartitionsToTxnTopicResultFields,
    }),
  },
});

export interface AddPartitionsToTxnResponse extends Infer<typeof addPartitionsToTxnResponse> {}
