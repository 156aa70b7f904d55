import type { Clock, FileSystem } from "@ottla/runtime";
import type { AbortedTransactionEntry } from "../index/transaction-index.ts";
import type { ProducerKey } from "../state/producer-entry.ts";

// What crosses to the background tasks of the cleaner and back. Everything is plain data or shared memory,
// so that each step can run in any thread, and between two steps nothing is held open.

/** A sealed segment as it stood when the clean was planned. */
export interface SegmentToClean {
  readonly baseOffset: number;
  /** Base offset of the segment behind it. */
  readonly nextBaseOffset: number;
  readonly sizeBytes: number;
  readonly indexBytes: number;
  readonly timeIndexBytes: number;
}

/** What must stay of an active producer: its last batch, or, when it has none, a marker of its epoch. */
export interface LastOfProducer {
  readonly producerId: ProducerKey;
  readonly producerEpoch: number;
  readonly lastDataOffset: number | undefined;
}

/** How a task reads and writes, and when it stops. */
export interface TaskLimits {
  /** Bytes of the read buffer, and of the write buffer; a larger batch gets one of its own. */
  readonly bufferBytes: number;
  /** Bytes read and written per second; Infinity for no limit. */
  readonly bytesPerSecond: number;
  /** One int32; not zero: give up. */
  readonly stopFlag: SharedArrayBuffer;
}

interface LogTask {
  /** The partition's own directory. */
  readonly directory: string;
  readonly segments: readonly SegmentToClean[];
  /** All of the range that is cleaned, by first offset. */
  readonly aborted: readonly AbortedTransactionEntry[];
  /** Memory of an `OffsetMap`. */
  readonly map: SharedArrayBuffer;
  readonly limits: TaskLimits;
}

/** Fills the map with the dirty part of a log, as far as it fits. */
export interface BuildMapTask extends LogTask {
  readonly startOffset: number;
  readonly maxEntries: number;
}

export interface BuiltMap {
  /** Offset after the last one that the map covers. */
  readonly endOffset: number;
  readonly bytesRead: number;
  readonly recordsRead: number;
}

/** Writes one cleaned segment in place of a group of segments. */
export interface CleanGroupTask extends LogTask {
  readonly nowMs: number;
  readonly deleteRetentionMs: number;
  readonly indexIntervalBytes: number;
  /** End of the range that this clean may touch: the batch that ends there stays, even without records. */
  readonly upperBoundOffset: number;
  readonly producers: readonly LastOfProducer[];
  readonly transactions: TransactionsState;
}

/** An aborted transaction whose marker comes later. */
export interface OngoingAborted {
  readonly range: AbortedTransactionEntry;
  /** Some batch of it still stands, if only without records. */
  readonly observed: boolean;
}

/** Transactions that are open between two groups. */
export interface TransactionsState {
  readonly committed: readonly bigint[];
  readonly ongoing: readonly OngoingAborted[];
  /** Position in the list of aborted transactions. */
  readonly next: number;
}

export const NO_TRANSACTIONS: TransactionsState = { committed: [], ongoing: [], next: 0 };

export interface CleanedGroup {
  readonly baseOffset: number;
  readonly sizeBytes: number;
  readonly maxTimestamp: number;
  readonly offsetOfMaxTimestamp: number;
  readonly transactions: TransactionsState;
  readonly bytesRead: number;
  readonly bytesWritten: number;
  readonly recordsRead: number;
  readonly recordsKept: number;
  /** Records without a key, which a compacted log cannot keep. */
  readonly recordsWithoutKey: number;
}

export interface TaskSeams {
  readonly fileSystem: FileSystem;
  readonly clock: Clock;
}
