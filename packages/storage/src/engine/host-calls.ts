import type { CleanableRange } from "../cleaner/cleanable-range.ts";
import type { CleaningPlan } from "../cleaner/cleaning-plan.ts";
import type { SwapOutcome, SwapRequest } from "../cleaner/swap-segments.ts";
import type { PartitionOffset } from "../checkpoint/offset-checkpoint.ts";
import type { LogConfig } from "../log/log-config.ts";
import type { SegmentFiles } from "../log/log.ts";
import type { RecoverPartition } from "../recovery/recover-partition.ts";
import type { SnapshotPartition } from "../snapshot/snapshot-manifest.ts";
import type { LogStamp } from "../log/log-stamp.ts";
import type { LogState } from "./hosted-log.ts";
import type {
  AbortedTransaction,
  ActiveProducer,
  EpochEndOffset,
  PartitionRecovery,
  TimestampOffset,
  TopicPartition,
} from "./storage-engine.ts";

// The rare calls: what they take and give is of variable size, so they cross threads as messages and
// not through the ring.

/** Calls on one log, by name. */
export interface LogCalls {
  offsetForTimestamp: { argument: number; result: TimestampOffset | undefined };
  offsetOfMaxTimestamp: { argument: undefined; result: TimestampOffset | undefined };
  endOffsetForEpoch: { argument: number; result: EpochEndOffset };
  epochForOffset: { argument: number; result: number };
  deleteRecordsBefore: { argument: number; result: number };
  abortedTransactions: {
    argument: { readonly startOffset: number; readonly endOffset: number };
    result: readonly AbortedTransaction[];
  };
  producers: { argument: undefined; result: readonly ActiveProducer[] };
  /** Gives the new log end offset. */
  truncateTo: { argument: number; result: number };
  truncateFullyAndStartAt: { argument: number; result: number };
  updateConfig: { argument: LogConfig; result: undefined };
  /** What a clean has to know; undefined when the log is not due (any more). */
  planCleaning: {
    argument: { readonly checkpoint: number | undefined };
    result: CleaningPlan | undefined;
  };
  swapCleaned: { argument: SwapRequest; result: SwapOutcome };
}

export interface LoadRequest extends RecoverPartition {
  readonly partitionId: number;
  /** Open the log only when the stamp still holds; otherwise leave it to a recovery job. */
  readonly onlyStamped?: true;
}

export interface LoadedPartition {
  readonly partitionId: number;
  readonly recovery: PartitionRecovery;
  /** The stamp did not hold: nothing was done. */
  readonly needsRecovery?: true;
  /** Undefined when the partition stays offline, or needs recovery. */
  readonly loaded: { readonly topicId: string; readonly state: LogState } | undefined;
}

/** A log to be made; one that stands there already must have the same topic id. */
export interface CreateRequest extends LoadRequest {
  readonly topicId: string;
}

/** One of a group: what fails for it does not fail for the others. */
export type CreatedPartition =
  | { readonly partitionId: number; readonly topicId: string; readonly state: LogState }
  | { readonly partitionId: number; readonly failure: string };

export interface RemoveRequest extends TopicPartition {
  readonly partitionId: number;
}

export interface RemovedPartition {
  readonly partitionId: number;
  /** The path of the renamed directory, whose files the caller removes in the background; absent when there was none. */
  readonly renamed?: string;
  /** Why the directory could not be renamed. */
  readonly failure?: string;
}

/** Segments that left one log; their files stand until `dropFiles`. */
export interface ExpiredSegments {
  readonly partitionId: number;
  readonly files: readonly SegmentFiles[];
  readonly delayMs: number;
  readonly state: LogState;
}

export interface CleanableRequest {
  readonly partitionId: number;
  /** Offset up to which the log is clean, as far as known. */
  readonly checkpoint: number | undefined;
}

export interface ClosedLog {
  readonly partitionId: number;
  readonly recoveryPoint: number;
  readonly state: LogState;
  /** Of a log that is in order now. */
  readonly stamp?: LogStamp;
}

export interface Checkpoints {
  readonly recoveryPoints: readonly PartitionOffset[];
  readonly logStartOffsets: readonly PartitionOffset[];
}

/** What a host put into a snapshot. */
export interface LinkedLogs {
  readonly partitions: SnapshotPartition[];
  /** Paths of small files that were copied and are not synced yet. */
  readonly copies: string[];
}

/** Calls on a whole host, by name. */
export interface HostCalls {
  load: { argument: readonly LoadRequest[]; result: readonly LoadedPartition[] };
  /** Makes logs, durable when they are answered, in the order asked. Rejects when the directory is offline. */
  create: { argument: readonly CreateRequest[]; result: readonly CreatedPartition[] };
  /** Ends logs and renames their directories, durably when they are answered, in the order asked. */
  remove: { argument: readonly RemoveRequest[]; result: readonly RemovedPartition[] };
  applyRetention: { argument: undefined; result: readonly ExpiredSegments[] };
  /** To be called when the log starts that retention moved are on disk: renames the files, to be unlinked later. */
  dropFiles: { argument: readonly ExpiredSegments[]; result: undefined };
  /** Syncs what no acknowledgement waits for (flush policy `none`), so that recovery has less to read. */
  syncAll: { argument: undefined; result: readonly ClosedLog[] };
  /** How much of each log was not cleaned yet. Logs that are not here are left out. */
  cleanableRanges: {
    argument: readonly CleanableRequest[];
    result: readonly { readonly partitionId: number; readonly range: CleanableRange }[];
  };
  writeCheckpoints: { argument: Checkpoints; result: undefined };
  /** Puts logs in order that nobody appends to; returns how many there were. */
  settleQuiet: { argument: undefined; result: number };
  /** The stamps of all logs that have one. */
  stamps: { argument: undefined; result: readonly LogStamp[] };
  writeStamps: { argument: readonly LogStamp[]; result: undefined };
  /** Hard-links all logs, as they are at one moment, into directories below `target`. */
  linkLogs: { argument: { readonly target: string }; result: LinkedLogs };
  /** Syncs the files that `linkLogs` copied, and the directories that name them. */
  syncCopies: { argument: readonly string[]; result: undefined };
  close: { argument: undefined; result: readonly ClosedLog[] };
}

export type LogCallName = keyof LogCalls;
export type HostCallName = keyof HostCalls;
