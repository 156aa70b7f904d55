import { NodeFileSystem, silentLogger, SystemClock, SystemRandom } from "@ottla/runtime";
import { buildTestBatch, MemoryFileSystem, SeededRandom, SimulatedClock } from "@ottla/testkit";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { appendBytes } from "../../test-support/engine-fixture.ts";
import { Watch } from "../../test-support/watched-file-system.ts";
import { defaultLogConfig, LocalEngine, WorkerEngine, type PartitionLog } from "../index.ts";

const TOPIC_ID = "q6urq6urRoKrq6urq6urqw";
/** Less than go into one group. */
const MANY = 200;

interface Opened {
  readonly fileSystem: MemoryFileSystem;
  readonly engine: LocalEngine;
}

async function open(fileSystem = new MemoryFileSystem()): Promise<Opened> {
  const engine = new LocalEngine({
    directory: "/data",
    fileSystem,
    clock: new SimulatedClock(),
    random: new SeededRandom(1),
    logger: silentLogger,
    flush: "group",
  });
  await engine.open();
  return { fileSystem, engine };
}

function create(engine: Opened["engine"] | WorkerEngine, partition: number): Promise<PartitionLog> {
  return engine.createPartition({
    topic: "t",
    partition,
    topicId: TOPIC_ID,
    config: defaultLogConfig,
  });
}

function createAll(engine: Opened["engine"], count: number): Promise<PartitionLog[]> {
  return Promise.all(Array.from({ length: count }, (_, partition) => create(engine, partition)));
}

/** What the disk was asked to do by `work`. */
async function costOf(
  { fileSystem }: Opened,
  work: () => Promise<unknown>,
): Promise<{
  fileSyncs: number;
  logDirectorySyncs: number;
  directorySyncs: number;
  checkpointWrites: number;
}> {
  const before = fileSystem.trace.length;
  await work();
  const done = fileSystem.trace.slice(before);
  const { inode } = fileSystem.disk.directory("/data");
  const names = done.flatMap((operation) => (operation.kind === "names" ? operation.changes : []));
  const directorySyncs = done.filter(({ kind }) => kind === "sync-directory");
  return {
    fileSyncs: done.filter(({ kind }) => kind === "sync-file").length,
    directorySyncs: directorySyncs.length,
    logDirectorySyncs: directorySyncs.filter((one) => "inode" in one && one.inode === inode).length,
    checkpointWrites: names.filter(
      (change) => change.name === "recovery-point-offset-checkpoint" && change.inode !== undefined,
    ).length,
  };
}

describe("many partitions at once", () => {
  it("are made with two syncs each, and one of the log directory for all of them", async () => {
    const opened = await open();
    expect(await costOf(opened, () => createAll(opened.engine, MANY))).toEqual({
      fileSyncs: MANY,
      directorySyncs: MANY + 1,
      logDirectorySyncs: 1,
      checkpointWrites: 0,
    });
    await opened.engine.close();
  });

  it("are removed with one write of the checkpoints and one sync for all of them", async () => {
    const opened = await open();
    const logs = await createAll(opened.engine, MANY);
    const remove = (): Promise<unknown> =>
      Promise.all(logs.map((log) => opened.engine.deletePartition(log)));
    // Two checkpoint files, each a sync and a name, and the renames.
    expect(await costOf(opened, remove)).toEqual({
      fileSyncs: 2,
      directorySyncs: 3,
      logDirectorySyncs: 3,
      checkpointWrites: 1,
    });
    expect([...opened.engine.partitions()]).toEqual([]);
    await opened.engine.close();
  });

  it("share a fault with nobody: one cannot be made, the others are, and it can be made later", async () => {
    const { fileSystem, engine } = await open();
    fileSystem.faults.add({ call: "write", nth: 1, code: "ENOSPC", path: "t-3/" });
    const results = await Promise.allSettled([0, 1, 2, 3, 4].map((one) => create(engine, one)));
    const failed = results.flatMap(({ status }, index) => (status === "rejected" ? [index] : []));
    expect(failed).toEqual([3]);
    expect(results[3]).toMatchObject({
      reason: { name: "StorageError", message: expect.stringContaining("ENOSPC") as string },
    });
    expect((await create(engine, 3)).online).toBe(true);
    await engine.close();
  });

  it("are not answered when a sync fails, and the log directory is offline", async () => {
    const { fileSystem, engine } = await open();
    fileSystem.faults.add({ call: "dataSync", nth: 1, code: "EIO", path: "t-3/" });
    const results = await Promise.allSettled([2, 3, 4].map((one) => create(engine, one)));
    expect(results.map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
    expect(engine.online).toBe(false);
    await engine.close();
  });

  it("are spread over the workers", async () => {
    const directory = mkdtempSync(join(tmpdir(), "ottla-groups-"));
    const watch = new Watch();
    const engine = new WorkerEngine({
      directory,
      fileSystem: new NodeFileSystem(),
      clock: new SystemClock(),
      random: new SystemRandom(),
      logger: silentLogger,
      flush: "group",
      workers: 2,
      fileSystemModule: {
        module: new URL("../../test-support/watched-file-system.ts", import.meta.url).href,
        options: watch.options,
      },
    });
    try {
      await engine.open();
      const logs = await Promise.all([0, 1, 2, 3].map((one) => create(engine, one)));
      const bytes = buildTestBatch({ timestamp: Date.now() });
      for (const log of logs)
        expect(await appendBytes(engine, log, bytes)).toMatchObject({ ok: true });
      expect(watch.threadsThatWrote).toHaveLength(2);
    } finally {
      await engine.close();
      rmSync(directory, { recursive: true, force: true });
    }
  });
});

describe("one partition", () => {
  it("waits for one round of the disk: all its syncs are under way at once", async () => {
    const held: (() => void)[] = [];
    let holds = false;
    const syncDelay = (): Promise<void> =>
      holds ? new Promise((resolve) => void held.push(resolve)) : Promise.resolve();
    const { engine } = await open(new MemoryFileSystem({ syncDelay }));
    holds = true;
    const creating = create(engine, 0);
    await new Promise((resolve) => setImmediate(resolve));
    expect(held).toHaveLength(3);
    holds = false;
    for (const release of held) release();
    expect((await creating).online).toBe(true);
    await engine.close();
  });

  it("whose making a crash cut short is made anew", async () => {
    const fileSystem = new MemoryFileSystem();
    fileSystem.makeDirectorySync("/data/t-0");
    const { engine } = await open(fileSystem);
    const log = await create(engine, 0);
    expect(log.topicId).toBe(TOPIC_ID);
    expect(await create(engine, 0)).toBe(log);
    await engine.close();
  });
});
