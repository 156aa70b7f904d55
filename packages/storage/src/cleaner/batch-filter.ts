import {
  baseTimestampAt,
  buildEmptyBatch,
  buildRetainedBatch,
  openRecords,
  retimeRecord,
  TimestampType,
  type RecordBatchView,
  type RecordCursor,
} from "@ottla/protocol";
import type { AbortedTransactionEntry } from "../index/transaction-index.ts";
import type { ProducerKey } from "../state/producer-entry.ts";
import { producerOf, type CleanedTransactions } from "./cleaned-transactions.ts";
import type { LastOfProducer } from "./cleaner-task.ts";
import { MAX_DECOMPRESSED_BYTES } from "./map-builder.ts";
import type { OffsetMap } from "./offset-map.ts";

export interface FilterRules {
  readonly map: OffsetMap;
  readonly transactions: CleanedTransactions;
  readonly producers: ReadonlyMap<ProducerKey, LastOfProducer>;
  readonly upperBoundOffset: number;
  readonly nowMs: number;
  readonly deleteRetentionMs: number;
  /** An aborted transaction of which something is left. */
  readonly onAborted: (range: AbortedTransactionEntry) => void;
}

/** What stays of the records of a batch. */
interface Kept {
  readonly count: number;
  readonly hasTombstone: boolean;
}

/**
 * Decides what stays of one batch after the other.
 *
 * | batch | goes as a whole when | else |
 * |---|---|---|
 * | data of an aborted transaction | always | |
 * | other data | no record stays | the last record of each key stays, a tombstone until its horizon |
 * | marker | no data of its transaction is left and its horizon has passed | it stays; its horizon is set once no data is left |
 *
 * In place of going, a batch stays without records when it is the last of an active producer, whose sequence
 * or epoch it holds, or when it ends the range of this clean, whose last offset it holds.
 * The horizon (KIP-534) is the time of the clean that first found a batch with something to delete later,
 * plus delete.retention.ms: so everybody who reads has that long to see the tombstone.
 */
export class BatchFilter {
  recordsRead = 0;
  recordsKept = 0;
  recordsWithoutKey = 0;
  readonly #rules: FilterRules;
  /** Ranges of the retained records in the bytes of the batch: start, end, start, end ... */
  #ranges: number[] = [];
  #maxTimestamp = -1;

  constructor(rules: FilterRules) {
    this.#rules = rules;
  }

  /** The bytes to write for a batch, or undefined when it goes. */
  filter(view: RecordBatchView): Uint8Array | undefined {
    this.recordsRead += view.recordCount;
    const bytes = view.isControl ? this.#filterMarker(view) : this.#filterData(view);
    if (bytes !== undefined) return bytes;
    if (!this.#mustStay(view)) return undefined;
    return view.recordCount === 0 ? view.batchBytes() : buildEmptyBatch(view);
  }

  #mustStay(view: RecordBatchView): boolean {
    if (view.nextOffset === this.#rules.upperBoundOffset) return true;
    if (view.producerId < 0n) return false;
    const last = this.#rules.producers.get(producerOf(view));
    if (last === undefined) return false;
    return last.lastDataOffset === undefined
      ? view.isControl && view.producerEpoch === last.producerEpoch
      : view.lastOffset === last.lastDataOffset;
  }

  #filterMarker(view: RecordBatchView): Uint8Array | undefined {
    const { transactions, onAborted, nowMs } = this.#rules;
    const { discard, aborted } = transactions.onMarker(view);
    if (aborted !== undefined) onAborted(aborted);
    if (view.recordCount === 0) return undefined;
    if (discard && view.hasDeleteHorizon && view.baseTimestamp <= nowMs) return undefined;
    this.recordsKept += view.recordCount;
    if (!discard || view.hasDeleteHorizon) return view.batchBytes();
    const cursor = openRecords(view, { maxDecompressedBytes: MAX_DECOMPRESSED_BYTES });
    this.#ranges = [0, cursor.bytes.length];
    this.#maxTimestamp = view.maxTimestamp;
    return this.#withHorizon(view, cursor, view.recordCount);
  }

