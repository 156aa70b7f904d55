/**
 * The storage worker of the bundle. A thread does not share the compile cache of the program, and only the bundle
 * knows that its files stay as they are: so the cache is switched on here, before the worker itself is loaded.
 */
import { enableCompileCache, flushCompileCache } from "node:module";
import type { WorkerTask } from "../../packages/storage/src/engine/worker-task.ts";

/** By then the thread has started. It is ended from outside, so its end is too late to write the cache. */
const FLUSH_AFTER_MS = 2_000;

enableCompileCache();
// Not awaited at the top: the pool requires this module, and only one without top-level await can be.
const loading = import("../../packages/storage/src/engine/storage-worker.ts");
setTimeout(() => flushCompileCache(), FLUSH_AFTER_MS).unref();

export async function serveHost(task: WorkerTask): Promise<void> {
  const { serveHost: serve } = await loading;
  await serve(task);
}
