import type { SlabPool, SlabSlice } from "./slab-pool.ts";
import type { LogConfig } from "../log/log-config.ts";

/** Names a partition; `partition` is its index within the topic. */
export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

export interface PartitionSpec extends TopicPartition {
  /** Kafka's 22-character base64url form. */
  readonly topicId: string;
  readonly config: LogConfig;
}

/**
 * When an append counts. `group`: after a group-committed fdatasync (the default). `none`: after the
 * write, as Kafka does; the page cache survives a killed process, but not a power loss.
 */
export type FlushPolicy = "group" | "none";

/** `client`: validated in full. `coordinator`: our own batch, offsets assigned, control batches allowed. */
export type AppendOrigin = "client" | "coordinator";

export interface AppendRequest {
  /** Exactly one v2 batch, in shared memory; stamped in place. The engine holds its own reference until done. */
  readonly records: SlabSlice;
  readonly leaderEpoch: number;
  readonly origin: AppendOrigin;
}

export interface RecordError {
  readonly batchIndex: number;
  readonly message: string;
}

/** `errorCode` is Kafka's. An exact repeat of an idempotent batch is `ok` with its original offset. */
export type AppendOutcome =
  | {
      readonly ok: true;
      readonly baseOffset: number;
      readonly lastOffset: number;
      /** -1 unless the topic stamps LogAppendTime. */
      readonly logAppendTimeMs: number;
      readonly logStartOffset: number;
      readonly duplicate: boolean;
    }
  | {
      readonly ok: false;
      readonly errorCode: number;
      readonly message: string;
      readonly recordErrors?: readonly RecordError[];
    };

export interface ReadRequest {
  readonly startOffset: number;
  /** Exclusive bound: batches at or beyond it are not returned (high watermark or last stable offset). */
  readonly limitOffset: number;
  readonly maxBytes: number;
  /** Return the first whole batch even when it is larger than `maxBytes`. */
  readonly minOneBatch: boolean;
}

/**
 * Raw batches as stored, cut at batch ends. The slices stay valid until `release` is called, which
 * the caller does once the socket has drained (or the bytes were consumed); exactly once.
 */
export interface ReadResult {
  readonly ok: true;
  readonly slices: readonly Uint8Array[];
  readonly sizeBytes: number;
  /** Offset after the last returned batch; `startOffset` when nothing was returned. */
  readonly nextOffset: number;
  readonly logStartOffset: number;
  release(): void;
}

export type ReadOutcome = ReadResult | { readonly ok: false; readonly errorCode: number };

export interface TimestampOffset {
  readonly timestampMs: number;
  readonly offset: number;
  readonly leaderEpoch: number;
}

export interface EpochEndOffset {
  readonly leaderEpoch: number;
  readonly endOffset: number;
}

/** One log on the thread that calls it. Offsets here are what the main thread knows; they never go back. */
export interface PartitionLog extends TopicPartition {
  readonly topicId: string;
  readonly logStartOffset: number;
  /** The next offset to be written, as of the last completed append. */
  readonly logEndOffset: number;
  /** All below is acknowledged by the flush policy: fsynced under `group`. The high watermark of a single replica. */
  readonly durableOffset: number;
  /** Epoch of the last batch, or -1. */
  readonly latestLeaderEpoch: number;
  readonly sizeBytes: number;
  /** False after its directory or worker failed: every call answers KAFKA_STORAGE_ERROR (56). */
  readonly online: boolean;
  /** Called after `durableOffset` or `logStartOffset` moved, or `online` changed. One listener. */
  onChange: (() => void) | undefined;

  /** Appends keep call order. Resolves when the append counts by the flush policy; never rejects. */
  append(request: AppendRequest): Promise<AppendOutcome>;
  /** Served from the memory tail without a thread hop, or undefined when the tail does not hold the offset. */
  readTail(request: ReadRequest): ReadOutcome | undefined;
  /** From memory or by asynchronous positional reads. OFFSET_OUT_OF_RANGE (1) outside [log start, log end]. */
  read(request: ReadRequest): Promise<ReadOutcome>;
  /** First record with a timestamp at or after the target, at record level; undefined when there is none. */
  offsetForTimestamp(timestampMs: number): Promise<TimestampOffset | undefined>;
  /** The record with the greatest timestamp (ListOffsets -3); undefined for an empty log. */
  offsetOfMaxTimestamp(): Promise<TimestampOffset | undefined>;
  /** The largest epoch at or below the asked one and its end offset; {-1, -1} when unknown (KIP-101, KIP-279). */
  endOffsetForEpoch(leaderEpoch: number): Promise<EpochEndOffset>;
  /** Epoch that wrote `offset`, or -1. */
  epochForOffset(offset: number): Promise<number>;
  /** DeleteRecords: moves the log start offset, persisted before it resolves. Returns the new log start. */
  deleteRecordsBefore(offset: number): Promise<number>;
  updateConfig(config: LogConfig): Promise<void>;
}

export interface PartitionRecovery extends TopicPartition {
  readonly recoveredFromOffset: number;
  readonly logEndOffset: number;
  /** Bytes cut from a torn tail; 0 when none. */
  readonly truncatedBytes: number;
  readonly rebuiltIndexes: number;
  /** Set when damage lies before the synced checkpoint: the partition stays offline. */
  readonly offlineReason?: string;
}

export interface RecoveryReport {
  readonly cleanShutdown: boolean;
  readonly partitions: readonly PartitionRecovery[];
  readonly elapsedMs: number;
}

/** The log engine behind one interface: `LocalEngine` in this thread, `WorkerEngine` on the Piscina pool. */
export interface StorageEngine {
  /** Where received record bytes live, so that they need not move to reach a worker. */
  readonly slabs: SlabPool;
  /** Locks the directory, recovers every partition found in it, and starts. Rejects with StorageError. */
  open(): Promise<RecoveryReport>;
  partitions(): IterableIterator<PartitionLog>;
  partition(topic: string, partition: number): PartitionLog | undefined;
  /** Creates the directory and an empty log, synced, or returns the existing one of the same topic id. */
  createPartition(spec: PartitionSpec): Promise<PartitionLog>;
  /** The log is gone for callers at once; its files are renamed, then removed in the background. */
  deletePartition(topicPartition: TopicPartition): Promise<void>;
  /** Applies retention now to every partition (also runs on its own interval). */
  runRetention(): Promise<void>;
  /** Called once when the log directory went offline (failed sync or write that could not be undone). */
  onDirectoryOffline: ((directory: string, cause: Error) => void) | undefined;
  /** Flushes, writes checkpoints and the clean-shutdown marker, releases the lock. Idempotent. */
  close(): Promise<void>;
}
