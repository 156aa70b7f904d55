import {
  buildControlBatch,
  CompressionType,
  iterateBatches,
  RecordBatchBuilder,
  type RecordBatchBuilderOptions,
} from "@ottla/protocol";
import type { MemoryFileSystem } from "@ottla/testkit";
import { afterEach, describe, expect, test } from "vitest";
import {
  CompactionWorld,
  PARTITION_DIRECTORY,
  recordsOf,
} from "../../test-support/compaction/compaction-world.ts";
import { TOPIC_ID } from "../../test-support/engine-fixture.ts";
import type { LogConfig } from "../index.ts";

const RETENTION_MS = 60_000;
const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

let world: CompactionWorld;
afterEach(() => world?.engine.close());

async function open(config: Partial<LogConfig> = {}): Promise<void> {
  world = new CompactionWorld({
    seed: 1,
    config: {
      segmentBytes: 600,
      deleteRetentionMs: RETENTION_MS,
      messageTimestampType: "CreateTime",
      ...config,
    },
  });
  await world.open();
}

type Entry = readonly [key: string, value: string | null];

async function put(
  entries: readonly Entry[],
  options: RecordBatchBuilderOptions = {},
): Promise<number> {
  const builder = new RecordBatchBuilder(options);
  for (const [key, value] of entries)
    builder.append({
      timestamp: world.clock.nowMs(),
      key: encode(key),
      value: value === null ? null : encode(value),
    });
  const { baseOffset } = await world.send(builder.build(), {
    origin: "client",
    ...(options.transactional && { transaction: "verified" as const }),
  });
  return baseOffset;
}

async function mark(type: "commit" | "abort", producerId: bigint): Promise<void> {
  const marker = { type, coordinatorEpoch: 1, producerId, producerEpoch: 0 };
  await world.send(buildControlBatch({ ...marker, timestamp: world.clock.nowMs() }), {
    origin: "coordinator",
  });
}

/** Seals what was written: so many bytes under a key of their own. */
async function fill(): Promise<void> {
  for (let count = 0; count < 3; count++) await put([["filler", "x".repeat(300)]]);
}

const keys = async (): Promise<string[]> =>
  recordsOf(await world.readBytes()).map(({ key, value }) => `${key}=${value?.slice(0, 3)}`);

const batchAt = async (offset: number) =>
  [...iterateBatches(await world.readBytes())].find((batch) => batch.baseOffset === offset);

describe("a tombstone", () => {
  test.each(Object.entries(CompressionType))(
    "stays for delete.retention.ms from the first clean that saw it (%s)",
    async (_, compression) => {
      await open();
      await put([["a", "1"]]);
      const offset = await put(
        [
          ["b", "2"],
          ["a", null],
        ],
        { compression },
      );
      await fill();
      world.clock.advance(RETENTION_MS * 10);
      await world.clean();
      const batch = await batchAt(offset);
      expect(batch).toMatchObject({ hasDeleteHorizon: true, recordCount: 2, compression });
      expect(batch?.baseTimestamp).toBe(world.clock.nowMs() + RETENTION_MS);
      expect(await keys()).toEqual(expect.arrayContaining(["b=2", "a=undefined"]));
      world.clock.advance(RETENTION_MS - 1);
      await fill();
      await world.clean();
      expect(await keys()).toContain("a=undefined");
      expect((await batchAt(offset))?.baseTimestamp).toBe(batch?.baseTimestamp);
      world.clock.advance(1);
      await fill();
      await world.clean();
      expect(await keys()).not.toContain("a=undefined");
      const [record] = recordsOf((await batchAt(offset))!.batchBytes());
      expect(record).toMatchObject({ key: "b", timestamp: batch!.maxTimestamp });
    },
  );
});

describe("a transaction", () => {
  const transactional = { transactional: true, producerId: 9n, producerEpoch: 0 };

  test("that was aborted loses its data at once and its marker when the horizon has passed", async () => {
    await open();
    await put([["a", "old"]]);
    await put([["a", "aborted"]], { ...transactional, baseSequence: 0 });
    await mark("abort", 9n);
    // Another batch of the producer, so that nothing of the transaction has to stay for its sequence.
    await put([["z", "9"]], { producerId: 9n, producerEpoch: 0, baseSequence: 1 });
    await fill();
    const abortedOf = () => world.log.abortedTransactions(0, world.log.logEndOffset);
    await world.clean();
    expect(await keys()).toContain("a=old");
    expect(await keys()).not.toContain("a=abo");
    expect(await abortedOf()).toHaveLength(1);
    expect((await batchAt(2))?.hasDeleteHorizon).toBe(false);
    await fill();
    await world.clean();
    expect(await batchAt(2)).toMatchObject({ isControl: true, hasDeleteHorizon: true });
    expect(await abortedOf()).toHaveLength(0);
    world.clock.advance(RETENTION_MS);
    await fill();
    await world.clean();
    expect(await batchAt(2)).toBeUndefined();
    expect(await keys()).toContain("a=old");
  });

  test("that is open holds up the clean", async () => {
    await open();
    await put([["a", "1"]], { ...transactional, baseSequence: 0 });
    await fill();
    await fill();
    expect((await world.clean()).logs).toEqual([]);
    await mark("commit", 9n);
    expect((await world.clean()).logs).toMatchObject([{ outcome: "cleaned" }]);
  });
});

test("the last batch of a producer stays without records, and its sequence goes on", async () => {
  await open();
  const producer = { producerId: 5n, producerEpoch: 2 };
  const offset = await put(
    [
      ["a", "1"],
      ["b", "1"],
    ],
    { ...producer, baseSequence: 40 },
  );
  await put([
    ["a", "2"],
    ["b", "2"],
  ]);
  await fill();
  await world.clean();
  expect(await batchAt(offset)).toMatchObject({
    recordCount: 0,
    lastOffset: offset + 1,
    producerId: 5n,
    baseSequence: 40,
    lastSequence: 41,
  });
  await world.restart();
  await put([["c", "3"]], { ...producer, baseSequence: 42 });
});

