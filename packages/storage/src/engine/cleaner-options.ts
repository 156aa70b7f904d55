import type { TopicPartition } from "./storage-engine.ts";

const MEBIBYTE = 1024 * 1024;

/** Compaction; the names are Kafka's `log.cleaner.*`. */
export interface CleanerOptions {
  /** False: logs are not compacted, whatever their cleanup.policy (log.cleaner.enable). */
  readonly enabled: boolean;
  /** Logs that are cleaned at once. */
  readonly threads: number;
  /**
   * Memory for the offset maps of all threads. A log whose dirty part has more keys than fit is cleaned as far
   * as they do, and again. A map takes only what its log can need, and only while it is cleaned.
   */
  readonly dedupeBufferBytes: number;
  /** How full a map may get, above 0 and at most 1; fuller means slower. */
  readonly loadFactor: number;
  /** Memory for the read and write buffers of all threads. */
  readonly ioBufferBytes: number;
  /** Bytes read and written per second by all threads; Infinity for no limit. */
  readonly ioBytesPerSecond: number;
  /** From the end of one look for logs to clean to the next. */
  readonly backoffMs: number;
}

/** Kafka 4.3's defaults. */
export const defaultCleanerOptions: CleanerOptions = {
  enabled: true,
  threads: 1,
  dedupeBufferBytes: 128 * MEBIBYTE,
  loadFactor: 0.9,
  ioBufferBytes: MEBIBYTE / 2,
  ioBytesPerSecond: Number.POSITIVE_INFINITY,
  backoffMs: 15_000,
};

/**
 * `cleaned`: up to `endOffset`. `superseded`: retention, truncation or deletion changed the log meanwhile; what
 * was not swapped is as before. `stopped`: the engine closes. `no-space`: the disk is full; the log is as before.
 * `failed`: the log cannot be cleaned; it is left alone until the engine is opened again.
 */
export type CleaningOutcome = "cleaned" | "superseded" | "stopped" | "no-space" | "failed";

/** One clean of one log. */
export interface CleanedLog extends TopicPartition {
  readonly outcome: CleaningOutcome;
  /** Of what was not `cleaned`. */
  readonly reason?: string;
  readonly firstDirtyOffset: number;
  /** All below is clean now; `firstDirtyOffset` when nothing was done. */
  readonly endOffset: number;
  /** Bytes read to learn the last offset of each key. */
  readonly mapBytesRead: number;
  readonly bytesRead: number;
  readonly bytesWritten: number;
  readonly recordsRead: number;
  readonly recordsKept: number;
  /** Records without a key, which a compacted log cannot keep. */
  readonly recordsWithoutKey: number;
  readonly elapsedMs: number;
}

/** One look for logs to clean. */
export interface CleanerReport {
  readonly logs: readonly CleanedLog[];
  /** Logs that failed, now or before, and are left alone. */
  readonly uncleanable: readonly TopicPartition[];
  readonly elapsedMs: number;
}
