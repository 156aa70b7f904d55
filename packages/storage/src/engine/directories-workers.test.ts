import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ErrorCode } from "@ottla/protocol";
import { silentLogger, SystemClock, SystemRandom } from "@ottla/runtime";
import { buildTestBatch } from "@ottla/testkit";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { until } from "../../test-support/engine-fixture.ts";
import {
  createFileSystem as createGated,
  DiskControl,
} from "../../test-support/gated-file-system.ts";
import {
  createFileSystem as createWatched,
  Watch,
} from "../../test-support/watched-file-system.ts";
import {
  defaultLogConfig,
  DirectoriesEngine,
  type AppendOutcome,
  type LogConfig,
  type PartitionLog,
} from "../index.ts";
import { EngineMemory } from "./engine-memory.ts";
import { WorkerEngine } from "./worker-engine.ts";

const MEBIBYTE = 1024 * 1024;
const TOPIC_ID = "q6urq6urRoKrq6urq6urqw";
const SHARED = {
  clock: new SystemClock(),
  random: new SystemRandom(),
  logger: silentLogger,
  flush: "group" as const,
};

let root: string;
let engine: DirectoriesEngine | undefined;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "ottla-directories-"));
});

afterEach(async () => {
  await engine?.close();
  engine = undefined;
  rmSync(root, { recursive: true, force: true });
});

function make(
  owner: DirectoriesEngine,
  partition: number,
  directory: string,
  config: Partial<LogConfig> = {},
): Promise<PartitionLog> {
  return owner.createPartition({
    topic: "t",
    partition,
    topicId: TOPIC_ID,
    directory,
    config: { ...defaultLogConfig, ...config },
  });
}

function append(
  owner: DirectoriesEngine,
  log: PartitionLog,
  valueBytes = 10,
): Promise<AppendOutcome> {
  const bytes = buildTestBatch({
    timestamp: Date.now(),
    records: [{ value: "x".repeat(valueBytes) }],
  });
  const records = owner.slabs.allocate(bytes.length)!;
  records.bytes.set(bytes);
  const outcome = log.append({ records, leaderEpoch: 0, origin: "client" });
  records.release();
  return outcome;
}

describe("several directories on storage workers", () => {
  it("a disk that does not answer holds up nobody but its own partitions", async () => {
    const [fast, slow] = [join(root, "fast"), join(root, "slow")];
    const disk = new DiskControl();
    const module = new URL("../../test-support/gated-file-system.ts", import.meta.url).href;
    const memory = new EngineMemory({
      slabBytes: 16 * MEBIBYTE,
      tailBytes: MEBIBYTE,
      readBytes: 4 * MEBIBYTE,
    });
    engine = new DirectoriesEngine({
      ...SHARED,
      directories: [fast, slow],
      fileSystem: createGated(new DiskControl().options),
      memory,
      createEngine: (directory) => {
        const options = directory === slow ? disk.options : new DiskControl().options;
        const fileSystem = createGated(options);
        return new WorkerEngine({
          ...SHARED,
          workers: 1,
          directory,
          memory,
          fileSystem,
          fileSystemModule: { module, options },
        });
      },
    });
    await engine.open();
    const [onFast, onSlow] = [await make(engine, 0, fast), await make(engine, 1, slow)];
    disk.closeGate();
    const begun = disk.syncsBegun;
    let answered = false;
    const waiting = append(engine, onSlow).then((outcome) => {
      answered = true;
      return outcome;
    });
    await until(() => disk.syncsBegun > begun);
    for (let index = 0; index < 20; index += 1)
      expect(await append(engine, onFast)).toMatchObject({ ok: true, baseOffset: index });
    expect(answered).toBe(false);
    disk.openGate();
    expect(await waiting).toMatchObject({ ok: true });
    disk.failNextSync();
    expect(await append(engine, onSlow)).toMatchObject({
      ok: false,
      errorCode: ErrorCode.KAFKA_STORAGE_ERROR,
    });
    expect([onFast.online, onSlow.online]).toEqual([true, false]);
    expect(await append(engine, onFast)).toMatchObject({ ok: true });
  });

  it("no thread that appends, and not the caller's, frees the blocks of a large file", async () => {
    const watch = new Watch();
    const directories = [join(root, "a"), join(root, "b")];
    engine = DirectoriesEngine.onWorkers({
      ...SHARED,
      directories,
      workers: 2,
      fileSystem: createWatched(watch.options),
      fileSystemModule: {
        module: new URL("../../test-support/watched-file-system.ts", import.meta.url).href,
        options: watch.options,
      },
    });
    await engine.open();
    const config = { segmentBytes: 64 * 1024, retentionBytes: 1, fileDeleteDelayMs: 0 };
    const logs = await Promise.all(
      directories.map((directory, partition) => make(engine!, partition, directory, config)),
    );
    for (const log of logs)
      for (let index = 0; index < 20; index += 1)
        expect((await append(engine, log, 30_000)).ok).toBe(true);
    const filesOf = (log: PartitionLog): string[] =>
      readdirSync(join(log.directory, `t-${log.partition}`)).filter((name) =>
        name.includes(".log"),
      );
    expect(filesOf(logs[0]!).length).toBeGreaterThan(5);
    await engine.runRetention();
    await until(() => logs.every((log) => filesOf(log).length === 1));
    await engine.deletePartition({ topic: "t", partition: 0 });
    await until(() => !readdirSync(directories[0]!).some((name) => name.endsWith("-delete")));
    expect(watch.threadsThatWrote).toHaveLength(2);
    expect(watch.threadsThatFreed).toEqual([]);
  });

  it("files of an expired segment stay for file.delete.delay.ms", async () => {
    const directory = join(root, "a");
    engine = DirectoriesEngine.onWorkers({
      ...SHARED,
      directories: [directory],
      workers: 1,
      fileSystem: createWatched(new Watch().options),
    });
    await engine.open();
    const log = await make(engine, 0, directory, {
      segmentBytes: 64 * 1024,
      retentionBytes: 1,
      fileDeleteDelayMs: 300,
    });
    for (let index = 0; index < 5; index += 1) await append(engine, log, 40_000);
    await engine.runRetention();
    const deleted = (): number =>
      readdirSync(join(directory, "t-0")).filter((name) => name.endsWith(".log.deleted")).length;
    const renamedMs = performance.now();
    expect(deleted()).toBeGreaterThan(2);
    await until(() => deleted() === 0);
    expect(performance.now() - renamedMs).toBeGreaterThan(200);
  });
});