test("records younger than min.compaction.lag.ms stay, older than max.compaction.lag.ms go without more writes", async () => {
  await open({ minCompactionLagMs: 1000, maxCompactionLagMs: 5000, minCleanableDirtyRatio: 1 });
  await put([["a", "1"]]);
  await put([["a", "2"]]);
  expect((await world.clean()).logs).toEqual([]);
  world.clock.advance(5001);
  expect((await world.clean()).logs).toMatchObject([{ outcome: "cleaned" }]);
  expect(await keys()).toEqual(["a=2"]);
});

test("retention of compact,delete takes emptied segments, too, and a clean of a log that changes leaves it alone", async () => {
  await open({ cleanupPolicy: ["compact", "delete"], retentionMs: 10_000 });
  for (let round = 0; round < 20; round++) await put([["a", `${round} ${"x".repeat(200)}`]]);
  await world.clean();
  world.clock.advance(20_000);
  await put([["b", "new"]]);
  const cleaning = world.clean();
  await world.engine.runRetention();
  for (const { outcome } of (await cleaning).logs)
    expect(["cleaned", "superseded"]).toContain(outcome);
  expect((await world.clean()).uncleanable).toEqual([]);
  expect(await keys()).toContain("b=new");
  expect(world.log.logStartOffset).toBeGreaterThan(15);
});

test("a log that is deleted under a clean is no failure, and a new one of the name begins afresh", async () => {
  await open();
  for (let round = 0; round < 30; round++) await put([["a", "x".repeat(200)]]);
  const cleaning = world.clean();
  await world.engine.deletePartition({ topic: "orders", partition: 0 });
  expect((await cleaning).uncleanable).toEqual([]);
  await world.engine.createPartition({
    topic: "orders",
    partition: 0,
    topicId: TOPIC_ID,
    config: world.config,
  });
  world.log = world.engine.partition("orders", 0)!;
  for (let round = 0; round < 30; round++) await put([["a", "y".repeat(200)]]);
  expect((await world.clean()).logs).toMatchObject([{ outcome: "cleaned", firstDirtyOffset: 0 }]);
});

describe("a disk that fails", () => {
  const files = (): string[] =>
    world.fileSystem.listSync(PARTITION_DIRECTORY).filter((name) => /cleaned|swap/.test(name));

  test("by being full leaves the log as it was, until there is space", async () => {
    await open();
    await put([["first", "stays, so that the first segment has something to write"]]);
    for (let round = 0; round < 30; round++) await put([["a", `${round}${"x".repeat(200)}`]]);
    const before = await world.readBytes();
    for (let nth = 1; nth <= 4; nth++) {
      world.fileSystem.faults.add({ call: "write", nth, code: "ENOSPC", path: ".cleaned" });
      const { logs, uncleanable } = await world.clean();
      world.fileSystem.faults.clear();
      expect(logs).toMatchObject([{ outcome: "no-space" }]);
      expect(uncleanable).toEqual([]);
      expect(files()).toEqual([]);
      expect(await keys()).toContain("a=29x");
      // Later calls fail after the first segments were put in place.
      if (nth === 1) expect((await world.readBytes()).equals(before)).toBe(true);
    }
    expect(world.log.online).toBe(true);
    await world.clean();
    expect(recordsOf(await world.readBytes()).length).toBeLessThan(10);
  });

  test("while it is read makes the log uncleanable, and it serves on", async () => {
    await open();
    for (let round = 0; round < 30; round++) await put([["a", `${round}${"x".repeat(200)}`]]);
    const damaged = `${PARTITION_DIRECTORY}/00000000000000000000.log`;
    flipByte(world.fileSystem, damaged, 100);
    const { logs, uncleanable } = await world.clean();
    expect(logs).toMatchObject([{ outcome: "failed" }]);
    expect(logs[0]?.reason).toContain("CRC");
    expect(uncleanable).toEqual([{ topic: "orders", partition: 0 }]);
    expect(world.log.online).toBe(true);
    expect((await world.clean()).logs).toEqual([]);
  });

  test("in the middle of a swap takes the directory offline, and the next start completes it", async () => {
    await open();
    for (let round = 0; round < 30; round++) await put([["a", `${round}${"x".repeat(200)}`]]);
    world.fileSystem.faults.add({ call: "rename", nth: 1, code: "EIO", path: ".log.swap" });
    await world.clean();
    expect(world.log.online).toBe(false);
    world.fileSystem.faults.clear();
    await world.restart();
    expect(await keys()).toContain("a=29x");
    expect(files()).toEqual([]);
  });

  test("when the swap is marked only undoes it", async () => {
    await open();
    for (let round = 0; round < 30; round++) await put([["a", `${round}${"x".repeat(200)}`]]);
    const before = await world.readBytes();
    world.fileSystem.faults.add({ call: "rename", nth: 2, code: "EIO", path: ".cleaned" });
    await world.clean();
    world.fileSystem.faults.clear();
    expect(world.log.online).toBe(true);
    expect(files()).toEqual([]);
    expect((await world.readBytes()).equals(before)).toBe(true);
  });
});

function flipByte(fileSystem: MemoryFileSystem, path: string, position: number): void {
  const handle = fileSystem.openSync(path, "write");
  const byte = new Uint8Array(1);
  handle.readSync(byte, position);
  byte[0]! ^= 0xff;
  handle.writeSync([byte], position);
  handle.closeSync();
}
