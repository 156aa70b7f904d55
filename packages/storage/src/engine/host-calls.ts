import type { PartitionOffset } from "../checkpoint/offset-checkpoint.ts";
import type { LogConfig } from "../log/log-config.ts";
import type { SegmentFiles } from "../log/log.ts";
import type { LogState } from "./hosted-log.ts";
import type {
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
  updateConfig: { argument: LogConfig; result: undefined };
}

export interface LoadRequest extends TopicPartition {
  readonly partitionId: number;
  /** Absent for a directory found on disk, which names its own. */
  readonly topicId?: string;
  readonly config: LogConfig;
  readonly cleanShutdown: boolean;
  readonly recoveryPoint: number;
  readonly logStartOffset: number;
  /** Set after a failed sync: nothing from this offset on is trusted. */
  readonly trustedEndOffset?: number;
}

export interface LoadedPartition {
  readonly partitionId: number;
  readonly recovery: PartitionRecovery;
  /** Undefined when the partition stays offline. */
  readonly loaded: { readonly topicId: string; readonly state: LogState } | undefined;
}

export interface RemoveRequest extends TopicPartition {
  readonly partitionId: number;
}

/** Segments that left one log; their files stand until `dropFiles`. */
export interface ExpiredSegments {
  readonly partitionId: number;
  readonly files: readonly SegmentFiles[];
  readonly delayMs: number;
  readonly state: LogState;
}

export interface ClosedLog {
  readonly partitionId: number;
  readonly recoveryPoint: number;
  readonly state: LogState;
}

export interface Checkpoints {
  readonly recoveryPoints: readonly PartitionOffset[];
  readonly logStartOffsets: readonly PartitionOffset[];
}

/** Calls on a whole host, by name. */
export interface HostCalls {
  load: { argument: readonly LoadRequest[]; result: readonly LoadedPartition[] };
  /** Gives the path of the renamed directory, whose files the caller removes in the background. */
  remove: { argument: RemoveRequest; result: string | undefined };
  applyRetention: { argument: undefined; result: readonly ExpiredSegments[] };
  /** To be called when the log starts that retention moved are on disk: renames the files, to be unlinked later. */
  dropFiles: { argument: readonly ExpiredSegments[]; result: undefined };
  /** Syncs what no acknowledgement waits for (flush policy `none`), so that recovery has less to read. */
  syncAll: { argument: undefined; result: readonly ClosedLog[] };
  writeCheckpoints: { argument: Checkpoints; result: undefined };
  close: { argument: undefined; result: readonly ClosedLog[] };
}

export type LogCallName = keyof LogCalls;
export type HostCallName = keyof HostCalls;
