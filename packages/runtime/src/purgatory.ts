import type { Clock, Timer } from "./clock.ts";

/** Why a delayed operation ended. */
export type DelayedOutcome = "completed" | "expired" | "cancelled";

/** Something that waits until a condition holds or its time is over. */
export interface DelayedOperation {
  /** Whether the condition holds now. Called at the start and after every event on a watched key. */
  canComplete(): boolean;
  /** Called exactly once. */
  onEnd(outcome: DelayedOutcome): void;
}

export interface WatchOptions {
  /** Events on any of them make the operation try again. */
  readonly keys: readonly string[];
  readonly timeoutMs: number;
}

/** A watched operation; `cancel` ends it early, for instance when its connection is gone. */
export interface WatchedOperation {
  readonly ended: boolean;
  cancel(): void;
}

class Watched implements WatchedOperation {
  readonly operation: DelayedOperation;
  readonly keys: readonly string[];
  readonly #leave: (watched: Watched) => void;
  timer: Timer | undefined;
  ended = false;
  trying = false;

  constructor(
    operation: DelayedOperation,
    keys: readonly string[],
    leave: (watched: Watched) => void,
  ) {
    this.operation = operation;
    this.keys = keys;
    this.#leave = leave;
  }

  /** An event may come out of the very call that asks: it does not ask again. */
  attempt(): boolean {
    if (this.ended || this.trying) return false;
    this.trying = true;
    let can = false;
    try {
      can = this.operation.canComplete();
    } finally {
      this.trying = false;
    }
    if (can) this.end("completed");
    return can;
  }

  end(outcome: DelayedOutcome): void {
    if (this.ended) return;
    this.ended = true;
    this.timer?.cancel();
    this.#leave(this);
    this.operation.onEnd(outcome);
  }

  cancel(): void {
    this.end("cancelled");
  }
}

/**
 * Where delayed operations wait. Each ends exactly once: when an event on one of its keys finds its
 * condition true, when its time is over, or when it is cancelled.
 */
export class Purgatory {
  readonly #clock: Clock;
  readonly #watchers = new Map<string, Set<Watched>>();
  readonly #all = new Set<Watched>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Operations that wait. */
  get size(): number {
    return this.#all.size;
  }

  /** Keys with at least one operation; none is kept for longer. */
  get keyCount(): number {
    return this.#watchers.size;
  }

  /** Completes the operation at once if it can; otherwise it waits. */
  completeOrWatch(
    operation: DelayedOperation,
    { keys, timeoutMs }: WatchOptions,
  ): WatchedOperation {
    const watched = new Watched(operation, keys, (ended) => this.#forget(ended));
    if (watched.attempt()) return watched;
    if (timeoutMs <= 0) {
      watched.end("expired");
      return watched;
    }
    this.#all.add(watched);
    for (const key of keys) {
      const watchers = this.#watchers.get(key) ?? new Set();
      watchers.add(watched);
      this.#watchers.set(key, watchers);
    }
    watched.timer = this.#clock.setTimer(timeoutMs, () => {
      // The last look: the condition may hold although no event said so.
      if (!watched.attempt()) watched.end("expired");
    });
    return watched;
  }

  /** Something happened to `key`. Returns how many operations it completed. */
  notify(key: string): number {
    const watchers = this.#watchers.get(key);
    if (watchers === undefined) return 0;
    let completed = 0;
    for (const watched of Array.from(watchers)) {
      if (watched.attempt()) completed += 1;
    }
    return completed;
  }

  /** Ends everything that watches `key`. */
  cancelKey(key: string): void {
    for (const watched of Array.from(this.#watchers.get(key) ?? [])) watched.cancel();
  }

  cancelAll(): void {
    for (const watched of Array.from(this.#all)) watched.cancel();
  }

  #forget(watched: Watched): void {
    this.#all.delete(watched);
    for (const key of watched.keys) {
      const watchers = this.#watchers.get(key);
      if (watchers === undefined) continue;
      watchers.delete(watched);
      if (watchers.size === 0) this.#watchers.delete(key);
    }
  }
}
