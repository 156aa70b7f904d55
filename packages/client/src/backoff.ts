import type { ClientRuntime } from "./client-runtime.ts";
import { isRetriable } from "./errors.ts";

export interface BackoffOptions {
  readonly initialMs: number;
  readonly maxMs: number;
}

/** Kafka's: the delay doubles, and each is off by up to a fifth so that clients do not march in step. */
const FACTOR = 2;
const JITTER = 0.2;
/** Two to this power times any initial delay is beyond every maximum. */
const MAX_DOUBLINGS = 30;

export function backoffMs(options: BackoffOptions, attempt: number, random: number): number {
  const doubled = options.initialMs * FACTOR ** Math.min(attempt, MAX_DOUBLINGS);
  return Math.min(doubled, options.maxMs) * (1 - JITTER + 2 * JITTER * random);
}

/** Resolves after the delay; rejects with the signal's reason as soon as that aborts. */
export function sleep(
  runtime: ClientRuntime,
  delayMs: number,
  signal?: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const onAbort = (): void => {
      timer.cancel();
      reject(signal?.reason);
    };
    const timer = runtime.setTimer(delayMs, () => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    });
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}

/** Rejects with the signal's reason when it aborts first. The work itself goes on. */
export function abortable<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}

export interface RetryOptions {
  readonly runtime: ClientRuntime;
  readonly backoff: BackoffOptions;
  /** How long to go on after retriable errors, from now. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Called before each new attempt, for example to ask for new metadata. */
  readonly onRetry?: (error: unknown) => void;
}

/** Repeats the work while it fails retriably and there is time; then the last error is thrown. */
export async function retry<T>(options: RetryOptions, work: () => Promise<T>): Promise<T> {
  const { runtime, signal } = options;
  const endMs = runtime.monotonicMs() + options.timeoutMs;
  for (let attempt = 0; ; attempt++) {
    signal?.throwIfAborted();
    try {
      return await work();
    } catch (error) {
      const delayMs = backoffMs(options.backoff, attempt, runtime.random());
      if (!isRetriable(error) || runtime.monotonicMs() + delayMs > endMs) throw error;
      options.onRetry?.(error);
      await sleep(runtime, delayMs, signal);
    }
  }
}
