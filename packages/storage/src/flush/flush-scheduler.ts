import { invariant } from "@ottla/runtime";

/** Something with one sync in flight at most: a log. */
export interface SyncTarget {
  sync(): Promise<void>;
  /** Syncs in the calling thread if that takes one call to the system; else returns false. */
  trySyncNow(): boolean;
}

/**
 * idle -> queued -> syncing -> idle; a request while syncing leads to `again`, which becomes
 * queued when the sync in flight returns, because that sync may not cover what came after it began.
 */
type FlushState = "queued" | "syncing" | "again";

export interface FlushSchedulerOptions<Target extends SyncTarget> {
  /** Syncs that may stand in the thread pool of libuv at once; reads share that pool. */
  readonly maxParallel: number;
  /** The target's sync returned; its recovery point says how far. */
  readonly onSynced: (target: Target) => void;
  /** First failure. Nothing is synced after it: the scheduler has stopped. */
  readonly onFailed: (target: Target, error: unknown) => void;
}

/**
 * Group commit: syncs of different logs run in parallel, requests for one log coalesce while its
 * sync is in flight, and the first failure stops everything, because a later sync of the same
 * directory could report success over data that the kernel has already dropped.
 */
export class FlushScheduler<Target extends SyncTarget> {
  readonly #options: FlushSchedulerOptions<Target>;
  readonly #states = new Map<Target, FlushState>();
  readonly #queue: Target[] = [];
  readonly #idleWaiters = new Map<Target, (() => void)[]>();
  #inFlight = 0;
  #stopped = false;

  constructor(options: FlushSchedulerOptions<Target>) {
    invariant(options.maxParallel > 0, "at least one sync may be in flight");
    this.#options = options;
  }

  /** Asks for a sync that begins after this call. */
  request(target: Target): void {
    if (this.#stopped) return;
    const state = this.#states.get(target);
    if (state === undefined) {
      this.#states.set(target, "queued");
      this.#queue.push(target);
      this.#startNext();
    } else if (state === "syncing") {
      this.#states.set(target, "again");
    }
  }

  /**
   * A sync in the calling thread, for a target that alone has something to sync: two wake-ups between
   * threads cost as much as the sync itself. False, and nothing happened, when others sync or wait.
   */
  syncAlone(target: Target): boolean {
    if (this.#stopped || this.#states.size > 0) return false;
    try {
      if (!target.trySyncNow()) return false;
    } catch (error) {
      this.stop();
      this.#options.onFailed(target, error);
      return true;
    }
    this.#options.onSynced(target);
    return true;
  }

  /** Resolves when no sync of the target is queued or in flight. */
  idle(target: Target): Promise<void> {
    if (!this.#states.has(target)) return Promise.resolve();
    return new Promise((resolve) => {
      const waiters = this.#idleWaiters.get(target) ?? [];
      waiters.push(resolve);
      this.#idleWaiters.set(target, waiters);
    });
  }

  /** Starts nothing more; syncs in flight are let run and their result is ignored. */
  stop(): void {
    this.#stopped = true;
    for (const target of this.#queue.splice(0)) this.#settle(target);
  }

  #startNext(): void {
    while (!this.#stopped && this.#inFlight < this.#options.maxParallel) {
      const target = this.#queue.shift();
      if (target === undefined) return;
      this.#states.set(target, "syncing");
      this.#inFlight += 1;
      void this.#run(target);
    }
  }

  async #run(target: Target): Promise<void> {
    try {
      await target.sync();
    } catch (error) {
      this.#inFlight -= 1;
      this.#settle(target);
      if (this.#stopped) return;
      this.stop();
      this.#options.onFailed(target, error);
      return;
    }
    this.#inFlight -= 1;
    if (this.#stopped) {
      this.#settle(target);
      return;
    }
    if (this.#states.get(target) === "again") {
      this.#states.set(target, "queued");
      this.#queue.push(target);
    } else {
      this.#settle(target);
    }
    this.#options.onSynced(target);
    this.#startNext();
  }

  #settle(target: Target): void {
    this.#states.delete(target);
    const waiters = this.#idleWaiters.get(target);
    if (waiters === undefined) return;
    this.#idleWaiters.delete(target);
    for (const resolve of waiters) resolve();
  }
}
