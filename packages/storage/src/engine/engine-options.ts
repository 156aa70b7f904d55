import type { Clock, FileSystem, Logger, Random } from "@ottla/runtime";
import type { LogConfig } from "../log/log-config.ts";
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
  /** For partitions found on disk, until `updateConfig` says otherwise. */
  readonly defaultConfig?: LogConfig;
  readonly retentionIntervalMs?: number;
  readonly checkpointIntervalMs?: number;
  /** Syncs of one log directory that may stand in the thread pool at once. */
  readonly maxParallelSyncs?: number;
}

/** 64 MiB hold 4 full requests of each of 16 busy clients. */
export const SLAB_BUDGET_BYTES = 64 * MEBIBYTE;
export const TAIL_BUDGET_BYTES = 48 * MEBIBYTE;
export const READ_BUDGET_BYTES = 32 * MEBIBYTE;
/** Kafka's log.retention.check.interval.ms. */
export const RETENTION_INTERVAL_MS = 5 * MINUTE_MS;
/** Kafka's log.flush.offset.checkpoint.interval.ms. */
export const CHECKPOINT_INTERVAL_MS = MINUTE_MS;
/** Half of the thread pool that the broker starts with (UV_THREADPOOL_SIZE=16), so that reads never queue behind syncs only. */
export const PARALLEL_SYNCS_MAX = 8;
