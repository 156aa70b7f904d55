import { localCleanerTasks } from "./cleaner-tasks.ts";
import type { EngineOptions } from "./engine-options.ts";
import { PARALLEL_SYNCS_MAX, PRODUCER_ID_EXPIRATION_MS } from "./engine-options.ts";
import { LocalLink } from "./local-link.ts";
import { LogEngine } from "./log-engine.ts";

/** All logs in the caller's thread, over any file system: for tests, the simulation and tiny deployments. */
export class LocalEngine extends LogEngine {
  constructor(options: EngineOptions) {
    super(options, ({ onDirectoryOffline }) => ({
      links: [
        new LocalLink({
          ...options,
          maxParallelSyncs: options.maxParallelSyncs ?? PARALLEL_SYNCS_MAX,
          producerIdExpirationMs: options.producerIdExpirationMs ?? PRODUCER_ID_EXPIRATION_MS,
          onDirectoryOffline,
        }),
      ],
      removeInBackground: async ({ files, directories }) => {
        for (const file of files) await options.fileSystem.remove(file);
        for (const directory of directories) await options.fileSystem.removeDirectory(directory);
      },
      runCleanerTask: localCleanerTasks(options.fileSystem, options.clock),
      onArenaDropped: () => {},
      warmUp: () => {},
      stop: async () => {},
    }));
  }
}
