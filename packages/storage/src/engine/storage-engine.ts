import type { CleanerReport } from "./cleaner-options.ts";
import type { SlabPool, SlabSlice } from "./slab-pool.ts";
import type { LogConfig } from "../log/log-config.ts";
import type { SaveSnapshotRequest } from "../snapshot/save-snapshot.ts";
import type { SnapshotManifest } from "../snapshot/snapshot-manifest.ts";

/** Names a partition; `partition` is its index within the topic. */
export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

export interface PartitionSpec extends TopicPartition {
  /** Kafka's 22-character base64url form. */
  readonly topicId: string;
  readonly config: LogConfig;
  /** The log directory that a new log goes to; the one with the fewest partitions when absent. */
  readonly directory?: string;
}

/**
 * When an append counts. `group`: after a group-committed fdatasync (the default). `none`: after the
 * write, as Kafka does; the page cache survives a killed process, but not a power loss.
 */
export type FlushPolicy = "group" | "none";

/**
 * `client`: validated in full. `coordinator`: our own batch, offsets assigned, transaction markers allowed.
 * `replica`: what a follower fetched; offsets and leader epochs are kept as sent.
 */
export type AppendOrigin = "client" | "coordinator" | "replica";

export interface AppendRequest {
  /**
   * Exactly one v2 batch, in shared memory; stamped in place. The engine holds its own reference until done.
   * From a replica any number of batches, the last of which may be cut; only whole ones are taken.
   */
  readonly records: SlabSlice;
  /**
   * Stamped into the batch. For a replica the epoch it fetched with: batches of a later epoch are left out
   * (KAFKA-18723), and when that is the first one the answer is UNKNOWN_LEADER_EPOCH (75).
   */
  readonly leaderEpoch: number;
  readonly origin: AppendOrigin;
  /**
   * The transaction coordinator knows that this partition belongs to the producer's open transaction. Without it a
   * transactional batch of a producer with no open transaction in this log is refused with INVALID_TXN_STATE (48).
   */
  readonly transaction?: "verified";
  /**
   * `transaction.version` of the producer, 0 when absent. From 2 on (KIP-890) a marker needs a producer epoch above
   * the known one, and the first sequence of a producer that is not known here must be 0.
   */
  readonly transactionVersion?: number;
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

/** An aborted transaction whose records a `read_committed` consumer leaves out: those of the producer from `firstOffset` to its marker. */
export interface AbortedTransaction {
  readonly producerId: bigint;
  readonly firstOffset: number;
}

/** A producer as DescribeProducers (KIP-664) shows it; -1 where there is nothing to tell. */
export interface ActiveProducer {
  readonly producerId: bigint;
  readonly producerEpoch: number;
  readonly lastSequence: number;
  /** Of its last batch or marker, in ms. */
  readonly lastTimestamp: number;
  /** Of the coordinator that wrote its last marker. */
  readonly coordinatorEpoch: number;
  readonly currentTransactionStartOffset: number;
}

/**
 * One log on the thread that calls it. Offsets here are what the main thread knows; they never go back, except
 * through the two truncations of a follower.
 */
export interface PartitionLog extends TopicPartition {
  readonly topicId: string;
  /** The log directory that holds it, as the engine was given it; "" when that is not known (see ADR 0005). */
  readonly directory: string;
  readonly logStartOffset: number;
  /** The next offset to be written, as of the last completed append. */
  readonly logEndOffset: number;
  /** All below is acknowledged by the flush policy: fsynced under `group`. The high watermark of a single replica. */
  readonly durableOffset: number;
  /**
   * What a `read_committed` consumer may read up to: the first offset of the oldest transaction that is open, or
   * whose marker is not below `durableOffset` yet; `durableOffset` when there is none.
   */
  readonly lastStableOffset: number;
  /** False when the log holds no aborted transaction, so that `abortedTransactions` need not be asked. */
  readonly hasAbortedTransactions: boolean;
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
  /**
   * The aborted transactions that overlap [startOffset, endOffset), for offsets up to the last stable offset, in the
   * order of their markers.
   */
  abortedTransactions(
    startOffset: number,
    endOffset: number,
  ): Promise<readonly AbortedTransaction[]>;
  /** What the log knows of its producers. */
  producers(): Promise<readonly ActiveProducer[]>;
  /**
   * Follower only: cuts the log so that it ends at `offset`, or at the start of the batch that holds it; at most
   * to the log start. Appends in flight are finished first; the caller sends none meanwhile. Resolves with the new log
   * end once the cut is on disk. Rejects with StorageError.
   */
  truncateTo(offset: number): Promise<number>;
  /** Follower only: drops every record and lets the log begin at `offset`. As `truncateTo` otherwise. */
  truncateFullyAndStartAt(offset: number): Promise<void>;
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

/** A log directory as DescribeLogDirs shows it (KIP-113, KIP-827). */
export interface LogDirectoryStatus {
  readonly directory: string;
  /** False after it failed, or when it could not be used at the start: its partitions answer KAFKA_STORAGE_ERROR (56). */
  readonly online: boolean;
  /** Of the volume that it lies on, as of the last look (each second); -1 when offline. */
  readonly totalBytes: number;
  /** What this process may still write there, the reserve included; -1 when offline. */
  readonly usableBytes: number;
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
  /**
   * Compacts every log that is due now, the dirtiest first (also runs on its own interval), and tells what it did. A
   * log that cannot be cleaned is in the report and does no harm to others.
   */
  runCleaner(): Promise<CleanerReport>;
  /** Every log directory, the offline ones too, in the order in which they were given. */
  directories(): readonly LogDirectoryStatus[];
  /**
   * Called once per log directory that went offline (failed sync or write that could not be undone); where nobody
   * listens it is logged as an error.
   */
  onDirectoryOffline: ((directory: string, cause: Error) => void) | undefined;
  /**
   * Saves all logs as of one moment as `ottla.snapshots/<name>` in each log directory, by hard links to sealed
   * segments; appends wait for that moment. Rejects with StorageError when the name is taken or a log is offline.
   */
  saveSnapshot(request: SaveSnapshotRequest): Promise<SnapshotManifest>;
  /** Flushes, writes checkpoints and the clean-shutdown marker, releases the lock. Idempotent. */
  close(): Promise<void>;
}
