import { defaultCleanerOptions, type CleanerOptions } from "./cleaner-options.ts";
import { PARALLEL_SYNCS_MAX, type EngineOptions } from "./engine-options.ts";

/** Its part of a figure that was meant for all directories together. */
export function share(total: number, directories: number): number {
  return Math.max(1, Math.floor(total / directories));
}

type Shared = Pick<EngineOptions, "maxParallelSyncs" | "cleaner">;

/**
 * The options of one directory among several: a second disk must not double the memory of the cleaner, its rate, or
 * the places in the thread pool that syncs may take. Memory for batches is one pool that all share.
 */
export function shareBudgets<Options extends Shared>(
  options: Options,
  directories: number,
): Options & Required<Shared> {
  const maxParallelSyncs = share(options.maxParallelSyncs ?? PARALLEL_SYNCS_MAX, directories);
  const cleaner = shareCleaner({ ...defaultCleanerOptions, ...options.cleaner }, directories);
  return { ...options, maxParallelSyncs, cleaner };
}

function shareCleaner(cleaner: CleanerOptions, directories: number): CleanerOptions {
  return {
    ...cleaner,
    threads: share(cleaner.threads, directories),
    dedupeBufferBytes: share(cleaner.dedupeBufferBytes, directories),
    ioBufferBytes: share(cleaner.ioBufferBytes, directories),
    ioBytesPerSecond: cleaner.ioBytesPerSecond / directories,
  };
}
