import { silentLogger, SystemClock, SystemRandom, type Clock, type Logger } from "@ottla/runtime";
import { buildTestBatch, type TestBatchOptions } from "@ottla/testkit";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  defaultLogConfig,
  LocalEngine,
  WorkerEngine,
  type AppendOutcome,
  type FlushPolicy,
  type LogConfig,
  type PartitionLog,
  type ReadRequest,
  type ReadResult,
} from "../src/index.ts";
import { createFileSystem, DiskControl } from "./gated-file-system.ts";

export type EngineKind = "LocalEngine" | "WorkerEngine";
export const ENGINE_KINDS: readonly EngineKind[] = ["LocalEngine", "WorkerEngine"];

export type TestedEngine = LocalEngine | WorkerEngine;

export interface StartOptions {
  readonly flush?: FlushPolicy;
  readonly workers?: number;
  readonly slabBudgetBytes?: number;
  readonly tailBudgetBytes?: number;
  readonly clock?: Clock;
  readonly logger?: Logger;
}

export const TOPIC_ID = "q6urq6urRoKrq6urq6urqw";
export const OTHER_TOPIC_ID = "zMzMzMzMTMyMzMzMzMzMzA";

/** One directory and the engines that are opened on it, one after the other; all gone after `dispose`. */
export class EngineFixture {
  readonly kind: EngineKind;
  readonly directory = mkdtempSync(join(tmpdir(), "ottla-engine-"));
  readonly disk = new DiskControl();
  readonly #engines: TestedEngine[] = [];

  constructor(kind: EngineKind) {
    this.kind = kind;
  }

  create(options: StartOptions = {}): TestedEngine {
    const settings = {
      directory: this.directory,
      fileSystem: createFileSystem(this.disk.options),
      clock: new SystemClock(),
      random: new SystemRandom(),
      logger: silentLogger,
      flush: "group" as const,
      ...options,
    };
    const fileSystemModule = {
      module: new URL("./gated-file-system.ts", import.meta.url).href,
      options: this.disk.options,
    };
    const engine =
      this.kind === "LocalEngine"
        ? new LocalEngine(settings)
        : new WorkerEngine({ workers: 1, ...settings, fileSystemModule });
    this.#engines.push(engine);
    return engine;
  }

  async open(options: StartOptions = {}): Promise<TestedEngine> {
    const engine = this.create(options);
    await engine.open();
    return engine;
  }

  async dispose(): Promise<void> {
    this.disk.openGate();
    for (const engine of this.#engines) await engine.close();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

export function createPartition(
  engine: TestedEngine,
  partition: number,
  config: Partial<LogConfig> = {},
): Promise<PartitionLog> {
  return engine.createPartition({
    topic: "orders",
    partition,
    topicId: TOPIC_ID,
    config: { ...defaultLogConfig, ...config },
  });
}

/** Appends one batch, built as `options` say, and gives back the slab reference at once, as a connection does. */
export function append(
  engine: TestedEngine,
  log: PartitionLog,
  options: TestBatchOptions = {},
): Promise<AppendOutcome> {
  return appendBytes(engine, log, buildTestBatch({ timestamp: Date.now(), ...options }));
}

export function appendBytes(
  engine: TestedEngine,
  log: PartitionLog,
  bytes: Uint8Array,
): Promise<AppendOutcome> {
  const records = engine.slabs.allocate(bytes.length);
  if (records === undefined) throw new Error("the slab budget of this test is too small");
  records.bytes.set(bytes);
  const outcome = log.append({ records, leaderEpoch: 3, origin: "client" });
  records.release();
  return outcome;
}

export const EVERYTHING: ReadRequest = {
  startOffset: 0,
  limitOffset: Number.MAX_SAFE_INTEGER,
  maxBytes: 64 * 1024 * 1024,
  minOneBatch: true,
};

export interface CopiedRead {
  readonly bytes: Buffer;
  readonly nextOffset: number;
}

/** The answer to one read, copied out and released. */
export async function readOnce(
  log: PartitionLog,
  request: Partial<ReadRequest> = {},
): Promise<CopiedRead> {
  const outcome = await log.read({ ...EVERYTHING, ...request });
  if (!outcome.ok) throw new Error(`read answered ${outcome.errorCode}`);
  return copyOut(outcome);
}

export function copyOut(outcome: ReadResult): CopiedRead {
  const bytes = Buffer.concat(outcome.slices);
  outcome.release();
  return { bytes, nextOffset: outcome.nextOffset };
}

/** Everything from `startOffset` to the log end offset, as a consumer would read it. */
export async function readAll(
  log: PartitionLog,
  startOffset = log.logStartOffset,
): Promise<Buffer> {
  const parts: Buffer[] = [];
  for (let offset = startOffset; offset < log.logEndOffset;) {
    const { bytes, nextOffset } = await readOnce(log, { startOffset: offset, maxBytes: 300_000 });
    if (nextOffset === offset) throw new Error(`no progress at offset ${offset}`);
    parts.push(bytes);
    offset = nextOffset;
  }
  return Buffer.concat(parts);
}

/** Polls until the condition holds; the test's time limit ends what never comes. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
}
