import { defaultWorkerThreads, WorkerPool } from "@ottla/runtime";
import { PARALLEL_SYNCS_MAX, type EngineOptions } from "./engine-options.ts";
import { LogEngine, type EngineContext, type EngineThreads } from "./log-engine.ts";
import { WorkerLink } from "./worker-link.ts";
import type { FileSystemModule } from "./worker-task.ts";

/** A background thread that had nothing to do for this long ends. */
const BACKGROUND_IDLE_MS = 10_000;

export interface WorkerEngineOptions extends EngineOptions {
  /** Storage threads; a partition belongs to one of them for its life. */
  readonly workers?: number;
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
  const background = new WorkerPool({
    module: builtLikeThis(new URL("./background-jobs.ts", import.meta.url)),
    size: { kind: "elastic", threadsMax: 1, idleTimeoutMs: BACKGROUND_IDLE_MS },
  });
  const syncs = Math.max(1, Math.floor((options.maxParallelSyncs ?? PARALLEL_SYNCS_MAX) / workers));
  const settings = {
    offlineFlag: new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT),
    directory: options.directory,
    flush: options.flush,
    maxParallelSyncs: syncs,
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
    removeInBackground: async (job) => {
      await background.run("removeFiles", job);
    },
    onArenaDropped: (arenaId) => {
      for (const link of links) link.arenaDropped(arenaId);
    },
    warmUp: () => {
      for (const link of links) link.warmUp();
    },
    stop: async () => {
      await Promise.all([hosts.close(), background.close()]);
    },
  };
}

/** Source runs as .ts and a build as .js; the module of a thread lies beside this one in both. */
function builtLikeThis(source: URL): URL {
  return import.meta.url.endsWith(".ts") ? source : new URL(source.href.replace(/\.ts$/, ".js"));
}
