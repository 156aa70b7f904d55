import type { Clock, Timer } from "@ottla/runtime";

interface PendingTimer {
  readonly dueMs: number;
  readonly order: number;
  readonly callback: () => void;
}

/** Time that moves by command only. Timers fire in order of their due time, then of their creation. */
export class SimulatedClock implements Clock {
  #wallMs: number;
  #elapsedMs = 0;
  #order = 0;
  #timers: PendingTimer[] = [];

  constructor(startMs = 1_700_000_000_000) {
    this.#wallMs = startMs;
  }

  nowMs(): number {
    return this.#wallMs;
  }

  monotonicMs(): number {
    return this.#elapsedMs;
  }

  get pendingTimers(): number {
    return this.#timers.length;
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    const timer: PendingTimer = {
      dueMs: this.#elapsedMs + Math.max(0, delayMs),
      order: this.#order++,
      callback,
    };
    this.#timers.push(timer);
    return {
      cancel: () => {
        this.#timers = this.#timers.filter((pending) => pending !== timer);
      },
    };
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason as Error);
        return;
      }
      const timer = this.setTimer(delayMs, resolve);
      signal?.addEventListener("abort", () => {
        timer.cancel();
        reject(signal.reason as Error);
      });
    });
  }

  /** Lets time pass and fires what falls due, including timers set by the callbacks. */
  advance(durationMs: number): void {
    const untilMs = this.#elapsedMs + durationMs;
    for (let timer = this.#takeDue(untilMs); timer; timer = this.#takeDue(untilMs)) {
      this.#moveTo(timer.dueMs);
      timer.callback();
    }
    this.#moveTo(untilMs);
  }

  /** The same, giving promise reactions a turn after each timer. */
  async advanceAsync(durationMs: number): Promise<void> {
    const untilMs = this.#elapsedMs + durationMs;
    await turn();
    for (let timer = this.#takeDue(untilMs); timer; timer = this.#takeDue(untilMs)) {
      this.#moveTo(timer.dueMs);
      timer.callback();
      await turn();
    }
    this.#moveTo(untilMs);
    await turn();
  }

  /** A jump of the wall clock, which timers and durations do not see. */
  setWallClock(nowMs: number): void {
    this.#wallMs = nowMs;
  }

  #moveTo(elapsedMs: number): void {
    const step = Math.max(0, elapsedMs - this.#elapsedMs);
    this.#elapsedMs += step;
    this.#wallMs += step;
  }

  #takeDue(untilMs: number): PendingTimer | undefined {
    let next: PendingTimer | undefined;
    for (const timer of this.#timers) {
      if (timer.dueMs > untilMs) continue;
      if (
        !next ||
        timer.dueMs < next.dueMs ||
        (timer.dueMs === next.dueMs && timer.order < next.order)
      )
        next = timer;
    }
    if (next) this.#timers = this.#timers.filter((timer) => timer !== next);
    return next;
  }
}

/** Long enough for chains of promises to settle. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
