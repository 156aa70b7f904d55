import { f } from "../schema/field.ts";
import { message, type Infer } from "../schema/message.ts";

/*
 * InitProducerId (key 22): hands out a producer id and epoch. 3 and later let a producer recover
 * by raising its epoch (KIP-360). 6 (two-phase commit, KIP-939) is not final in Kafka 4.3 and
 * must not be advertised. Versions 0 to 6, flexible from 2.
 */

export const initProducerIdRequest = message({
  apiKey: 22,
  name: "InitProducerIdRequest",
  validVersions: "0-6",
  flexibleVersions: "2+",
  latestVersionUnstable: true,
  fields: {
    transactionalId: f.string({ nullable: "0+" }),
    transactionTimeoutMs: f.int32(),
    producerId: f.int64({ versions: "3+", default: -1n }),
    producerEpoch: f.int16({ versions: "3+", default: -1 }),
    enable2Pc: f.bool({ versions: "6+" }),
    keepPreparedTxn: f.bool({ versions: "6+" }),
  },
});

export interface InitProducerIdRequest extends Infer<typeof initProducerIdRequest> {}

export const initProducerIdResponse = message({
  apiKey: 22,
  name: "InitProducerIdResponse",
  validVersions: "0-6",
  flexibleVersions: "2+",
  fields: {
    throttleTimeMs: f.int32(),
    errorCode: f.int16(),
    producerId: f.int64({ default: -1n }),
    producerEpoch: f.int16(),
    ongoingTxnProducerId: f.int64({ versions: "6+", default: -1n }),
    ongoingTxnProducerEpoch: f.int16({ versions: "6+", default: -1 }),
  },
});

export interface InitProducerIdResponse extends Infer<typeof initProducerIdResponse> {}
