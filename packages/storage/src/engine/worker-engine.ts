import { defaultWorkerThreads, openFilesMax, WorkerPool } from "@ottla/runtime";
import type { RecoveredPartition } from "../recovery/recover-partition.ts";
import type { RecoveryProgress } from "../recovery/recovery-progress.ts";
import {
  PARALLEL_SYNCS_MAX,
  PRODUCER_ID_EXPIRATION_MS,
  RECOVERY_THREADS,
  type EngineOptions,
} from "./engine-options.ts";
import type { LoadRequest } from "./host-calls.ts";
import type { CleanerJob, CleanerTask, RunCleanerTask } from "./cleaner-tasks.ts";
import type { EngineContext, EngineThreads } from "./engine-threads.ts";
import { LogEngine } from "./log-engine.ts";
import { BackgroundRecovery } from "./recovery-jobs.ts";
import { WorkerLink } from "./worker-link.ts";
import type { FileSystemModule } from "./worker-task.ts";

/** Fewer would open and close files all the time. */
const DESCRIPTORS_MIN = 64;
/** A background thread that had nothing to do for this long ends. */
const BACKGROUND_IDLE_MS = 10_000;

export interface WorkerEngineOptions extends EngineOptions {
  /** Storage threads; a partition belongs to one of them for its life. */
  readonly workers?: number;
  /** Threads for background jobs, shared with the engines of other directories; whoever made them closes them. */
  readonly background?: WorkerPool;
  /** Where workers get their file system from; Node's when absent. `fileSystem` serves the engine's own thread. */
  readonly fileSystemModule?: FileSystemModule;
}

/** All logs on storage workers. Making one costs nothing: threads start with the first partition. */
export class WorkerEngine extends LogEngine {
  constructor(options: WorkerEngineOptions) {
    super(options, (context) => startThreads(options, context));
  }
}

function startThreads(options: WorkerEngineOptions, context: EngineContext): EngineThreads {
  const workers = options.workers ?? defaultWorkerThreads();
  const hosts = new WorkerPool({
    module: builtLikeThis(new URL("./storage-worker.ts", import.meta.url)),
    size: { kind: "fixed", threads: workers },
  });
  const background = options.background ?? backgroundThreads();
  const syncs = Math.max(1, Math.floor((options.maxParallelSyncs ?? PARALLEL_SYNCS_MAX) / workers));
  const settings = {
    offlineFlag: new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT),
    directory: options.directory,
    flush: options.flush,
    maxParallelSyncs: syncs,
    producerIdExpirationMs: options.producerIdExpirationMs ?? PRODUCER_ID_EXPIRATION_MS,
    descriptorsMax: Math.max(
      DESCRIPTORS_MIN,
      Math.floor((options.descriptorsMax ?? openFilesMax() / 2) / workers),
    ),
    ...(options.fileSystemModule && { fileSystemModule: options.fileSystemModule }),
  };
  const { slabs, readSlabs, onDirectoryOffline, reloadRequest } = context;
  const links = Array.from(
    { length: workers },
    () =>
      new WorkerLink({
        pool: hosts,
        settings,
        pools: [slabs, readSlabs],
        queueBytesMax: slabs.budgetBytes + readSlabs.budgetBytes,
        logger: options.logger,
        clock: options.clock,
        onDirectoryOffline,
        reloadRequest,
      }),
  );
  return {
    links,
    recover: (requests, follow) => recoverOnThreads(options, requests, follow),
    removeInBackground: async (job) => {
      await background.run("removeFiles", job);
    },
    runCleanerTask: (async (task: CleanerTask) =>
      background.run("runCleanerJob", {
        task,
        ...(options.fileSystemModule && { fileSystemModule: options.fileSystemModule }),
      } satisfies CleanerJob)) as RunCleanerTask,
    onArenaDropped: (arenaId) => {
      for (const link of links) link.arenaDropped(arenaId);
    },
    warmUp: () => {
      for (const link of links) link.warmUp();
    },
    stop: async () => {
      await hosts.close();
      if (options.background === undefined) await background.close();
    },
  };
}

/** The threads live as long as the recovery. */
async function recoverOnThreads(
  options: WorkerEngineOptions,
  requests: readonly LoadRequest[],
  follow: (progress: () => RecoveryProgress) => void,
): Promise<readonly RecoveredPartition[]> {
  const threads = options.recoveryThreads ?? RECOVERY_THREADS;
  const pool = new WorkerPool({
    module: builtLikeThis(new URL("./background-jobs.ts", import.meta.url)),
    size: { kind: "elastic", threadsMax: threads, idleTimeoutMs: BACKGROUND_IDLE_MS },
  });
  const { directory, logger, fileSystemModule } = options;
  try {
    const recovery = new BackgroundRecovery({
      pool,
      threads,
      directory,
      logger,
      ...(fileSystemModule && { fileSystemModule }),
    });
    follow(() => recovery.progress);
    return await recovery.run(requests);
  } finally {
    await pool.close();
  }
}

/** Where files of any size are removed: no append waits behind these threads. */
export function backgroundThreads(): WorkerPool {
  return new WorkerPool({
    module: builtLikeThis(new URL("./background-jobs.ts", import.meta.url)),
    size: { kind: "elastic", threadsMax: 1, idleTimeoutMs: BACKGROUND_IDLE_MS },
  });
}

/** Source runs as .ts and a build as .js; the module of a thread lies beside this one in both. */
function builtLikeThis(source: URL): URL {
  return import.meta.url.endsWith(".ts") ? source : new URL(source.href.replace(/\.ts$/, ".js"));
}
