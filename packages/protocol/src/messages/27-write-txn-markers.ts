import { f } from "../schema/field.ts";
import { message, type Infer } from "../schema/message.ts";

/*
 * WriteTxnMarkers (key 27): writes the markers that end a transaction into the partitions,
 * between brokers. 2 says which transaction version the marker belongs to (KIP-1228). Versions 1
 * to 2, flexible from 1.
 */

export const writeTxnMarkersRequest = message({
  apiKey: 27,
  name: "WriteTxnMarkersRequest",
  validVersions: "1-2",
  flexibleVersions: "1+",
  fields: {
    markers: f.array({
      fields: {
        producerId: f.int64(),
        producerEpoch: f.int16(),
        transactionResult: f.bool(),
        topics: f.array({
          fields: { name: f.string(), partitionIndexes: f.array({ of: f.int32() }) },
        }),
        coordinatorEpoch: f.int32(),
        transactionVersion: f.int8({ versions: "2+" }),
      },
    }),
  },
});

export interface WriteTxnMarkersRequest extends Infer<typeof writeTxnMarkersRequest> {}

export const writeTxnMarkersResponse = message({
  apiKey: 27,
  name: "WriteTxnMarkersResponse",
  validVersions: "1-2",
  flexibleVersions: "1+",
  fields: {
    markers: f.array({
      fields: {
        producerId: f.int64(),
        topics: f.array({
          fields: {
            name: f.string(),
            partitions: f.array({ fields: { partitionIndex: f.int32(), errorCode: f.int16() } }),
          },
        }),
      },
    }),
  },
});

export interface WriteTxnMarkersResponse extends Infer<typeof writeTxnMarkersResponse> {}
