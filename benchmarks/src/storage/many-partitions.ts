/**
 * How long a log directory takes to open: after a clean stop, and after `kill -9`, for any number of partitions
 * and bytes of log. Each phase is a process of its own, so that nothing is warm but the page cache, and memory
 * and descriptors are those of the phase alone.
 *
 * `node --conditions=@ottla/source benchmarks/src/storage/many-partitions.ts --partitions 10000 --mib 10240`
 */
import { RecordBatchBuilder } from "@ottla/protocol";
import { NodeFileSystem, silentLogger, SystemClock, SystemRandom } from "@ottla/runtime";
import {
  allocateWhenSpace,
  defaultLogConfig,
  WorkerEngine,
  type PartitionLog,
} from "@ottla/storage";
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const TOPIC_ID = "q6urq6urRoKrq6urq6urqw";
const RECORD_BYTES = 1000;
const BATCH_BYTES = 64 * 1024;
const MEBIBYTE = 1024 * 1024;
const APPENDS_IN_FLIGHT = 256;

/** One opening of the directory, measured inside the process that did it. */
export interface Opening {
  readonly cleanShutdown: boolean;
  readonly partitions: number;
  readonly openMs: number;
  readonly recoveredMs: number;
  /** Resident memory after the start, less that of the same process before it. */
  readonly grownBytes: number;
  readonly descriptors: number;
  readonly closeMs: number;
}

export interface Load {
  readonly directory: string;
  readonly partitions: number;
  readonly mebibytes: number;
  readonly workers: number;
}

function createEngine({ directory, workers }: Load): WorkerEngine {
  return new WorkerEngine({
    directory,
    fileSystem: new NodeFileSystem(),
    clock: new SystemClock(),
    random: new SystemRandom(),
    logger: silentLogger,
    flush: "group",
    workers,
  });
}

function buildBatch(sizeBytes: number): Uint8Array {
  const builder = new RecordBatchBuilder({
    maxBytes: sizeBytes + RECORD_BYTES,
    producerId: 7n,
    producerEpoch: 0,
    baseSequence: 0,
  });
  const value = Buffer.alloc(RECORD_BYTES, "v");
  do builder.append({ timestamp: Date.now(), key: null, value, headers: [] });
  while (builder.estimatedSizeBytes < sizeBytes - RECORD_BYTES);
  return builder.build();
}

/** Appends without a producer id, so that any batch may follow any other. */
function plainBatch(sizeBytes: number): Uint8Array {
  const builder = new RecordBatchBuilder({ maxBytes: sizeBytes + RECORD_BYTES });
  const value = Buffer.alloc(RECORD_BYTES, "v");
  do builder.append({ timestamp: Date.now(), key: null, value, headers: [] });
  while (builder.estimatedSizeBytes < sizeBytes - RECORD_BYTES);
  return builder.build();
}

/** Makes the partitions, one batch of a producer in each, then fills up round-robin. Dies or closes as asked. */
async function fill(load: Load, end: "close" | "kill"): Promise<void> {
  const engine = createEngine(load);
  await engine.open();
  let logs = [...engine.partitions()];
  if (logs.length < load.partitions) {
    const created: Promise<PartitionLog>[] = [];
    for (let partition = 0; partition < load.partitions; partition++) {
      created.push(
        engine.createPartition({
          topic: "bench",
          partition,
          topicId: TOPIC_ID,
          config: defaultLogConfig,
        }),
      );
      if (created.length % 512 === 0) await Promise.all(created);
    }
    logs = await Promise.all(created);
    const small = buildBatch(RECORD_BYTES);
    await appendEach(engine, logs, small);
  }
  const big = plainBatch(BATCH_BYTES);
  const batches = Math.ceil((load.mebibytes * MEBIBYTE) / big.length);
  await appendEach(
    engine,
    Array.from({ length: batches }, (_, index) => logs[index % logs.length]!),
    big,
  );
  if (end === "close") await engine.close();
  else process.kill(process.pid, "SIGKILL");
}

