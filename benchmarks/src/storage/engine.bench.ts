/**
 * Appends through the engine, in this thread and on workers, with and without waiting for the disk,
 * beside raw positional writes and fdatasync of the same bytes in the same run. Throughput is taken
 * with many appends in flight, latency is that of each append under this load. Alone:
 * `node --conditions=@ottla/source benchmarks/src/storage/engine.bench.ts [DIRECTORY]`
 */
import { RecordBatchBuilder } from "@ottla/protocol";
import { NodeFileSystem, silentLogger, SystemClock, SystemRandom } from "@ottla/runtime";
import {
  allocateWhenSpace,
  defaultLogConfig,
  LocalEngine,
  WorkerEngine,
  type FlushPolicy,
  type PartitionLog,
} from "@ottla/storage";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const ROUNDS = 3;
const RECORD_BYTES = 1000;
const TOPIC_ID = "q6urq6urRoKrq6urq6urqw";

interface Load {
  readonly batchBytes: number;
  readonly partitions: number;
  readonly batches: number;
  readonly inFlight: number;
}

const LOADS: readonly Load[] = [
  { batchBytes: 16_384, partitions: 1, batches: 8000, inFlight: 200 },
  { batchBytes: 16_384, partitions: 16, batches: 8000, inFlight: 200 },
  { batchBytes: 1_000_000, partitions: 1, batches: 150, inFlight: 8 },
];

export interface EngineSubject {
  readonly name: string;
  readonly flush: FlushPolicy;
  /** 0: in this thread. */
  readonly workers: number;
}

const SUBJECTS: readonly EngineSubject[] = (["group", "none"] as const).flatMap((flush) => [
  { name: `LocalEngine, ${flush}`, flush, workers: 0 },
  { name: `WorkerEngine 1, ${flush}`, flush, workers: 1 },
  { name: `WorkerEngine 2, ${flush}`, flush, workers: 2 },
]);

export interface Measured {
  readonly megabytesPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

function buildBatch(sizeBytes: number): Uint8Array {
  const builder = new RecordBatchBuilder({ maxBytes: sizeBytes + RECORD_BYTES });
  const value = Buffer.alloc(RECORD_BYTES, "v");
  while (builder.estimatedSizeBytes < sizeBytes - RECORD_BYTES) {
    builder.append({ timestamp: Date.now(), key: null, value, headers: [] });
  }
  return builder.build();
}

function summarise(latenciesMs: Float64Array, bytes: number, elapsedMs: number): Measured {
  const sorted = latenciesMs.toSorted();
  const at = (share: number): number => sorted[Math.floor((sorted.length - 1) * share)] ?? 0;
  return { megabytesPerSecond: bytes / 1000 / elapsedMs, p50Ms: at(0.5), p99Ms: at(0.99) };
}

/** Keeps `inFlight` appends under way until all are acknowledged. */
async function appendAll(
  engine: LocalEngine | WorkerEngine,
  logs: readonly PartitionLog[],
  load: Load,
): Promise<Measured> {
  const batch = buildBatch(load.batchBytes);
  const latenciesMs = new Float64Array(load.batches);
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < load.batches) {
      const index = next;
      next += 1;
      const log = logs[index % logs.length];
      const records = await allocateWhenSpace(engine.slabs, batch.length);
      records.bytes.set(batch);
      const startedMs = performance.now();
      const appending = log?.append({ records, leaderEpoch: 0, origin: "client" });
      records.release();
      const outcome = await appending;
      latenciesMs[index] = performance.now() - startedMs;
      if (!outcome?.ok) throw new Error(outcome?.message ?? "no log");
    }
  };
  const startedMs = performance.now();
  await Promise.all(Array.from({ length: load.inFlight }, lane));
  return summarise(latenciesMs, load.batches * batch.length, performance.now() - startedMs);
}

