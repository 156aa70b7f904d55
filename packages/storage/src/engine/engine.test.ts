import { ErrorCode, iterateBatches, iterateRecords } from "@ottla/protocol";
import { buildTestBatch, SeededRandom, testSeed } from "@ottla/testkit";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  append,
  appendBytes,
  copyOut,
  createPartition,
  ENGINE_KINDS,
  EngineFixture,
  EVERYTHING,
  OTHER_TOPIC_ID,
  readAll,
  readOnce,
  until,
} from "../../test-support/engine-fixture.ts";
import { defaultLogConfig, type AppendOutcome } from "../index.ts";

function offsetsOf(outcomes: readonly AppendOutcome[]): (number | string)[] {
  return outcomes.map((outcome) =>
    outcome.ok ? outcome.baseOffset : `error ${outcome.errorCode}`,
  );
}

describe.each(ENGINE_KINDS)("%s", (kind) => {
  let fixture: EngineFixture;

  beforeEach(() => {
    fixture = new EngineFixture(kind);
  });

  afterEach(() => fixture.dispose());

  it("appends in call order with dense offsets, on several partitions at once", async () => {
    const engine = await fixture.open({ workers: 2 });
    const logs = [
      await createPartition(engine, 0),
      await createPartition(engine, 1),
      await createPartition(engine, 2),
    ];
    const all = logs.map((log) =>
      Promise.all(
        Array.from({ length: 100 }, (_, index) =>
          append(engine, log, { records: 1 + (index % 3) }),
        ),
      ),
    );
    for (const outcomes of await Promise.all(all)) {
      let expected = 0;
      for (const [index, outcome] of outcomes.entries()) {
        expect(outcome).toMatchObject({
          ok: true,
          baseOffset: expected,
          lastOffset: expected + (index % 3),
          duplicate: false,
        });
        expected += 1 + (index % 3);
      }
    }
    for (const log of logs)
      expect([log.logEndOffset, log.durableOffset, log.latestLeaderEpoch]).toEqual([199, 199, 3]);
  });

  it("acknowledges after the sync and not before, and tells its listener first", async () => {
    const engine = await fixture.open();
    const log = await createPartition(engine, 0);
    const seen: string[] = [];
    log.onChange = () => seen.push(`durable ${log.durableOffset}`);
    fixture.disk.closeGate();
    const begun = fixture.disk.syncsBegun;
    const appending = append(engine, log).then((outcome) =>
      seen.push(`acknowledged ${offsetsOf([outcome]).join()}`),
    );
    await until(() => fixture.disk.syncsBegun > begun);
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(seen).toEqual([]);
    fixture.disk.openGate();
    await appending;
    expect(seen).toEqual(["durable 1", "acknowledged 0"]);
  });

  it("acknowledges after the write under flush policy none", async () => {
    const engine = await fixture.open({ flush: "none" });
    const log = await createPartition(engine, 0);
    fixture.disk.closeGate();
    expect(offsetsOf([await append(engine, log), await append(engine, log)])).toEqual([0, 1]);
    expect(log.durableOffset).toBe(2);
  });

  it("syncs different partitions in parallel and commits what comes meanwhile as one group", async () => {
    const engine = await fixture.open({ workers: 1 });
    const [first, second] = [await createPartition(engine, 0), await createPartition(engine, 1)];
    fixture.disk.closeGate();
    const begun = fixture.disk.syncsBegun;
    const appends = [append(engine, first), append(engine, second)];
    await until(() => fixture.disk.syncsBegun === begun + 2);
    for (let index = 0; index < 20; index += 1) {
      appends.push(append(engine, first));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(fixture.disk.syncsBegun).toBe(begun + 2);
    fixture.disk.openGate();
    expect(offsetsOf(await Promise.all(appends))).toEqual([
      0,
      0,
      ...Array.from({ length: 20 }, (_, index) => index + 1),
    ]);
    expect(fixture.disk.syncsBegun).toBe(begun + 3);
  });

  it("takes five idempotent batches in flight in order and refuses one that skips", async () => {
    const engine = await fixture.open();
    const log = await createPartition(engine, 0);
    const producer = { producerId: 7n, producerEpoch: 0, records: 2 };
    const flights = [0, 2, 4, 6, 8].map((baseSequence) =>
      append(engine, log, { ...producer, baseSequence }),
    );
    flights.push(append(engine, log, { ...producer, baseSequence: 14 }));
    expect(offsetsOf(await Promise.all(flights))).toEqual([
      0,
      2,
      4,
      6,
      8,
      `error ${ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER}`,
    ]);
  });

  it("answers a repeat with the original offset, and not before the original is durable", async () => {
    const engine = await fixture.open();
    const log = await createPartition(engine, 0);
    const batch = {
      producerId: 7n,
      producerEpoch: 0,
      baseSequence: 0,
      records: 3,
      timestamp: Date.now(),
    };
    await append(engine, log);
    fixture.disk.closeGate();
    const begun = fixture.disk.syncsBegun;
    const original = append(engine, log, batch);
    await until(() => fixture.disk.syncsBegun > begun);
    let repeated: AppendOutcome | undefined;
    const repeating = append(engine, log, batch).then((outcome) => (repeated = outcome));
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(repeated).toBeUndefined();
    fixture.disk.openGate();
    expect(await original).toMatchObject({ ok: true, baseOffset: 1, duplicate: false });
    expect(await repeating).toMatchObject({
      ok: true,
      baseOffset: 1,
      lastOffset: 3,
      duplicate: true,
    });
    expect(await append(engine, log, batch)).toMatchObject({
      ok: true,
      baseOffset: 1,
      duplicate: true,
    });
    expect(log.logEndOffset).toBe(4);
    expect([...iterateBatches(await readAll(log))].map((view) => view.baseOffset)).toEqual([0, 1]);
  });

  it("keeps order when far more appends are in flight than the ring has entries", async () => {
    const engine = await fixture.open();
    const log = await createPartition(engine, 0);
    const bytes = buildTestBatch({ timestamp: Date.now() });
    const outcomes = await Promise.all(
      Array.from({ length: 10_000 }, () => appendBytes(engine, log, bytes)),
    );
    expect(outcomes.every((outcome, index) => outcome.ok && outcome.baseOffset === index)).toBe(
      true,
    );
    const offsets = [...iterateBatches(await readAll(log))].map((view) => view.baseOffset);
    expect(offsets).toEqual(Array.from({ length: 10_000 }, (_, index) => index));
  });

  it("runs out of slab space while nothing is acknowledged, and calls back when there is space", async () => {
    const engine = await fixture.open({ slabBudgetBytes: 2 * 1024 * 1024, tailBudgetBytes: 0 });
    const log = await createPartition(engine, 0);
    fixture.disk.closeGate();
    const bytes = buildTestBatch({ timestamp: Date.now(), valueBytes: 500_000 });
    const appends: Promise<AppendOutcome>[] = [];
    for (
      let records = engine.slabs.allocate(bytes.length);
      records !== undefined;
      records = engine.slabs.allocate(bytes.length)
    ) {
      records.bytes.set(bytes);
      appends.push(log.append({ records, leaderEpoch: 0, origin: "client" }));
      records.release();
    }
    expect(appends).toHaveLength(4);
    expect(engine.slabs.usedBytes).toBeLessThanOrEqual(engine.slabs.budgetBytes);
    let calls = 0;
    engine.slabs.whenSpace(() => (calls += 1));
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(calls).toBe(0);
    fixture.disk.openGate();
    await Promise.all(appends);
    await until(() => calls === 1);
    expect(engine.slabs.allocate(bytes.length)).toBeDefined();
  });

  it("gives the memory of the tail back when the sockets need it", async () => {
    const engine = await fixture.open({
      slabBudgetBytes: 2 * 1024 * 1024,
      tailBudgetBytes: 2 * 1024 * 1024,
    });
    const log = await createPartition(engine, 0);
    for (let index = 0; index < 20; index += 1) {
      expect(await append(engine, log, { valueBytes: 300_000 })).toMatchObject({
        ok: true,
        baseOffset: index,
      });
    }
    expect(log.readTail({ ...EVERYTHING, startOffset: 0 })).toBeUndefined();
    expect(log.readTail({ ...EVERYTHING, startOffset: 19 })).toMatchObject({
      ok: true,
      nextOffset: 20,
    });
  });

  it("has everything after a clean close and reopen, producer state included", async () => {
    const engine = await fixture.open();
    const log = await createPartition(engine, 0);
    const batch = {
      producerId: 9n,
      producerEpoch: 1,
      baseSequence: 0,
      records: 5,
      timestamp: Date.now(),
    };
    await append(engine, log, batch);
    await append(engine, log, { valueBytes: 5000 });
    const before = await readAll(log);
    await engine.close();
    const again = fixture.create();
    const report = await again.open();
    expect(report).toMatchObject({
      cleanShutdown: true,
      partitions: [{ topic: "orders", partition: 0, logEndOffset: 6, truncatedBytes: 0 }],
    });
    const reopened = again.partition("orders", 0);
    if (reopened === undefined) throw new Error("the partition is gone");
    expect([reopened.logEndOffset, reopened.durableOffset, reopened.latestLeaderEpoch]).toEqual([
      6, 6, 3,
    ]);
    expect((await readAll(reopened)).equals(before)).toBe(true);
    expect(await append(again, reopened, batch)).toMatchObject({
      ok: true,
      baseOffset: 0,
      duplicate: true,
    });
    expect(await append(again, reopened)).toMatchObject({ ok: true, baseOffset: 6 });
  });

  it("refuses a directory that another engine has open, and leaves that one alone", async () => {
    const engine = await fixture.open();
    const log = await createPartition(engine, 0);
    await expect(fixture.create().open()).rejects.toThrow(`in use by process ${process.pid}`);
    expect(await append(engine, log)).toMatchObject({ ok: true });
  });

  it("takes the directory offline at the first failed sync: what waits fails, nothing is retried, nothing is acknowledged", async () => {
    const engine = await fixture.open({ workers: 2 });
    const logs = [await createPartition(engine, 0), await createPartition(engine, 1)];
    await Promise.all(logs.map((log) => append(engine, log)));
    const offline: string[] = [];
    engine.onDirectoryOffline = (directory) => offline.push(directory);
    fixture.disk.closeGate();
    const begun = fixture.disk.syncsBegun;
    const waiting = logs.flatMap((log) => [append(engine, log), append(engine, log)]);
    await until(() => fixture.disk.syncsBegun === begun + 2);
    fixture.disk.failNextSync();
    const done = fixture.disk.syncsDone;
    fixture.disk.openGate();
    const outcomes = offsetsOf(await Promise.all(waiting));
    // The other file's sync may have succeeded before the failure was known; its group counts then, whole.
    const failed = `error ${ErrorCode.KAFKA_STORAGE_ERROR}`;
    expect(outcomes.filter((outcome) => outcome === failed).length).toBeGreaterThanOrEqual(2);
    expect(offline).toEqual([fixture.directory]);
    expect(logs.map((log) => log.online)).toEqual([false, false]);
    expect(offsetsOf(await Promise.all(logs.map((log) => append(engine, log))))).toEqual([
      failed,
      failed,
    ]);
    expect(await logs[0]?.read(EVERYTHING)).toEqual({
      ok: false,
      errorCode: ErrorCode.KAFKA_STORAGE_ERROR,
    });
    await engine.close();
    expect(fixture.disk.syncsDone - done).toBeLessThanOrEqual(1);

    const again = fixture.create();
    expect((await again.open()).cleanShutdown).toBe(false);
    for (const [partition, log] of logs.entries()) {
      expect(again.partition("orders", partition)?.logEndOffset).toBe(log.durableOffset);
    }
  });

  it("answers a failed write with an error and goes on at the same offset", async () => {
    const engine = await fixture.open();
    const log = await createPartition(engine, 0);
    await append(engine, log);
    fixture.disk.failNextWrite();
    expect(await append(engine, log)).toMatchObject({
      ok: false,
      errorCode: ErrorCode.KAFKA_STORAGE_ERROR,
    });
    expect(log.online).toBe(true);
    expect(await append(engine, log)).toMatchObject({ ok: true, baseOffset: 1 });
    expect([...iterateBatches(await readAll(log))].map((view) => view.baseOffset)).toEqual([0, 1]);
  });

  it("deletes a partition with all its files and lets the name be used again", async () => {
    const engine = await fixture.open();
    const log = await createPartition(engine, 0);
    await append(engine, log, { valueBytes: 100 });
    await engine.deletePartition({ topic: "orders", partition: 0 });
    expect(engine.partition("orders", 0)).toBeUndefined();
    expect(await append(engine, log)).toMatchObject({
      ok: false,
      errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
    });
    expect(await log.read(EVERYTHING)).toEqual({
      ok: false,
      errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
    });
    const again = await engine.createPartition({
      topic: "orders",
      partition: 0,
      topicId: OTHER_TOPIC_ID,
      config: defaultLogConfig,
    });
    expect(await append(engine, again)).toMatchObject({ ok: true, baseOffset: 0 });
    await until(() => readdirSync(fixture.directory).every((name) => !name.endsWith("-delete")));
    await engine.close();
    expect(readdirSync(fixture.directory).filter((name) => name.startsWith("orders"))).toEqual([
      "orders-0",
    ]);
  });

  it("gives the existing log for the same topic id and refuses another", async () => {
    const engine = await fixture.open();
    const [one, two] = await Promise.all([createPartition(engine, 0), createPartition(engine, 0)]);
    expect(two).toBe(one);
    await expect(
      engine.createPartition({
        topic: "orders",
        partition: 0,
        topicId: OTHER_TOPIC_ID,
        config: defaultLogConfig,
      }),
    ).rejects.toThrow("topic id");
  });

  it("drops old segments on a retention run, files and all, and stays so after a reopen", async () => {
    const engine = await fixture.open();
    const log = await createPartition(engine, 0, {
      segmentBytes: 4096,
      retentionBytes: 8192,
      fileDeleteDelayMs: 0,
    });
    for (let index = 0; index < 30; index += 1) await append(engine, log, { valueBytes: 1000 });
    await engine.runRetention();
    expect(log.logStartOffset).toBeGreaterThan(0);
    expect(log.logEndOffset).toBe(30);
    expect(await log.read({ ...EVERYTHING, startOffset: log.logStartOffset - 1 })).toEqual({
      ok: false,
      errorCode: ErrorCode.OFFSET_OUT_OF_RANGE,
    });
    expect([...iterateBatches(await readAll(log))][0]?.baseOffset).toBe(log.logStartOffset);
    const files = (): string[] => readdirSync(`${fixture.directory}/orders-0`);
    await until(() => files().every((name) => !name.endsWith(".deleted")));
    expect(files().filter((name) => name.endsWith(".log")).length).toBeLessThanOrEqual(3);
    const { logStartOffset } = log;
    await engine.close();
    const again = await fixture.open();
    expect(again.partition("orders", 0)).toMatchObject({ logStartOffset, logEndOffset: 30 });
  });

  it("keeps a log start that was moved by request over a crash", async () => {
    const engine = await fixture.open();
    const log = await createPartition(engine, 0);
    for (let index = 0; index < 5; index += 1) await append(engine, log);
    expect(await log.deleteRecordsBefore(3)).toBe(3);
    expect(log.logStartOffset).toBe(3);
    expect(readFileSync(`${fixture.directory}/log-start-offset-checkpoint`, "utf8")).toContain(
      "orders 0 3",
    );
  });

  it("answers the rare calls: by timestamp, greatest timestamp, epoch", async () => {
    const engine = await fixture.open();
    const log = await createPartition(engine, 0);
    expect(await log.offsetOfMaxTimestamp()).toBeUndefined();
    const startMs = Date.now() - 10_000;
    for (let index = 0; index < 4; index += 1)
      await append(engine, log, { timestamp: startMs + index * 1000 });
    expect(await log.offsetForTimestamp(startMs + 1500)).toEqual({
      timestampMs: startMs + 2000,
      offset: 2,
      leaderEpoch: 3,
    });
    expect(await log.offsetForTimestamp(startMs + 99_000)).toBeUndefined();
    expect(await log.offsetOfMaxTimestamp()).toMatchObject({ offset: 3 });
    expect(await log.endOffsetForEpoch(3)).toEqual({ leaderEpoch: 3, endOffset: 4 });
    expect(await log.epochForOffset(2)).toBe(3);
  });

  it("reads the same bytes from the memory tail and from disk, for any request", async () => {
    const seed = testSeed();
    const random = new SeededRandom(seed);
    const engine = await fixture.open();
    const log = await createPartition(engine, 0);
    for (let index = 0; index < 150; index += 1) {
      await append(engine, log, {
        records: 1 + random.nextInt(4),
        valueBytes: 1 + random.nextInt(1500),
      });
    }
    const requests = Array.from({ length: 200 }, () => ({
      startOffset: random.nextInt(log.logEndOffset + 1),
      limitOffset: random.nextInt(log.logEndOffset + 20),
      maxBytes: random.nextInt(20_000),
      minOneBatch: random.chance(0.5),
    }));
    const fromTail = requests.map((request) => {
      const outcome = log.readTail(request);
      if (!outcome?.ok)
        throw new Error(`the tail does not hold ${JSON.stringify(request)}; OTTLA_SEED=${seed}`);
      return copyOut(outcome);
    });
    expect(fixture.disk.reads).toBe(0);
    await engine.close();
    const again = await fixture.open();
    const reopened = again.partition("orders", 0);
    for (const [index, request] of requests.entries()) {
      const outcome = await reopened?.read(request);
      if (!outcome?.ok)
        throw new Error(`disk read failed for ${JSON.stringify(request)}; OTTLA_SEED=${seed}`);
      const fromDisk = copyOut(outcome);
      const label = `${JSON.stringify(request)}; OTTLA_SEED=${seed}`;
      expect({ nextOffset: fromDisk.nextOffset, label }).toEqual({
        nextOffset: fromTail[index]?.nextOffset,
        label,
      });
      expect(fromDisk.bytes.equals(fromTail[index]?.bytes ?? Buffer.alloc(0)), label).toBe(true);
    }
    expect(fixture.disk.reads).toBeGreaterThan(0);
  });

  it("serves the tail from the slab that received it, without a copy and without looking inside", async () => {
    const engine = await fixture.open();
    const log = await createPartition(engine, 0);
    const bytes = buildTestBatch({ timestamp: Date.now(), compression: 4, records: 50 });
    const records = engine.slabs.allocate(bytes.length);
    if (records === undefined) throw new Error("no slab");
    records.bytes.set(bytes);
    await log.append({ records, leaderEpoch: 0, origin: "client" });
    // Whoever decoded, decompressed or checked these bytes again would now stumble.
    records.bytes.fill(0xff, 61);
    const outcome = log.readTail(EVERYTHING);
    if (!outcome?.ok) throw new Error("not in the tail");
    const [slice] = outcome.slices;
    expect(slice?.buffer).toBe(records.bytes.buffer);
    expect(slice?.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect(slice?.byteOffset).toBe(records.bytes.byteOffset);
    expect(outcome).toMatchObject({ sizeBytes: bytes.length, nextOffset: 50 });
    outcome.release();
    records.release();
  });

  it("reads from disk into shared memory as the bytes lie there, without looking inside", async () => {
    const engine = await fixture.open();
    await append(engine, await createPartition(engine, 0), { compression: 1, records: 50 });
    await engine.close();
    const path = `${fixture.directory}/orders-0/00000000000000000000.log`;
    const again = await fixture.open();
    const stored = readFileSync(path);
    stored.fill(0xff, 61);
    writeFileSync(path, stored);
    const outcome = await again.partition("orders", 0)?.read(EVERYTHING);
    if (!outcome?.ok) throw new Error("read failed");
    expect(outcome.slices.every((slice) => slice.buffer instanceof SharedArrayBuffer)).toBe(true);
    expect(copyOut(outcome).bytes.equals(stored)).toBe(true);
  });

  it("reads a batch that is larger than a read, when asked for at least one", async () => {
    const engine = await fixture.open({ tailBudgetBytes: 0 });
    const log = await createPartition(engine, 0, { maxMessageBytes: 8 * 1024 * 1024 });
    await append(engine, log, { valueBytes: 3 * 1024 * 1024 });
    const whole = await readOnce(log, { maxBytes: 100 });
    expect(whole.nextOffset).toBe(1);
    expect(
      [...iterateBatches(whole.bytes)]
        .flatMap((view) => [...iterateRecords(view, { maxDecompressedBytes: 1 })])
        .map(({ value }) => value?.length),
    ).toEqual([3 * 1024 * 1024]);
    const none = await log.read({ ...EVERYTHING, maxBytes: 100, minOneBatch: false });
    expect(none).toMatchObject({ ok: true, slices: [], nextOffset: 0 });
  });

  it("does not serve from the tail what the log recompressed", async () => {
    const engine = await fixture.open();
    const log = await createPartition(engine, 0, { compressionType: "gzip" });
    await append(engine, log, { records: 20, valueBytes: 200 });
    expect(log.readTail(EVERYTHING)).toBeUndefined();
    const [view] = [...iterateBatches(await readAll(log))];
    expect(view?.compression).toBe(1);
  });

  it("releases every slab once nothing is held any more", async () => {
    const engine = await fixture.open({ tailBudgetBytes: 0 });
    const log = await createPartition(engine, 0);
    await Promise.all(
      Array.from({ length: 50 }, () => append(engine, log, { valueBytes: 100_000 })),
    );
    await readAll(log);
    expect(engine.slabs.usedBytes).toBe(0);
  });

  it("closes twice without harm, and answers calls after it with an error", async () => {
    const engine = await fixture.open();
    const log = await createPartition(engine, 0);
    await Promise.all([engine.close(), engine.close()]);
    expect(await append(engine, log)).toMatchObject({
      ok: false,
      errorCode: ErrorCode.KAFKA_STORAGE_ERROR,
    });
    await expect(createPartition(engine, 1)).rejects.toThrow("closed");
    expect(existsSync(`${fixture.directory}/.kafka_cleanshutdown`)).toBe(true);
  });
});
