import {
  batchSizeAt,
  DecodeError,
  iterateRecords,
  RecordBatchView,
  TimestampType,
  type KafkaRecord,
} from "@ottla/protocol";
import { StorageError } from "./storage-error.ts";
import { headerDamage } from "../segment/batch-scanner.ts";
import type { Segment } from "../segment/segment.ts";

/** Look-ups read headers in pieces of this size; an index entry is at most a few batches away. */
const SEARCH_CHUNK_BYTES = 64 * 1024;
/** Records inside one batch are opened for look-ups by time; the batch was within this bound when it was appended. */
const MAX_DECOMPRESSED_BYTES = 256 * 1024 * 1024;

export type BatchPredicate = (bytes: Uint8Array, at: number) => boolean;

/** Walks batch headers from a position that is a batch start and returns the first batch that matches. */
export async function findBatch(
  segment: Segment,
  startPosition: number,
  matches: BatchPredicate,
): Promise<RecordBatchView | undefined> {
  const chunk = new Uint8Array(SEARCH_CHUNK_BYTES);
  let position = startPosition;
  while (position < segment.sizeBytes) {
    const remaining = segment.sizeBytes - position;
    const length = await segment.read(
      chunk.subarray(0, Math.min(chunk.length, remaining)),
      position,
    );
    let at = 0;
    while (at < length) {
      const damage = headerDamage(chunk, at, length - at, remaining - at);
      // A header that the chunk cuts is read again at the start of the next chunk.
      if (damage !== undefined && at > 0) break;
      if (damage !== undefined)
        throw new StorageError(`${damage} at ${position}`, { fatal: false, path: segment.path });
      if (matches(chunk, at))
        return await readBatch(segment, position + at, batchSizeAt(chunk, at));
      at += batchSizeAt(chunk, at);
    }
    if (length === 0) return undefined;
    position += at;
  }
  return undefined;
}

async function readBatch(
  segment: Segment,
  position: number,
  sizeBytes: number,
): Promise<RecordBatchView> {
  const bytes = new Uint8Array(sizeBytes);
  const length = await segment.read(bytes, position);
  if (length !== sizeBytes)
    throw new StorageError(`${length} of ${sizeBytes} bytes at ${position}`, {
      fatal: false,
      path: segment.path,
    });
  return new RecordBatchView(bytes);
}

/** The first record that matches; with LogAppendTime every record counts as having the batch's timestamp. */
export function findRecord(
  view: RecordBatchView,
  matches: (record: KafkaRecord, timestampMs: number) => boolean,
): { offset: number; timestampMs: number } | undefined {
  const appendTime =
    view.timestampType === TimestampType.LOG_APPEND_TIME ? view.maxTimestamp : undefined;
  try {
    for (const record of iterateRecords(view, { maxDecompressedBytes: MAX_DECOMPRESSED_BYTES })) {
      const timestampMs = appendTime ?? record.timestamp;
      if (matches(record, timestampMs)) return { offset: record.offset, timestampMs };
    }
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw new StorageError(`the records of the batch at offset ${view.baseOffset} are damaged`, {
      fatal: false,
      cause: error,
    });
  }
  return undefined;
}
