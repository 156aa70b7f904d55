import { f } from "../schema/field.ts";
import { message, type Infer } from "../schema/message.ts";

/*
 * Produce (key 0): appends record batches. 7 allows zstd (KIP-110), 8 reports the records at
 * fault (KIP-467), 10 tells where the leader went (KIP-951), 12 lets the first batch of a
 * transaction stand for AddPartitionsToTxn (KIP-890), 13 names topics by id (KIP-516). Kafka
 * advertises 0 as the least version for the sake of old clients and still refuses 0 to 2.
 * Versions 3 to 13, flexible from 9.
 */

export const produceRequest = message({
  apiKey: 0,
  name: "ProduceRequest",
  validVersions: "3-13",
  flexibleVersions: "9+",
  fields: {
    transactionalId: f.string({ versions: "3+", nullable: "3+", default: null }),
    acks: f.int16(),
    timeoutMs: f.int32(),
    topicData: f.array({
      fields: {
        name: f.string({ versions: "0-12" }),
        topicId: f.uuid({ versions: "13+" }),
        partitionData: f.array({
          fields: { index: f.int32(), records: f.records({ nullable: "0+" }) },
        }),
      },
    }),
  },
});

export interface ProduceRequest extends Infer<typeof produceRequest> {}

export const produceResponse = message({
  apiKey: 0,
  name: "ProduceResponse",
  validVersions: "3-13",
  flexibleVersions: "9+",
  fields: {
    responses: f.array({
      fields: {
        name: f.string({ versions: "0-12" }),
        topicId: f.uuid({ versions: "13+" }),
        partitionResponses: f.array({
          fields: {
            index: f.int32(),
            errorCode: f.int16(),
            baseOffset: f.int64(),
            logAppendTimeMs: f.int64({ versions: "2+", default: -1n }),
            logStartOffset: f.int64({ versions: "5+", default: -1n }),
            recordErrors: f.array({
              versions: "8+",
              fields: {
                batchIndex: f.int32({ versions: "8+" }),
                batchIndexErrorMessage: f.string({ versions: "8+", nullable: "8+", default: null }),
              },
            }),
            errorMessage: f.string({ versions: "8+", nullable: "8+", default: null }),
            currentLeader: f.struct({
              versions: "10+",
              tagged: "10+",
              tag: 0,
              fields: {
                leaderId: f.int32({ versions: "10+", default: -1 }),
                leaderEpoch: f.int32({ versions: "10+", default: -1 }),
              },
            }),
          },
        }),
      },
    }),
    throttleTimeMs: f.int32({ versions: "1+" }),
    nodeEndpoints: f.array({
      versions: "10+",
      tagged: "10+",
      tag: 0,
      fields: {
        nodeId: f.int32({ versions: "10+" }),
        host: f.string({ versions: "10+" }),
        port: f.int32({ versions: "10+" }),
        rack: f.string({ versions: "10+", nullable: "10+", default: null }),
      },
    }),
  },
});

export interface ProduceResponse extends Infer<typeof produceResponse> {}
