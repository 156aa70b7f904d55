import { compressionName, compressionTypeByName } from "../../compression/compression-type.ts";
import { RecordBatchBuilder } from "../batch-builder.ts";
import type { TimestampType } from "../batch-header.ts";
import { buildControlBatch, readControlRecord } from "../control-record.ts";
import type { RecordBatchView } from "../record-batch.ts";
import { iterateRecords, type KafkaRecord } from "../record-codec.ts";

/** What our Java program (compat/java/records) prints for a record; bytes are base64. */
export interface RecordDescription {
  readonly offset: number;
  readonly timestamp: number;
  readonly key: string | null;
  readonly value: string | null;
  readonly marker?: string;
  readonly coordinatorEpoch?: number;
  readonly headers: readonly (readonly [string, string | null])[];
}

/** What our Java program prints for a batch, one JSON line each. */
export interface BatchDescription {
  readonly bytes: string;
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly nextOffset: number;
  readonly sizeBytes: number;
  readonly partitionLeaderEpoch: number;
  readonly compression: string;
  readonly timestampType: number;
  readonly transactional: boolean;
  readonly control: boolean;
  readonly crc: number;
  readonly maxTimestamp: number;
  readonly producerId: string;
  readonly producerEpoch: number;
  readonly baseSequence: number;
  readonly lastSequence: number;
  readonly recordCount: number;
  readonly records: readonly RecordDescription[];
}

/** What has to be said to build a batch; the rest of the description follows from it. */
export type BatchInput = Pick<
  BatchDescription,
  | "baseOffset"
  | "partitionLeaderEpoch"
  | "compression"
  | "timestampType"
  | "transactional"
  | "control"
  | "producerId"
  | "producerEpoch"
  | "baseSequence"
  | "records"
>;

/** Larger than any batch of the exchange, small enough to notice a runaway. */
const MAX_DECOMPRESSED_BYTES = 16 * 1024 * 1024;

export function describeBatch(view: RecordBatchView): BatchDescription {
  const records = [...iterateRecords(view, { maxDecompressedBytes: MAX_DECOMPRESSED_BYTES })];
  return {
    bytes: base64(view.batchBytes()),
    baseOffset: view.baseOffset,
    lastOffset: view.lastOffset,
    nextOffset: view.nextOffset,
    sizeBytes: view.sizeBytes,
    partitionLeaderEpoch: view.partitionLeaderEpoch,
    compression: compressionName(view.compression),
    timestampType: view.timestampType,
    transactional: view.isTransactional,
    control: view.isControl,
    crc: view.crc,
    maxTimestamp: view.maxTimestamp,
    producerId: String(view.producerId),
    producerEpoch: view.producerEpoch,
    baseSequence: view.baseSequence,
    lastSequence: view.lastSequence,
    recordCount: view.recordCount,
    records: records.map((record) => describeRecord(record, view.isControl)),
  };
}

function describeRecord(record: KafkaRecord, control: boolean): RecordDescription {
  return {
    offset: record.offset,
    timestamp: record.timestamp,
    key: nullable(record.key),
    value: nullable(record.value),
    ...(control ? describeMarker(record) : {}),
    headers: record.headers.map((header) => [
      base64(Buffer.from(header.key)),
      nullable(header.value),
    ]),
  };
}

function describeMarker(record: KafkaRecord): { marker: string; coordinatorEpoch?: number } {
  const marker = readControlRecord(record);
  return marker.type === "other"
    ? { marker: marker.type }
    : { marker: marker.type, coordinatorEpoch: marker.coordinatorEpoch };
}

/** Builds the described batch with our own builder. */
export function buildDescribed(batch: BatchInput): Uint8Array {
  const compression = compressionTypeByName(batch.compression);
  if (compression === undefined) throw new Error(`no codec named ${batch.compression}`);
  const header = {
    producerId: BigInt(batch.producerId),
    producerEpoch: batch.producerEpoch,
    baseOffset: batch.baseOffset,
    partitionLeaderEpoch: batch.partitionLeaderEpoch,
  };
  if (batch.control) {
    const record = batch.records[0]!;
    return buildControlBatch({
      ...header,
      type: record.marker === "commit" ? "commit" : "abort",
      coordinatorEpoch: record.coordinatorEpoch!,
      timestamp: record.timestamp,
    });
  }
  const builder = new RecordBatchBuilder({
    ...header,
    compression,
    timestampType: batch.timestampType as TimestampType,
    baseSequence: batch.baseSequence,
    transactional: batch.transactional,
  });
  for (const record of batch.records) {
    builder.append({
      timestamp: record.timestamp,
      key: decoded(record.key),
      value: decoded(record.value),
      headers: record.headers.map(([key, value]) => ({
        key: Buffer.from(key, "base64").toString("utf8"),
        value: decoded(value),
      })),
    });
  }
  return builder.build();
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}

function nullable(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : base64(bytes);
}

function decoded(text: string | null): Uint8Array | null {
  return text === null ? null : new Uint8Array(Buffer.from(text, "base64"));
}
