import type { Clock, FileSystem, Logger, Random } from "@ottla/runtime";
import type { LogConfig } from "../log/log-config.ts";
import type { EngineMemory, EngineMemoryBudgets } from "./engine-memory.ts";
import type { RecoveryProgress } from "../recovery/recovery-progress.ts";
import type { CleanerOptions } from "./cleaner-options.ts";
import type { FlushPolicy } from "./storage-engine.ts";

const MEBIBYTE = 1024 * 1024;
const MINUTE_MS = 60_000;

/** What both engines take. Everything from `slabBudgetBytes` on has a default. */
export interface EngineOptions {
  /** The log directory. */
  readonly directory: string;
  readonly fileSystem: FileSystem;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly flush: FlushPolicy;
  /** Memory for received batches, in flight and in the memory tail together. */
  readonly slabBudgetBytes?: number;
  /** The part of it that the memory tail may hold while nobody else needs it. */
  readonly tailBudgetBytes?: number;
  /** Memory for reads from disk whose responses have not drained. */
  readonly readBudgetBytes?: number;
  /** Memory shared with the engines of other directories; the three budgets above do not count then. */
  readonly memory?: EngineMemory;
  /** For partitions found on disk, until `updateConfig` says otherwise. */
  readonly defaultConfig?: LogConfig;
  /** Kafka's producer.id.expiration.ms: what is known of a producer is forgotten after so long a silence. */
  readonly producerIdExpirationMs?: number;
  readonly retentionIntervalMs?: number;
  readonly checkpointIntervalMs?: number;
  /** Bytes written to a directory before recovery points are noted out of turn; 256 MiB. Only with group commit. */
  readonly recoveryPointBytes?: number;
  /** Threads that recover logs after an unclean stop (Kafka's num.recovery.threads.per.data.dir); none in `LocalEngine`. */
  readonly recoveryThreads?: number;
  /** Called once a second while logs are recovered at the start, and once more at its end. */
  readonly onRecoveryProgress?: (progress: RecoveryProgress) => void;
  /** Segment files that may be open at once; a half of what the process may open when absent. */
  readonly descriptorsMax?: number;
  /** Compaction; what is absent has Kafka's default. */
  readonly cleaner?: Partial<CleanerOptions>;
  /** Syncs of one log directory that may stand in the thread pool at once. */
  readonly maxParallelSyncs?: number;
}

export function memoryBudgets(
  options: Pick<EngineOptions, "slabBudgetBytes" | "tailBudgetBytes" | "readBudgetBytes">,
): EngineMemoryBudgets {
  return {
    slabBytes: options.slabBudgetBytes ?? SLAB_BUDGET_BYTES,
    tailBytes: options.tailBudgetBytes ?? TAIL_BUDGET_BYTES,
    readBytes: options.readBudgetBytes ?? READ_BUDGET_BYTES,
  };
}

/** 64 MiB hold 4 full requests of each of 16 busy clients. */
export const SLAB_BUDGET_BYTES = 64 * MEBIBYTE;
export const TAIL_BUDGET_BYTES = 24 * MEBIBYTE;
export const READ_BUDGET_BYTES = 32 * MEBIBYTE;
/** Kafka's log.retention.check.interval.ms. */
export const RETENTION_INTERVAL_MS = 5 * MINUTE_MS;
/** Kafka's log.flush.offset.checkpoint.interval.ms. */
export const CHECKPOINT_INTERVAL_MS = MINUTE_MS;
/** Kafka's num.recovery.threads.per.data.dir. */
export const RECOVERY_THREADS = 2;
/** Half of the thread pool that the broker starts with (UV_THREADPOOL_SIZE=16), so that reads never queue behind syncs only. */
export const PARALLEL_SYNCS_MAX = 8;
/** Kafka's default of producer.id.expiration.ms: a day. */
export const PRODUCER_ID_EXPIRATION_MS = 24 * 60 * MINUTE_MS;
