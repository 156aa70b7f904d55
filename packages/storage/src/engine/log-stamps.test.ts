import { silentLogger } from "@ottla/runtime";
import { buildTestBatch, MemoryFileSystem, SimulatedClock, SeededRandom } from "@ottla/testkit";
import { expect, test } from "vitest";
import { LOG_STAMPS_FILE } from "../checkpoint/log-stamps-file.ts";
import { RECOVERY_POINT_CHECKPOINT } from "../checkpoint/offset-checkpoint.ts";
import { defaultLogConfig } from "../log/log-config.ts";
import type { EngineOptions } from "./engine-options.ts";
import { LocalEngine } from "./local-engine.ts";

const TOPIC_ID = "q6urq6urRoKrq6urq6urqw";
const PARTITIONS = 20;
const LOG = "/data/t-3/00000000000000000000.log";
const clock = new SimulatedClock();

function disk(): MemoryFileSystem {
  return new MemoryFileSystem({ nowMs: () => clock.nowMs() });
}

function create(fileSystem: MemoryFileSystem, options: Partial<EngineOptions> = {}): LocalEngine {
  return new LocalEngine({
    directory: "/data",
    fileSystem,
    clock,
    random: new SeededRandom(1),
    logger: silentLogger,
    flush: "group",
    ...options,
  });
}

async function append(engine: LocalEngine, partition: number): Promise<void> {
  const log = await engine.createPartition({
    topic: "t",
    partition,
    topicId: TOPIC_ID,
    config: defaultLogConfig,
  });
  const bytes = buildTestBatch({
    producerId: 5n,
    producerEpoch: 0,
    baseSequence: log.logEndOffset,
  });
  const records = engine.slabs.allocate(bytes.length);
  if (records === undefined) throw new Error("no slab");
  records.bytes.set(bytes);
  expect(await log.append({ records, leaderEpoch: 2, origin: "client" })).toMatchObject({
    ok: true,
  });
  records.release();
}

async function stopped(): Promise<MemoryFileSystem> {
  const fileSystem = disk();
  const engine = create(fileSystem);
  await engine.open();
  for (let partition = 0; partition < PARTITIONS; partition++) await append(engine, partition);
  clock.advance(1000);
  await engine.close();
  clock.advance(1000);
  return fileSystem;
}

/** Opens of files below the directories of partitions, until `engine.open` has resolved. */
async function opensOf(fileSystem: MemoryFileSystem, engine: LocalEngine): Promise<number> {
  const before = fileSystem.faults.counts.get("open") ?? 0;
  await engine.open();
  return (fileSystem.faults.counts.get("open") ?? 0) - before;
}

test("after a clean stop logs are open without a file of theirs being opened, and go on where they were", async () => {
  const fileSystem = await stopped();
  const engine = create(fileSystem);
  expect(await opensOf(fileSystem, engine)).toBeLessThan(PARTITIONS);
  expect(engine.partition("t", 3)).toMatchObject({
    online: true,
    logEndOffset: 1,
    latestLeaderEpoch: 2,
    topicId: TOPIC_ID,
  });
  await append(engine, 3);
  expect(engine.partition("t", 3)).toMatchObject({ logEndOffset: 2 });
  await engine.close();
  const again = create(fileSystem);
  await again.open();
  expect(again.partition("t", 3)).toMatchObject({ logEndOffset: 2 });
  await again.close();
});

test("a stop after nothing was written changes no file of a partition", async () => {
  const fileSystem = await stopped();
  const engine = create(fileSystem);
  await engine.open();
  const traced = fileSystem.trace.length;
  await engine.close();
  const touched = fileSystem.trace
    .slice(traced)
    .filter((operation) => JSON.stringify(operation).includes("/data/t-"));
  expect(touched).toEqual([]);
});

test("a log that was touched since is looked into", async () => {
  const fileSystem = await stopped();
  const handle = fileSystem.openSync(LOG, "write");
  handle.writeSync([buildTestBatch({ baseOffset: 1 })], handle.sizeBytes());
  handle.closeSync();
  const engine = create(fileSystem);
  await engine.open();
  expect(engine.partition("t", 3)).toMatchObject({ online: true, logEndOffset: 2 });
  await engine.close();
});

test("after a kill only what was written since is recovered", async () => {
  const fileSystem = await stopped();
  const engine = create(fileSystem);
  await engine.open();
  clock.advance(1000);
  await append(engine, 3);
  // Nothing of the engine is closed: as after kill -9. Only the lock goes with its owner.
  const next = create(new MemoryFileSystem({ disk: fileSystem.disk, nowMs: () => clock.nowMs() }));
  const report = await next.open();
  expect(report.cleanShutdown).toBe(false);
  const recovered = report.partitions.filter((one) => one.recoveredFromOffset < one.logEndOffset);
  expect(recovered).toMatchObject([{ partition: 3, logEndOffset: 2 }]);
  await next.close();
});

