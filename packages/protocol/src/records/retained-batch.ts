import { CompressionType } from "../compression/compression-type.ts";
import { compress } from "../compression/registry.ts";
import {
  attributesAt,
  BatchAttribute,
  BatchField,
  computeCrcAt,
  LOG_OVERHEAD,
  NO_TIMESTAMP,
  RECORD_BATCH_OVERHEAD,
} from "./batch-header.ts";
import type { RecordBatchView } from "./record-batch.ts";
import type { RecordCursor } from "./record-cursor.ts";

// What compaction makes of a batch. Base offset, last offset delta, producer and leader epoch stay, so that
// offsets, sequences and epochs read as before; only records, their count, timestamps and attributes change.

/** The records that stay, as they lay in the batch, with offset deltas against its base offset. */
export interface RetainedRecords {
  /** One behind the other, uncompressed. */
  readonly bytes: Uint8Array;
  readonly count: number;
  /** Greatest timestamp of those records; a batch with LogAppendTime keeps its own. */
  readonly maxTimestamp: number;
  /**
   * Sets the delete horizon of KIP-534: attribute bit 6 and the base timestamp. The records' timestamp deltas
   * must count from it already (`retimeRecord`). Without it the base timestamp stays as it is.
   */
  readonly deleteHorizonMs?: number;
}

/** The batch with fewer records, in its own codec. */
export function buildRetainedBatch(view: RecordBatchView, records: RetainedRecords): Uint8Array {
  const stored =
    view.compression === CompressionType.NONE
      ? records.bytes
      : compress(view.compression, records.bytes);
  const batch = new Uint8Array(RECORD_BATCH_OVERHEAD + stored.length);
  batch.set(view.bytes.subarray(view.offset, view.offset + RECORD_BATCH_OVERHEAD));
  batch.set(stored, RECORD_BATCH_OVERHEAD);
  const header = new DataView(batch.buffer);
  const attributes = attributesAt(batch, 0);
  if (records.deleteHorizonMs !== undefined) {
    header.setInt16(BatchField.ATTRIBUTES, attributes | BatchAttribute.DELETE_HORIZON);
    header.setBigInt64(BatchField.BASE_TIMESTAMP, BigInt(records.deleteHorizonMs));
  }
  if ((attributes & BatchAttribute.LOG_APPEND_TIME) === 0)
    header.setBigInt64(BatchField.MAX_TIMESTAMP, BigInt(records.maxTimestamp));
  header.setInt32(BatchField.RECORD_COUNT, records.count);
  return sealed(batch, header);
}

/**
 * The batch with no records left, which keeps its offsets and the producer's last sequence. Uncompressed, as there
 * is nothing to compress, and without a delete horizon, as there is nothing to delete.
 */
export function buildEmptyBatch(view: RecordBatchView): Uint8Array {
  const batch = view.bytes.slice(view.offset, view.offset + RECORD_BATCH_OVERHEAD);
  const header = new DataView(batch.buffer);
  const kept =
    BatchAttribute.LOG_APPEND_TIME | BatchAttribute.TRANSACTIONAL | BatchAttribute.CONTROL;
  header.setInt16(BatchField.ATTRIBUTES, attributesAt(batch, 0) & kept);
  header.setBigInt64(BatchField.BASE_TIMESTAMP, BigInt(NO_TIMESTAMP));
  header.setInt32(BatchField.RECORD_COUNT, 0);
  return sealed(batch, header);
}

function sealed(batch: Uint8Array, header: DataView): Uint8Array {
  header.setInt32(BatchField.BATCH_LENGTH, batch.length - LOG_OVERHEAD);
  header.setUint32(BatchField.CRC, computeCrcAt(batch, 0));
  return batch;
}

/** The record that the cursor just read, with another timestamp delta; everything behind it is copied. */
export function retimeRecord(cursor: RecordCursor, timestampDelta: number): Uint8Array {
  const rest = cursor.bytes.subarray(cursor.afterTimestamp, cursor.position);
  const delta = varlong(BigInt(timestampDelta));
  const length = varlong(BigInt(1 + delta.length + rest.length));
  const record = new Uint8Array(length.length + 1 + delta.length + rest.length);
  record.set(length);
  record.set(delta, length.length + 1);
  record.set(rest, length.length + 1 + delta.length);
  return record;
}

function varlong(value: bigint): number[] {
  let rest = value < 0n ? -value * 2n - 1n : value * 2n;
  const bytes: number[] = [];
  while (rest > 0x7fn) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return bytes;
}