  #filterData(view: RecordBatchView): Uint8Array | undefined {
    if (this.#rules.transactions.isAborted(view) || view.recordCount === 0) return undefined;
    const cursor = openRecords(view, { maxDecompressedBytes: MAX_DECOMPRESSED_BYTES });
    const { count, hasTombstone } = this.#selectRecords(view, cursor);
    if (count === 0) return undefined;
    this.recordsKept += count;
    if (hasTombstone && !view.hasDeleteHorizon) return this.#withHorizon(view, cursor, count);
    if (count === view.recordCount) return view.batchBytes();
    return buildRetainedBatch(view, {
      bytes: joinRanges(cursor.bytes, this.#ranges),
      count,
      maxTimestamp: this.#maxTimestamp,
    });
  }

  /** Walks the records and notes the ranges of those that stay. */
  #selectRecords(view: RecordBatchView, cursor: RecordCursor): Kept {
    const ranges: number[] = [];
    const { baseOffset, baseTimestamp, recordCount } = view;
    const tombstonesStay = !view.hasDeleteHorizon || this.#rules.nowMs < baseTimestamp;
    let count = 0;
    let hasTombstone = false;
    this.#maxTimestamp = -1;
    for (let index = 0; index < recordCount; index++) {
      const start = cursor.position;
      cursor.next();
      if (!this.#retains(cursor, baseOffset, tombstonesStay)) continue;
      count++;
      hasTombstone ||= cursor.valueLength < 0;
      this.#maxTimestamp = Math.max(this.#maxTimestamp, baseTimestamp + cursor.timestampDelta);
      if (ranges.length > 0 && ranges.at(-1) === start) ranges[ranges.length - 1] = cursor.position;
      else ranges.push(start, cursor.position);
    }
    this.#ranges = ranges;
    return { count, hasTombstone };
  }

  #retains(cursor: RecordCursor, batchOffset: number, tombstonesStay: boolean): boolean {
    const { map } = this.#rules;
    const offset = batchOffset + cursor.offsetDelta;
    if (offset > map.latestOffset) return true;
    if (cursor.keyLength < 0) {
      this.recordsWithoutKey++;
      return false;
    }
    if (offset < map.get(cursor.bytes, cursor.keyStart, cursor.keyLength)) return false;
    return cursor.valueLength >= 0 || tombstonesStay;
  }

  /** The retained records with their timestamps counted from the delete horizon. */
  #withHorizon(view: RecordBatchView, cursor: RecordCursor, count: number): Uint8Array {
    const deleteHorizonMs = this.#rules.nowMs + this.#rules.deleteRetentionMs;
    const baseTimestamp = baseTimestampAt(view.bytes, view.offset);
    const appendTime =
      view.timestampType === TimestampType.LOG_APPEND_TIME ? view.maxTimestamp : undefined;
    const records: Uint8Array[] = [];
    for (let at = 0; at < this.#ranges.length; at += 2) {
      cursor.position = this.#ranges[at]!;
      while (cursor.position < this.#ranges[at + 1]!) {
        cursor.next();
        const timestamp = appendTime ?? baseTimestamp + cursor.timestampDelta;
        records.push(retimeRecord(cursor, timestamp - deleteHorizonMs));
      }
    }
    return buildRetainedBatch(view, {
      bytes: Buffer.concat(records),
      count,
      maxTimestamp: this.#maxTimestamp,
      deleteHorizonMs,
    });
  }
}

function joinRanges(bytes: Uint8Array, ranges: readonly number[]): Uint8Array {
  if (ranges.length === 2) return bytes.subarray(ranges[0], ranges[1]);
  let size = 0;
  for (let at = 0; at < ranges.length; at += 2) size += ranges[at + 1]! - ranges[at]!;
  const joined = new Uint8Array(size);
  let end = 0;
  for (let at = 0; at < ranges.length; at += 2) {
    joined.set(bytes.subarray(ranges[at], ranges[at + 1]), end);
    end += ranges[at + 1]! - ranges[at]!;
  }
  return joined;
}
