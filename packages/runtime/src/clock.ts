/** A pending timer. Cancelling twice, or after it fired, does nothing. */
export interface Timer {
  cancel(): void;
}

/**
 * The only source of time. Everything that waits or reads a time gets one of these through its
 * constructor, so that a test can advance time by command and a failed run can be replayed.
 */
export interface Clock {
  /** Wall-clock time in milliseconds since the Unix epoch; may jump. Used for record timestamps. */
  nowMs(): number;
  /** Milliseconds from an arbitrary start; never goes back. Used for durations and timeouts. */
  monotonicMs(): number;
  /** Calls `callback` once after at least `delayMs` milliseconds. */
  setTimer(delayMs: number, callback: () => void): Timer;
  /** Resolves after at least `delayMs` milliseconds; rejects with the signal's reason when aborted. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>;
}
