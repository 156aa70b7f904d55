import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from "node:fs";
import path from "node:path";
import type { ClientName } from "../options.ts";

/** How a client sends a cell's bytes: what a bare program would have to write and sync to keep the same promise. */
export interface WritePattern {
  readonly files: number;
  /** One batch, written at once. */
  readonly batchBytes: number;
  /** What may be unacknowledged: after so many bytes the client waits, so all of them must be synced. */
  readonly windowBytes: number;
}

/** `batch.size` of the Java producer and the requests that it has under way; one request has a batch of each partition. */
const JAVA_BATCH_BYTES = 16 * 1024;
const JAVA_REQUESTS = 5;

/** `batch.size` and `queue.buffering.max.messages` of librdkafka, which does not limit its requests. */
const LIBRDKAFKA_BATCH_BYTES = 1_000_000;
const LIBRDKAFKA_RECORDS = 100_000;

export function writePattern(
  client: ClientName,
  recordBytes: number,
  partitions: number,
): WritePattern {
  const largest = client === "java" ? JAVA_BATCH_BYTES : LIBRDKAFKA_BATCH_BYTES;
  // A batch is of whole records, and of one at least.
  const batchBytes = Math.max(1, Math.floor(largest / recordBytes)) * recordBytes;
  const windowBytes =
    client === "java" ? JAVA_REQUESTS * partitions * batchBytes : LIBRDKAFKA_RECORDS * recordBytes;
  return { files: partitions, batchBytes, windowBytes };
}

/** MB/s of bare writes to the files in turn, each window of them synced before the next begins. */
export function syncedWriteRate(directory: string, pattern: WritePattern, bytes: number): number {
  const { files, batchBytes, windowBytes } = pattern;
  const batch = Buffer.alloc(batchBytes, "ottla");
  const names = Array.from({ length: files }, (_, index) => path.join(directory, `limit-${index}`));
  const descriptors = names.map((name) => openSync(name, "w"));
  const unsynced = new Set<number>();
  let inWindow = 0;
  let written = 0;
  const startedAt = performance.now();
  for (let next = 0; written < bytes; next = (next + 1) % files) {
    written += writeSync(descriptors[next]!, batch);
    inWindow += batchBytes;
    unsynced.add(descriptors[next]!);
    if (inWindow < windowBytes && written < bytes) continue;
    for (const descriptor of unsynced) fdatasyncSync(descriptor);
    unsynced.clear();
    inWindow = 0;
  }
  const seconds = (performance.now() - startedAt) / 1000;
  for (const descriptor of descriptors) closeSync(descriptor);
  for (const name of names) rmSync(name);
  return written / 1e6 / seconds;
}