async function measureEngine(root: string, subject: EngineSubject, load: Load): Promise<Measured> {
  const directory = mkdtempSync(join(root, "ottla-bench-"));
  const settings = {
    directory,
    fileSystem: new NodeFileSystem(),
    clock: new SystemClock(),
    random: new SystemRandom(),
    logger: silentLogger,
    flush: subject.flush,
  };
  const engine =
    subject.workers === 0
      ? new LocalEngine(settings)
      : new WorkerEngine({ ...settings, workers: subject.workers });
  try {
    await engine.open();
    const logs: PartitionLog[] = [];
    for (let partition = 0; partition < load.partitions; partition += 1) {
      const spec = { topic: "bench", partition, topicId: TOPIC_ID, config: defaultLogConfig };
      logs.push(await engine.createPartition(spec));
    }
    await appendAll(engine, logs, { ...load, batches: Math.ceil(load.batches / 10) });
    return await appendAll(engine, logs, load);
  } finally {
    await engine.close();
    rmSync(directory, { recursive: true });
  }
}

/** The same bytes without any of our code: grouped writes, one fdatasync per group and file, files in parallel. */
async function measureRaw(root: string, flush: FlushPolicy, load: Load): Promise<Measured> {
  const directory = mkdtempSync(join(root, "ottla-bench-"));
  const fileSystem = new NodeFileSystem();
  const batch = buildBatch(load.batchBytes);
  const group = Math.max(1, Math.floor(load.inFlight / load.partitions));
  const groups = Math.ceil(load.batches / load.partitions / group);
  const chunks = Array.from({ length: group }, () => batch);
  const latenciesMs = new Float64Array(groups * load.partitions);
  const startedMs = performance.now();
  const writeFile = async (partition: number): Promise<void> => {
    const file = fileSystem.openSync(join(directory, `${partition}.raw`), "write");
    for (let index = 0; index < groups; index += 1) {
      const groupStartedMs = performance.now();
      file.writeSync(chunks, index * group * batch.length);
      if (flush === "group") await file.dataSync();
      latenciesMs[partition * groups + index] = performance.now() - groupStartedMs;
    }
    file.closeSync();
  };
  await Promise.all(
    Array.from({ length: load.partitions }, (_, partition) => writeFile(partition)),
  );
  const elapsedMs = performance.now() - startedMs;
  rmSync(directory, { recursive: true });
  return summarise(latenciesMs, groups * group * load.partitions * batch.length, elapsedMs);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

export interface EngineRun {
  /** Where the disk that is measured is mounted. */
  readonly root: string;
  readonly rounds: number;
  /** Of the batches of each load; 1 is all of them. */
  readonly share: number;
}

/** Alternates the subjects over the rounds, and reports each measurement as it comes. */
export async function measureEngines(
  { root, rounds, share }: EngineRun,
  report: (load: string, subject: string, measured: Measured) => void,
): Promise<void> {
  for (const whole of LOADS) {
    const load = { ...whole, batches: Math.ceil(whole.batches * share) };
    const title = `${load.batchBytes} B batches, ${load.partitions} partitions, ${load.inFlight} in flight`;
    for (let round = 0; round < rounds; round += 1) {
      report(title, "raw write + fdatasync", await measureRaw(root, "group", load));
      report(title, "raw write", await measureRaw(root, "none", load));
      for (const subject of SUBJECTS)
        report(title, subject.name, await measureEngine(root, subject, load));
    }
  }
}

/** Medians, with the spread of the throughput. */
export async function runEngineBenchmarks(root: string, rounds = ROUNDS): Promise<void> {
  const loads = new Map<string, Map<string, Measured[]>>();
  await measureEngines({ root, rounds, share: 1 }, (load, subject, measured) => {
    const results = loads.get(load) ?? new Map<string, Measured[]>();
    loads.set(load, results);
    results.set(subject, [...(results.get(subject) ?? []), measured]);
  });
  for (const [load, results] of loads) {
    process.stdout.write(`\n${load}, ${rounds} rounds\n`);
    console.table(
      [...results].map(([name, all]) => {
        const speeds = all.map(({ megabytesPerSecond }) => megabytesPerSecond);
        return {
          name,
          "MB/s": Math.round(median(speeds)),
          spread: `${Math.round(Math.min(...speeds))}-${Math.round(Math.max(...speeds))}`,
          "p50 ms": Number(median(all.map(({ p50Ms }) => p50Ms)).toFixed(2)),
          "p99 ms": Number(median(all.map(({ p99Ms }) => p99Ms)).toFixed(2)),
        };
      }),
    );
  }
}

if (import.meta.main) await runEngineBenchmarks(process.argv[2] ?? tmpdir());
