import { f } from "../schema/field.ts";
import { message, type Infer } from "../schema/message.ts";

/*
 * DescribeProducers (key 61): the producers active in a partition (KIP-664). Version 0, flexible
 * from 0.
 */

export const describeProducersRequest = message({
  apiKey: 61,
  name: "DescribeProducersRequest",
  validVersions: "0",
  flexibleVersions: "0+",
  fields: {
    topics: f.array({ fields: { name: f.string(), partitionIndexes: f.array({ of: f.int32() }) } }),
  },
});

export interface DescribeProducersRequest extends Infer<typeof describeProducersRequest> {}

export const describeProducersResponse = message({
  apiKey: 61,
  name: "DescribeProducersResponse",
  validVersions: "0",
  flexibleVersions: "0+",
  fields: {
    throttleTimeMs: f.int32(),
    topics: f.array({
      fields: {
        name: f.string(),
        partitions: f.array({
          fields: {
            partitionIndex: f.int32(),
            errorCode: f.int16(),
            errorMessage: f.string({ nullable: "0+", default: null }),
            activeProducers: f.array({
              fields: {
                producerId: f.int64(),
                producerEpoch: f.int32(),
                lastSequence: f.int32({ default: -1 }),
                lastTimestamp: f.int64({ default: -1n }),
                coordinatorEpoch: f.int32(),
                currentTxnStartOffset: f.int64({ default: -1n }),
              },
            }),
          },
        }),
      },
    }),
  },
});

export interface DescribeProducersResponse extends Infer<typeof describeProducersResponse> {}
