import type { Clock } from "@ottla/runtime";
import type { Partition } from "../../partition/partition.ts";

/**
 * Fetches that wait for more bytes, by partition. A wake-up only says that it is worth looking
 * again: several advances within one turn of the event loop cost one look.
 */
export class FetchWaiters {
  readonly #clock: Clock;
  readonly #waiting = new Map<Partition, Set<() => void>>();
  #count = 0;
  #stopped = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Fetches waiting now. */
  get size(): number {
    return this.#count;
  }

  /** The partition's high watermark, log start or leader changed, or it was deleted. */
  advanced(partition: Partition): void {
    const waiting = this.#waiting.get(partition);
    if (!waiting) return;
    for (const wake of [...waiting]) wake();
  }

  /** True once the broker stops: nobody waits any more. */
  get isStopped(): boolean {
    return this.#stopped;
  }

  /** Wakes every waiting fetch, because the broker stops. */
  stop(): void {
    this.#stopped = true;
    for (const waiting of [...this.#waiting.values()]) for (const wake of [...waiting]) wake();
  }

  /** Resolves when one of the partitions advanced, the time is over, or the signal aborted. */
  wait(partitions: readonly Partition[], timeoutMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const finish = (): void => {
        timer.cancel();
        signal.removeEventListener("abort", finish);
        for (const partition of partitions) this.#remove(partition, finish);
        this.#count--;
        resolve();
      };
      const timer = this.#clock.setTimer(timeoutMs, finish);
      signal.addEventListener("abort", finish, { once: true });
      for (const partition of partitions) this.#add(partition, finish);
      this.#count++;
      if (signal.aborted) finish();
    });
  }

  #add(partition: Partition, wake: () => void): void {
    const waiting = this.#waiting.get(partition);
    if (waiting) waiting.add(wake);
    else this.#waiting.set(partition, new Set([wake]));
  }

  #remove(partition: Partition, wake: () => void): void {
    const waiting = this.#waiting.get(partition);
    waiting?.delete(wake);
    if (waiting?.size === 0) this.#waiting.delete(partition);
  }
}
