import type { Clock, Timer } from "@ottla/runtime";

interface PendingTimer {
  readonly atMs: number;
  readonly sequence: number;
  readonly callback: () => void;
}

const START_MS = 1_700_000_000_000;
/** Enough turns for a chain of promises between two timers to run to its end. */
const SETTLE_TURNS = 50;

/** Time that passes by command; timers fire in order, each after everything before it has settled. */
export class VirtualClock implements Clock {
  #elapsedMs = 0;
  #sequence = 0;
  readonly #timers = new Set<PendingTimer>();

  nowMs(): number {
    return START_MS + this.#elapsedMs;
  }

  monotonicMs(): number {
    return this.#elapsedMs;
  }

  get timerCount(): number {
    return this.#timers.size;
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    const timer = {
      atMs: this.#elapsedMs + Math.max(0, delayMs),
      sequence: this.#sequence++,
      callback,
    };
    this.#timers.add(timer);
    return { cancel: () => this.#timers.delete(timer) };
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = this.setTimer(delayMs, resolve);
      signal?.addEventListener("abort", () => {
        timer.cancel();
        reject(signal.reason);
      });
    });
  }

  async advance(durationMs: number): Promise<void> {
    const untilMs = this.#elapsedMs + durationMs;
    await settle();
    for (let next = this.#next(untilMs); next; next = this.#next(untilMs)) {
      this.#timers.delete(next);
      this.#elapsedMs = next.atMs;
      next.callback();
      await settle();
    }
    this.#elapsedMs = untilMs;
  }

  #next(untilMs: number): PendingTimer | undefined {
    let first: PendingTimer | undefined;
    for (const timer of this.#timers) {
      if (timer.atMs > untilMs) continue;
      const isEarlier =
        !first ||
        timer.atMs < first.atMs ||
        (timer.atMs === first.atMs && timer.sequence < first.sequence);
      if (isEarlier) first = timer;
    }
    return first;
  }
}

export async function settle(): Promise<void> {
  for (let turn = 0; turn < SETTLE_TURNS; turn++) await Promise.resolve();
}