test("a damaged or missing file of stamps costs a look into the logs, nothing else", async () => {
  for (const content of [undefined, new Uint8Array(5), new Uint8Array(200).fill(7)]) {
    const fileSystem = await stopped();
    fileSystem.removeSync(`/data/${LOG_STAMPS_FILE}`);
    if (content !== undefined) {
      const handle = fileSystem.openSync(`/data/${LOG_STAMPS_FILE}`, "create");
      handle.writeSync([content], 0);
      handle.closeSync();
    }
    const engine = create(fileSystem);
    expect(await opensOf(fileSystem, engine)).toBeGreaterThanOrEqual(PARTITIONS);
    expect(engine.partition("t", 3)).toMatchObject({ online: true, logEndOffset: 1 });
    await engine.close();
  }
});

test("a log that was left alone for two checkpoints is in order, so that a kill leaves nothing to recover", async () => {
  const fileSystem = await stopped();
  const engine = create(fileSystem);
  await engine.open();
  clock.advance(1000);
  await append(engine, 3);
  for (let minute = 0; minute < 3; minute++) {
    clock.advance(60_000);
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
  }
  const next = create(new MemoryFileSystem({ disk: fileSystem.disk, nowMs: () => clock.nowMs() }));
  const report = await next.open();
  expect(report.partitions.filter((one) => one.recoveredFromOffset < one.logEndOffset)).toEqual([]);
  expect(next.partition("t", 3)).toMatchObject({ online: true, logEndOffset: 2 });
  await next.close();
});

test("of many logs a stop leaves small indexes to the stamps, and the next start goes on with them", async () => {
  const fileSystem = disk();
  const engine = create(fileSystem);
  await engine.open();
  const logs = 600;
  for (let partition = 0; partition < logs; partition++) await append(engine, partition);
  clock.advance(1000);
  await engine.close();
  clock.advance(1000);
  const hasIndex = (partition: number): boolean =>
    fileSystem.existsSync(`/data/t-${partition}/00000000000000000000.index`);
  const written = Array.from({ length: logs }, (_, partition) => hasIndex(partition));
  expect(written.filter(Boolean)).toHaveLength(512);
  const left = written.indexOf(false);
  const next = create(fileSystem);
  expect(await opensOf(fileSystem, next)).toBeLessThan(PARTITIONS);
  expect(next.partition("t", left)).toMatchObject({ logEndOffset: 1, latestLeaderEpoch: 2 });
  await append(next, left);
  const traced = fileSystem.trace.length;
  await next.close();
  const untouched = written.lastIndexOf(false);
  const touched = fileSystem.trace
    .slice(traced)
    .some((operation) => JSON.stringify(operation).includes(`/data/t-${untouched}/`));
  expect(touched).toBe(false);
  expect(hasIndex(left)).toBe(true);
  const last = create(fileSystem);
  await last.open();
  expect(last.partition("t", left)).toMatchObject({ logEndOffset: 2 });
  await last.close();
});

test("a lost file of stamps costs only a look into logs whose indexes were in it", async () => {
  const fileSystem = disk();
  const engine = create(fileSystem);
  await engine.open();
  for (let partition = 0; partition < 520; partition++) await append(engine, partition);
  await engine.close();
  fileSystem.removeSync(`/data/${LOG_STAMPS_FILE}`);
  const next = create(fileSystem);
  const report = await next.open();
  expect(report.partitions.every(({ logEndOffset }) => logEndOffset === 1)).toBe(true);
  for (const partition of [0, 519]) await append(next, partition);
  await next.close();
});

test("recovery points are noted whenever much was written, before the interval of checkpoints is over", async () => {
  const fileSystem = disk();
  const engine = create(fileSystem, { recoveryPointBytes: 10_000 });
  await engine.open();
  const pointAfterAWhile = async (): Promise<string> => {
    clock.advance(2_000);
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    const path = `/data/${RECOVERY_POINT_CHECKPOINT}`;
    return fileSystem.existsSync(path)
      ? new TextDecoder().decode(fileSystem.readFileSync(path))
      : "";
  };
  await append(engine, 0);
  expect(await pointAfterAWhile()).not.toContain("t 0 1");
  for (let count = 0; count < 200; count++) await append(engine, 0);
  expect(await pointAfterAWhile()).toContain("t 0 201");
  await engine.close();
});
