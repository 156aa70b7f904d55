import type { ClientRuntime } from "../client-runtime.ts";
import { TimeoutError } from "../errors.ts";

interface Waiter {
  readonly sizeBytes: number;
  grant(): void;
  fail(error: unknown): void;
}

/** Counts the bytes that records hold in the client. Who comes first is served first, so no one starves. */
export class BufferMemory {
  readonly #runtime: ClientRuntime;
  readonly #totalBytes: number;
  readonly #waiters: Waiter[] = [];
  #freeBytes: number;

  constructor(runtime: ClientRuntime, totalBytes: number) {
    this.#runtime = runtime;
    this.#totalBytes = totalBytes;
    this.#freeBytes = totalBytes;
  }

  get usedBytes(): number {
    return this.#totalBytes - this.#freeBytes;
  }

  get hasWaiters(): boolean {
    return this.#waiters.length > 0;
  }

  /** Takes the bytes if that is possible at once. */
  tryTake(sizeBytes: number): boolean {
    if (this.#waiters.length > 0 || sizeBytes > this.#freeBytes) return false;
    this.#freeBytes -= sizeBytes;
    return true;
  }

  take(sizeBytes: number, timeoutMs: number, signal: AbortSignal): Promise<void> {
    if (this.tryTake(sizeBytes)) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const end = (): void => {
        timer.cancel();
        signal.removeEventListener("abort", onAbort);
      };
      const waiter: Waiter = {
        sizeBytes,
        grant: () => {
          end();
          resolve();
        },
        fail: (error) => {
          end();
          const index = this.#waiters.indexOf(waiter);
          if (index >= 0) this.#waiters.splice(index, 1);
          this.#grantWaiters();
          reject(error);
        },
      };
      const onAbort = (): void => waiter.fail(signal.reason);
      const timer = this.#runtime.setTimer(timeoutMs, () =>
        waiter.fail(new TimeoutError(`no room for a record in the buffer within ${timeoutMs} ms`)),
      );
      this.#waiters.push(waiter);
      signal.addEventListener("abort", onAbort, { once: true });
      if (signal.aborted) onAbort();
    });
  }

  release(sizeBytes: number): void {
    this.#freeBytes += sizeBytes;
    this.#grantWaiters();
  }

  #grantWaiters(): void {
    while (this.#waiters.length > 0) {
      const waiter = this.#waiters[0] as Waiter;
      if (waiter.sizeBytes > this.#freeBytes) return;
      this.#waiters.shift();
      this.#freeBytes -= waiter.sizeBytes;
      waiter.grant();
    }
  }
}
