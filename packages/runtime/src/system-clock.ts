import { setTimeout as delay } from "node:timers/promises";
import type { Clock, Timer } from "./clock.ts";

/** setTimeout turns longer delays into 1 ms; a longer timer is armed again in steps. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** The clock of the machine. Its timers do not keep the process alive. */
export class SystemClock implements Clock {
  nowMs(): number {
    return Date.now();
  }

  monotonicMs(): number {
    return performance.now();
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    let handle: NodeJS.Timeout;
    let remainingMs = Math.max(0, delayMs);
    const arm = (): void => {
      const stepMs = Math.min(remainingMs, MAX_TIMER_MS);
      remainingMs -= stepMs;
      handle = setTimeout(() => (remainingMs > 0 ? arm() : callback()), stepMs);
      handle.unref();
    };
    arm();
    return { cancel: () => clearTimeout(handle) };
  }

  async sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    await delay(Math.min(delayMs, MAX_TIMER_MS), undefined, signal ? { signal } : undefined);
  }
}