async function appendEach(
  engine: WorkerEngine,
  targets: readonly PartitionLog[],
  batch: Uint8Array,
): Promise<void> {
  let next = 0;
  async function appendSome(): Promise<void> {
    for (let log = targets[next++]; log !== undefined; log = targets[next++]) {
      const records = await allocateWhenSpace(engine.slabs, batch.length);
      records.bytes.set(batch);
      const outcome = await log.append({ records, leaderEpoch: 0, origin: "client" });
      records.release();
      if (!outcome.ok) throw new Error(`append refused with ${outcome.errorCode}`);
    }
  }
  await Promise.all(Array.from({ length: APPENDS_IN_FLIGHT }, appendSome));
}

async function open(load: Load): Promise<Opening> {
  const engine = createEngine(load);
  const residentBefore = process.memoryUsage.rss();
  const startedMs = performance.now();
  const report = await engine.open();
  const openMs = performance.now() - startedMs;
  const descriptors = process.platform === "linux" ? readdirSync("/proc/self/fd").length : 0;
  const grownBytes = process.memoryUsage.rss() - residentBefore;
  const closingMs = performance.now();
  await engine.close();
  return {
    cleanShutdown: report.cleanShutdown,
    partitions: report.partitions.filter(({ offlineReason }) => offlineReason === undefined).length,
    openMs,
    recoveredMs: report.elapsedMs,
    grownBytes,
    descriptors,
    closeMs: performance.now() - closingMs,
  };
}

async function inProcess(phase: string, load: Load): Promise<string> {
  const { directory, partitions, mebibytes, workers } = load;
  const flags = [
    "--directory",
    directory,
    "--partitions",
    partitions,
    "--mib",
    mebibytes,
    "--workers",
    workers,
  ];
  const child = spawn(
    process.execPath,
    [...process.execArgv, fileURLToPath(import.meta.url), "--phase", phase, ...flags.map(String)],
    { stdio: ["ignore", "pipe", "inherit"], env: { ...process.env, UV_THREADPOOL_SIZE: "16" } },
  );
  let output = "";
  for await (const chunk of child.stdout) output += String(chunk);
  return output;
}

/** All phases: fill and stop, open after the clean stop, fill again and die, open after that. */
export async function measureOpening(
  load: Load,
): Promise<{ readonly clean: Opening; readonly killed: Opening }> {
  await inProcess("fill-close", { ...load, mebibytes: 0 });
  const clean = JSON.parse(await inProcess("open", load)) as Opening;
  await inProcess("fill-kill", load);
  const killed = JSON.parse(await inProcess("open", load)) as Opening;
  return { clean, killed };
}

function show(name: string, one: Opening): string {
  const perPartition = Math.round(one.grownBytes / one.partitions);
  return `${name.padEnd(16)} open ${one.openMs.toFixed(0)} ms, close ${one.closeMs.toFixed(0)} ms, ${one.partitions} partitions, ${perPartition} B each, ${one.descriptors} descriptors, clean=${one.cleanShutdown}`;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      phase: { type: "string", default: "all" },
      directory: { type: "string" },
      partitions: { type: "string", default: "10000" },
      mib: { type: "string", default: "1024" },
      workers: { type: "string", default: "2" },
    },
  });
  const directory = values.directory ?? mkdtempSync(join(tmpdir(), "ottla-partitions-"));
  const load = {
    directory,
    partitions: Number(values.partitions),
    mebibytes: Number(values.mib),
    workers: Number(values.workers),
  };
  if (values.phase === "fill-close") return fill(load, "close");
  if (values.phase === "fill-kill") return fill(load, "kill");
  if (values.phase === "open") return void process.stdout.write(JSON.stringify(await open(load)));
  try {
    const { clean, killed } = await measureOpening(load);
    process.stdout.write(`${show("after clean stop", clean)}\n${show("after kill -9", killed)}\n`);
  } finally {
    if (values.directory === undefined) rmSync(directory, { recursive: true });
  }
}

if (import.meta.main) await main();
