import type { Clock, Logger, Timer } from "@ottla/runtime";

/** Jobs that run again and again, each a while after its last run has ended, until they are stopped. */
export class PeriodicJobs {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #timers = new Set<Timer>();
  #stopped = false;

  constructor(options: { readonly clock: Clock; readonly logger: Logger }) {
    this.#clock = options.clock;
    this.#logger = options.logger;
  }

  /** A run that fails is logged, and the next one comes all the same. */
  every(intervalMs: number, job: () => Promise<unknown>): void {
    if (this.#stopped) return;
    const timer = this.#clock.setTimer(intervalMs, () => {
      this.#timers.delete(timer);
      job()
        .catch((error: unknown) =>
          this.#logger.error("a periodic job failed", { error: String(error) }),
        )
        .finally(() => this.every(intervalMs, job));
    });
    this.#timers.add(timer);
  }

  stop(): void {
    this.#stopped = true;
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
  }
}
