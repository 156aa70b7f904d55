/**
 * Megabytes cleaned per second of one compacted log, in one background thread:
 *
 *   node --conditions=@ottla/source benchmarks/src/storage/cleaner.ts [megabytes] [value bytes] [keys] [codec]
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { CompressionType, RecordBatchBuilder } from "@ottla/protocol";
import { NodeFileSystem, silentLogger, SystemClock, SystemRandom } from "@ottla/runtime";
import { defaultLogConfig, WorkerEngine } from "@ottla/storage";

const [megabytes = 256, valueBytes = 1000, keys = 50_000] = process.argv.slice(2, 5).map(Number);
const codec = (process.argv[5] ?? "none").toUpperCase() as keyof typeof CompressionType;
const BATCH_BYTES = 16 * 1024;
const MEGABYTE = 1e6;

async function main(): Promise<void> {
  const directory = mkdtempSync(path.join(tmpdir(), "ottla-cleaner-bench-"));
  const engine = new WorkerEngine({
    directory,
    fileSystem: new NodeFileSystem(),
    clock: new SystemClock(),
    random: new SystemRandom(),
    logger: silentLogger,
    flush: "group",
    workers: 1,
  });
  try {
    await engine.open();
    const config = {
      ...defaultLogConfig,
      cleanupPolicy: ["compact"] as const,
      segmentBytes: 64 << 20,
      minCleanableDirtyRatio: 1,
    };
    const topicId = "q6urq6urRoKrq6urq6urqw";
    const log = await engine.createPartition({ topic: "bench", partition: 0, topicId, config });
    const value = new SystemRandom().bytes(valueBytes);
    for (let record = 0; log.sizeBytes < megabytes * MEGABYTE;) {
      const batches: Promise<unknown>[] = [];
      for (let count = 0; count < 32; count++) {
        const builder = new RecordBatchBuilder({
          maxBytes: BATCH_BYTES,
          compression: CompressionType[codec],
        });
        const key = (): Uint8Array => new TextEncoder().encode(`key-${(record * 7919) % keys}`);
        while (builder.append({ timestamp: Date.now(), key: key(), value })) record++;
        const bytes = builder.build();
        const records = engine.slabs.allocate(bytes.length);
        if (records === undefined) break;
        records.bytes.set(bytes);
        batches.push(log.append({ records, leaderEpoch: 0, origin: "client" }));
        records.release();
      }
      await Promise.all(batches);
    }
    const before = log.sizeBytes;
    await log.updateConfig({ ...config, minCleanableDirtyRatio: 0 });
    const { logs } = await engine.runCleaner();
    const [clean] = logs;
    if (clean?.outcome !== "cleaned") throw new Error(JSON.stringify(logs));
    const perSecond = clean.bytesRead / MEGABYTE / (clean.elapsedMs / 1000);
    console.log(
      `${codec.toLowerCase()}, values of ${valueBytes} B, ${keys} keys: ${Math.round(perSecond)} MB/s ` +
        `(${clean.recordsRead} records to ${clean.recordsKept}, ${Math.round(before / MEGABYTE)} MB to ` +
        `${Math.round(log.sizeBytes / MEGABYTE)} MB in ${Math.round(clean.elapsedMs)} ms; read twice, written once)`,
    );
  } finally {
    await engine.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

await main();
