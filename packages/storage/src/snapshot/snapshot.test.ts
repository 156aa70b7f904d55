import { NodeFileSystem } from "@ottla/runtime";
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  append,
  createPartition,
  ENGINE_KINDS,
  EngineFixture,
  readAll,
  type TestedEngine,
} from "../../test-support/engine-fixture.ts";
import {
  defaultLogConfig,
  listSnapshots,
  loadSnapshot,
  removeSnapshot,
  type PartitionLog,
} from "../index.ts";

const fileSystem = new NodeFileSystem();
const NEW_ID = "AAAAAAAAQACAAAAAAAAAAA";

describe.each(ENGINE_KINDS)("snapshots of a %s", (kind) => {
  let fixture: EngineFixture;
  let elsewhere: string;
  let engine: TestedEngine;

  beforeEach(async () => {
    fixture = new EngineFixture(kind);
    elsewhere = mkdtempSync(join(tmpdir(), "ottla-branch-"));
    engine = await fixture.open({ workers: 2 });
  });

  afterEach(async () => {
    await fixture.dispose();
    rmSync(elsewhere, { recursive: true, force: true });
  });

  const save = (name: string) => engine.saveSnapshot({ name, createdMs: 1_700_000_000_000 });

  const load = (name: string, target: string) =>
    loadSnapshot({
      fileSystem,
      directory: fixture.directory,
      name,
      target: join(elsewhere, target),
      directoryId: NEW_ID,
    });

  async function openBranch(target: string): Promise<EngineFixture> {
    const branch = new EngineFixture(kind);
    rmSync(branch.directory, { recursive: true });
    Object.assign(branch, { directory: join(elsewhere, target) });
    return branch;
  }

  it("a branch holds what was acknowledged before the snapshot, and both go on apart", async () => {
    const log = await createPartition(engine, 0);
    for (let count = 0; count < 20; count++) await append(engine, log, { records: 3 });
    const before = await readAll(log);
    const manifest = await save("first");
    expect(manifest.partitions).toEqual([
      {
        topic: "orders",
        partition: 0,
        topicId: log.topicId,
        logStartOffset: 0,
        logEndOffset: 60,
        sizeBytes: before.length,
      },
    ]);
    await append(engine, log, { records: 5 });
    const loaded = await load("first", "branch");
    expect(loaded).toMatchObject({ partitions: 1 });
    expect(loaded.linkedBytes).toBeGreaterThanOrEqual(before.length);

    const branch = await openBranch("branch");
    const other = await branch.open();
    const branched = other.partition("orders", 0)!;
    expect(branched.logEndOffset).toBe(60);
    expect((await readAll(branched)).equals(before)).toBe(true);
    expect(await append(other, branched, { records: 1 })).toMatchObject({ baseOffset: 60 });
    expect(log.logEndOffset).toBe(65);
    expect(await append(engine, log, { records: 1 })).toMatchObject({ baseOffset: 65 });
    await branch.dispose();
    expect((await readAll(log)).subarray(0, before.length).equals(before)).toBe(true);
  });

  it("cuts all partitions at one moment while producers write to them in turn", async () => {
    const logs = await Promise.all([0, 1, 2, 3].map((index) => createPartition(engine, index)));
    let stop = false;
    // One record to each partition after the other, each after the acknowledgement of the one before.
    const producer = (async () => {
      while (!stop) for (const log of logs) await append(engine, log, { records: 1 });
    })();
    for (const name of ["one", "two", "three"]) {
      await new Promise((resolve) => setTimeout(resolve, 30));
      const { partitions } = await save(name);
      const ends = [0, 1, 2, 3].map(
        (index) => partitions.find(({ partition }) => partition === index)!.logEndOffset,
      );
      for (const [index, end] of ends.entries()) {
        const next = ends[index + 1] ?? ends[0]! - 1;
        expect(end - next === 0 || end - next === 1, `ends ${ends.join(" ")}`).toBe(true);
      }
      expect(ends[0]! - ends[3]!).toBeLessThanOrEqual(1);
    }
    stop = true;
    await producer;
    expect(listSnapshots(fileSystem, fixture.directory).map(({ name }) => name)).toEqual(
      expect.arrayContaining(["one", "two", "three"]),
    );
  });

  it("what retention removes from the log stays in the snapshot and in its branches", async () => {
    const log = await createPartition(engine, 0);
    for (let count = 0; count < 10; count++) await append(engine, log, { records: 2 });
    const before = await readAll(log);
    await save("kept");
    await log.updateConfig({ ...defaultLogConfig, retentionMs: 0, fileDeleteDelayMs: 0 });
    await new Promise((resolve) => setTimeout(resolve, 5));
    await engine.runRetention();
    expect(log.logStartOffset).toBe(20);
    await load("kept", "one");
    await removeSnapshot(fileSystem, fixture.directory, "kept");
    expect(listSnapshots(fileSystem, fixture.directory)).toEqual([]);
    const branch = await openBranch("one");
    const other = await branch.open();
    expect((await readAll(other.partition("orders", 0)!)).equals(before)).toBe(true);
    await branch.dispose();
  });

  it("keeps the log start, the epochs and what producers sent last", async () => {
    const log: PartitionLog = await createPartition(engine, 0);
    const idempotent = { producerId: 7n, producerEpoch: 0, records: 2 };
    await append(engine, log, { ...idempotent, baseSequence: 0 });
    await append(engine, log, { ...idempotent, baseSequence: 2 });
    await log.deleteRecordsBefore(3);
    await save("state");
    await load("state", "state");
    const branch = await openBranch("state");
    const other = await branch.open();
    const branched = other.partition("orders", 0)!;
    expect(branched).toMatchObject({ logStartOffset: 3, logEndOffset: 4, latestLeaderEpoch: 3 });
    expect(await append(other, branched, { ...idempotent, baseSequence: 2 })).toMatchObject({
      duplicate: true,
      baseOffset: 2,
    });
    await branch.dispose();
  });

  it("refuses a name that is taken, a name that is none, a full target and an unknown snapshot", async () => {
    await createPartition(engine, 0);
    await save("taken");
    await expect(save("taken")).rejects.toThrow('there is a snapshot "taken" already');
    await expect(save("../out")).rejects.toThrow("cannot name a snapshot");
    await expect(load("missing", "x")).rejects.toThrow("there are taken");
    await load("taken", "full");
    await expect(load("taken", "full")).rejects.toThrow("is not empty");
    expect(readdirSync(elsewhere)).toEqual(["full"]);
  });

  it("saves one snapshot at a time, and the one that is under way is not disturbed", async () => {
    const log = await createPartition(engine, 0);
    await append(engine, log, { records: 4 });
    const first = save("same");
    for (const name of ["same", "other"])
      await expect(save(name)).rejects.toThrow("another snapshot is being saved");
    expect((await first).partitions).toHaveLength(1);
    await load("same", "whole");
    const branch = await openBranch("whole");
    const other = await branch.open();
    expect(other.partition("orders", 0)).toMatchObject({ logEndOffset: 4 });
    await branch.dispose();
    await save("other");
  });

  it("shares the bytes of sealed segments and leaves nothing behind when it fails", async () => {
    const log = await createPartition(engine, 0);
    await append(engine, log, { records: 4 });
    await expect(
      engine.saveSnapshot({
        name: "broken",
        createdMs: 0,
        whileHeld: () => Promise.reject(new Error("no metadata")),
      }),
    ).rejects.toThrow("no metadata");
    const snapshots = join(fixture.directory, "ottla.snapshots");
    expect(readdirSync(snapshots)).toEqual([]);
    // The gate is open again.
    expect(await append(engine, log, { records: 1 })).toMatchObject({ ok: true });
    await save("linked");
    const file = "orders-0/00000000000000000000.log";
    expect(statSync(join(snapshots, "linked", file)).ino).toBe(
      statSync(join(fixture.directory, file)).ino,
    );
  });
});
