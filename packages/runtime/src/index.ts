export type { Clock, Timer } from "./clock.ts";
export { SystemClock } from "./system-clock.ts";
export type { Random } from "./random.ts";
export { SystemRandom } from "./system-random.ts";
export { silentLogger, type LogFields, type Logger } from "./logger.ts";
export { openFilesMax } from "./open-files-max.ts";
export { invariant, InvariantError } from "./invariant.ts";
export type { DirectoryLock, FileHandle, FileStatus, FileSystem, OpenMode, VolumeSpace } from "./file-system.ts";
export { NodeFileSystem } from "./node-file-system.ts";
export { afterThisTurn, nextTurn } from "./event-loop.ts";
export { BoundedQueue } from "./bounded-queue.ts";
export { defaultWorkerThreads, WorkerPool, type WorkerPoolOptions } from "./worker-pool.ts";
export { MemoryFileSystem } from "./memory-file-system.ts";
export {
  Purgatory,
  type DelayedOperation,
  type DelayedOutcome,
  type WatchedOperation,
  type WatchOptions,
} from "./purgatory.ts";
export {
  Histogram,
  LATENCY_BOUNDS_MS,
  MetricsRegistry,
  type Counter,
  type HistogramReading,
  type MetricDescription,
  type MetricLabels,
  type MetricReading,
  type Metrics,
} from "./metrics.ts";
