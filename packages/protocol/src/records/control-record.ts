import { DecodeError } from "../errors/decode-error.ts";
import { RecordBatchBuilder } from "./batch-builder.ts";
import type { KafkaRecord } from "./record-codec.ts";

// A control batch holds one record that consumers never see. Its key is version i16, type i16
// (0 abort, 1 commit; 2 and up belong to KRaft); the value of the first two is version i16,
// coordinator epoch i32. It is never compressed, has no sequence, and uses one offset.

export type TransactionMarkerType = "commit" | "abort";

const MARKER_TYPE = { abort: 0, commit: 1 } as const;
const VERSION = 0;
const KEY_BYTES = 4;
const VALUE_BYTES = 6;

export interface ControlBatchOptions {
  readonly type: TransactionMarkerType;
  readonly coordinatorEpoch: number;
  readonly producerId: bigint;
  readonly producerEpoch: number;
  readonly timestamp: number;
  readonly baseOffset?: number;
  readonly partitionLeaderEpoch?: number;
}

export function buildControlBatch(options: ControlBatchOptions): Uint8Array {
  const key = new DataView(new ArrayBuffer(KEY_BYTES));
  key.setInt16(0, VERSION);
  key.setInt16(2, MARKER_TYPE[options.type]);
  const value = new DataView(new ArrayBuffer(VALUE_BYTES));
  value.setInt16(0, VERSION);
  value.setInt32(2, options.coordinatorEpoch);
  const { baseOffset, partitionLeaderEpoch } = options;
  const builder = new RecordBatchBuilder({
    transactional: true,
    control: true,
    producerId: options.producerId,
    producerEpoch: options.producerEpoch,
    ...(baseOffset === undefined ? {} : { baseOffset }),
    ...(partitionLeaderEpoch === undefined ? {} : { partitionLeaderEpoch }),
  });
  builder.append({
    timestamp: options.timestamp,
    key: new Uint8Array(key.buffer),
    value: new Uint8Array(value.buffer),
  });
  return builder.build();
}

export type ControlRecord =
  | {
      readonly type: TransactionMarkerType;
      readonly version: number;
      readonly coordinatorEpoch: number;
    }
  | { readonly type: "other"; readonly version: number; readonly typeCode: number };

/** What a record of a control batch says. Newer versions may be longer; their known part is read. */
export function readControlRecord(record: KafkaRecord): ControlRecord {
  const { key, value } = record;
  if (key === null || key.length < KEY_BYTES) {
    throw new DecodeError("control record with a key below 4 bytes", 0);
  }
  const keyView = new DataView(key.buffer, key.byteOffset, key.byteLength);
  const version = keyView.getInt16(0);
  const typeCode = keyView.getInt16(2);
  if (version < 0) throw new DecodeError(`control record with version ${version}`, 0);
  if (typeCode !== MARKER_TYPE.abort && typeCode !== MARKER_TYPE.commit) {
    return { type: "other", version, typeCode };
  }
  if (value === null || value.length < VALUE_BYTES) {
    throw new DecodeError("transaction marker with a value below 6 bytes", 0);
  }
  const valueView = new DataView(value.buffer, value.byteOffset, value.byteLength);
  const type = typeCode === MARKER_TYPE.commit ? "commit" : "abort";
  return { type, version, coordinatorEpoch: valueView.getInt32(2) };
}
