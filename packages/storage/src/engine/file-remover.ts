import type { Clock, Logger, Timer } from "@ottla/runtime";

/** What a background job removes. */
export interface RemoveJob {
  readonly files: readonly string[];
  readonly directories: readonly string[];
}

export interface FileRemoverOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Runs the job where nobody waits behind it: unlinking a large file takes up to 100 ms. */
  readonly run: (job: RemoveJob) => Promise<void>;
}

/**
 * Removes files that left the log already: they carry a name that a start recognises, so whatever
 * is not removed before the process ends is removed by the next one.
 */
export class FileRemover {
  readonly #options: FileRemoverOptions;
  readonly #timers = new Set<Timer>();
  readonly #running = new Set<Promise<void>>();
  #closed = false;

  constructor(options: FileRemoverOptions) {
    this.#options = options;
  }

  removeFilesAfter(delayMs: number, files: readonly string[]): void {
    if (this.#closed) return;
    if (delayMs <= 0) {
      this.#start({ files, directories: [] });
      return;
    }
    const timer = this.#options.clock.setTimer(delayMs, () => {
      this.#timers.delete(timer);
      this.#start({ files, directories: [] });
    });
    this.#timers.add(timer);
  }

  removeDirectories(directories: readonly string[]): void {
    if (!this.#closed && directories.length > 0) this.#start({ files: [], directories });
  }

  /** Starts nothing more and waits for what runs. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
    await Promise.all(this.#running);
  }

  #start(job: RemoveJob): void {
    const running = this.#options
      .run(job)
      .catch((error: unknown) => {
        this.#options.logger.warn("removing files failed; the next start tries again", {
          error: String(error),
        });
      })
      .finally(() => this.#running.delete(running));
    this.#running.add(running);
  }
}
