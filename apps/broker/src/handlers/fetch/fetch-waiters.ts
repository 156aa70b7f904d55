import { Purgatory, type Clock } from "@ottla/runtime";
import type { Partition } from "../../partition/partition.ts";

/**
 * Fetches that wait for more bytes. A wake-up only says that it is worth looking again; the fetch
 * itself knows whether there is enough.
 */
export class FetchWaiters {
  readonly #purgatory: Purgatory;
  #stopped = false;

  constructor(clock: Clock) {
    this.#purgatory = new Purgatory(clock);
  }

  /** Fetches waiting now. */
  get size(): number {
    return this.#purgatory.size;
  }

  /** The partition's high watermark, log start or leader changed, or it was deleted. */
  advanced(partition: Partition): void {
    this.#purgatory.notify(keyOf(partition));
  }

  /** True once the broker stops: nobody waits any more. */
  get isStopped(): boolean {
    return this.#stopped;
  }

  /** Wakes every waiting fetch, because the broker stops. */
  stop(): void {
    this.#stopped = true;
    this.#purgatory.cancelAll();
  }

  /** Resolves when one of the partitions advanced, the time is over, or the signal aborted. */
  wait(partitions: readonly Partition[], timeoutMs: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted || this.#stopped) return Promise.resolve();
    return new Promise((resolve) => {
      let isWatching = false;
      const abort = (): void => watched.cancel();
      const onEnd = (): void => {
        signal.removeEventListener("abort", abort);
        resolve();
      };
      // The first look was the read that found too little; from then on any event is worth another.
      const operation = { canComplete: () => isWatching, onEnd };
      const watched = this.#purgatory.completeOrWatch(operation, {
        keys: partitions.map(keyOf),
        timeoutMs,
      });
      isWatching = true;
      signal.addEventListener("abort", abort, { once: true });
    });
  }
}

/** A topic name holds no slash, so the key is unique. */
function keyOf({ topic, partition }: Partition): string {
  return `${topic}/${partition}`;
}
