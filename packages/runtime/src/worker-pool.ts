import { availableParallelism } from "node:os";
import type { Transferable, Worker } from "node:worker_threads";
import type { Piscina } from "piscina";
import { invariant } from "./invariant.ts";

type TransferList = NonNullable<NonNullable<Parameters<Piscina["run"]>[1]>["transferList"]>;

/** More storage threads than this gained nothing in any measurement. */
const WORKER_THREADS_MAX = 4;

export interface WorkerPoolOptions {
  /** The module whose exported functions are the tasks: a file URL. */
  readonly module: URL;
  /** `fixed`: all threads from the start, never idle out. `elastic`: started when needed, gone when idle. */
  readonly size:
    | { readonly kind: "fixed"; readonly threads: number }
    | { readonly kind: "elastic"; readonly threadsMax: number; readonly idleTimeoutMs: number };
}

/** One core is left to the thread that owns the sockets. */
export function defaultWorkerThreads(): number {
  return Math.max(1, Math.min(WORKER_THREADS_MAX, availableParallelism() - 1));
}

/**
 * A Piscina pool that is loaded and started by the first task, because whoever does not need it
 * should not wait for it. Tasks wait in order (Piscina's own queue is not FIFO by default), and a
 * thread runs one at a time, so that a long-lived task has its thread for itself.
 */
export class WorkerPool {
  readonly #options: WorkerPoolOptions;
  #pool: Promise<Piscina> | undefined;
  #started: Piscina | undefined;

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
  }

  /** Runs an exported function of the module. Rejects when it throws and when its thread dies. */
  async run(name: string, task: unknown, transfer: readonly Transferable[] = []): Promise<unknown> {
    this.#pool ??= this.#start();
    const pool = await this.#pool;
    return pool.run(task, { name, transferList: [...transfer] as TransferList });
  }

  /** Resolves when a thread has ended, with its descriptors closed and no call of it left in the libuv pool. */
  threadEnded(threadId: number): Promise<void> {
    const thread = this.#thread(threadId);
    if (thread === undefined) return Promise.resolve();
    return new Promise((resolve) => thread.once("exit", () => resolve()));
  }

  /** Ends every thread, whatever it does. */
  async close(): Promise<void> {
    const pool = await this.#pool;
    await pool?.destroy();
  }

  #thread(threadId: number): Worker | undefined {
    invariant(this.#started !== undefined, "a thread is known after the pool has started");
    return this.#started.threads.find((thread) => thread.threadId === threadId);
  }

  async #start(): Promise<Piscina> {
    const { Piscina: Pool } = await import("piscina");
    const { size, module } = this.#options;
    const fixed = size.kind === "fixed";
    this.#started = new Pool({
      filename: module.href,
      minThreads: fixed ? size.threads : 0,
      maxThreads: fixed ? size.threads : size.threadsMax,
      idleTimeout: fixed ? Infinity : size.idleTimeoutMs,
      concurrentTasksPerWorker: 1,
      stricterFIFO: true,
      // A thread that waits in Atomics.wait cannot run asynchronous file calls.
      atomics: "disabled",
      // Histograms that nobody reads take 0.7 MB for each pool.
      recordTiming: false,
    });
    return this.#started;
  }
}
