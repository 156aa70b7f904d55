import { DecodeError } from "../errors/decode-error.ts";
import { TimestampType } from "./batch-header.ts";
import type { RecordBatchView } from "./record-batch.ts";
import { openRecords, type DecompressionLimit } from "./record-codec.ts";

export interface RecordRules extends DecompressionLimit {
  /** Compacted topics refuse records without a key. */
  readonly requireKeys?: boolean;
}

export type RecordsVerdict =
  | { readonly ok: true; readonly maxTimestamp: number }
  | { readonly ok: false; readonly reason: string; readonly recordIndex: number };

/** The record index of a fault that concerns the batch as a whole. */
export const WHOLE_BATCH = -1;

/**
 * Walks the records of a batch that a producer sent: as many as the header counts, offset deltas 0 to
 * n-1 without a gap, each part within its record, keys where the topic needs them, nothing after them.
 */
export function validateRecords(view: RecordBatchView, rules: RecordRules): RecordsVerdict {
  let recordIndex = WHOLE_BATCH;
  const refuse = (reason: string): RecordsVerdict => ({ ok: false, reason, recordIndex });
  try {
    const count = view.recordCount;
    if (count <= 0) return refuse(`record count ${count}`);
    if (view.lastOffsetDelta !== count - 1) {
      return refuse(`last offset delta ${view.lastOffsetDelta} with ${count} records`);
    }
    const cursor = openRecords(view, rules);
    const baseTimestamp = view.baseTimestamp;
    let maxTimestamp = Number.NEGATIVE_INFINITY;
    for (recordIndex = 0; recordIndex < count; recordIndex++) {
      cursor.next();
      if (cursor.offsetDelta !== recordIndex) return refuse(`offset delta ${cursor.offsetDelta}`);
      if (rules.requireKeys === true && cursor.keyLength < 0) return refuse("record without a key");
      const timestamp = baseTimestamp + cursor.timestampDelta;
      if (!Number.isSafeInteger(timestamp)) return refuse("record timestamp beyond 2^53");
      if (timestamp > maxTimestamp) maxTimestamp = timestamp;
    }
    recordIndex = WHOLE_BATCH;
    if (cursor.position !== cursor.bytes.length) return refuse("bytes after the last record");
    const logAppendTime = view.timestampType === TimestampType.LOG_APPEND_TIME;
    return { ok: true, maxTimestamp: logAppendTime ? view.maxTimestamp : maxTimestamp };
  } catch (error) {
    if (error instanceof DecodeError) return refuse(error.message);
    throw error;
  }
}
