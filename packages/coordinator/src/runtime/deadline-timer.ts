import type { Clock, Timer } from "@ottla/runtime";

/**
 * A timeout that is pushed back often and fires seldom, as sessions are by heartbeats. Pushing back
 * only moves a number: the running timer looks at it when it fires, and waits for the rest.
 */
export class DeadlineTimer {
  readonly #clock: Clock;
  #timer: Timer | null = null;
  #firesAtMs = 0;
  #deadlineMs = 0;
  #callback: (() => void) | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get isScheduled(): boolean {
    return this.#callback !== null;
  }

  /** Replaces any earlier deadline and callback. */
  schedule(delayMs: number, callback: () => void): void {
    this.#callback = callback;
    this.#deadlineMs = this.#clock.monotonicMs() + delayMs;
    if (this.#timer !== null && this.#firesAtMs <= this.#deadlineMs) return;
    this.#timer?.cancel();
    this.#arm(delayMs);
  }

  cancel(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#callback = null;
  }

  #arm(delayMs: number): void {
    this.#firesAtMs = this.#deadlineMs;
    this.#timer = this.#clock.setTimer(delayMs, () => this.#fire());
  }

  #fire(): void {
    this.#timer = null;
    const remainingMs = this.#deadlineMs - this.#clock.monotonicMs();
    if (remainingMs > 0) {
      this.#arm(remainingMs);
      return;
    }
    const callback = this.#callback;
    this.#callback = null;
    callback?.();
  }
}
