import { buildControlBatch, ErrorCode, iterateBatches } from "@ottla/protocol";
import { buildTestBatch } from "@ottla/testkit";
import { existsSync, linkSync, readdirSync, readFileSync } from "node:fs";
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
import { SPARSE_MARK } from "../checkpoint/sparse-mark.ts";
import type { AppendOutcome, AppendRequest, PartitionLog } from "../index.ts";

type Terms = Partial<Omit<AppendRequest, "records">>;

function appendAs(
  engine: TestedEngine,
  log: PartitionLog,
  bytes: Uint8Array,
  terms: Terms,
): Promise<AppendOutcome> {
  const records = engine.slabs.allocate(bytes.length);
  if (records === undefined) throw new Error("the slab budget of this test is too small");
  records.bytes.set(bytes);
  const outcome = log.append({ leaderEpoch: 3, origin: "client", ...terms, records });
  records.release();
  return outcome;
}

const VERIFIED: Terms = { transaction: "verified" };

function transactional(producerId: bigint, baseSequence: number): Uint8Array {
  const timestamp = Date.now();
  return buildTestBatch({
    producerId,
    producerEpoch: 0,
    baseSequence,
    transactional: true,
    timestamp,
  });
}

function marker(
  engine: TestedEngine,
  log: PartitionLog,
  type: "commit" | "abort",
  producerId: bigint,
): Promise<AppendOutcome> {
  const timestamp = Date.now();
  const batch = buildControlBatch({
    type,
    coordinatorEpoch: 5,
    producerId,
    producerEpoch: 0,
    timestamp,
  });
  return appendAs(engine, log, batch, { origin: "coordinator" });
}

/** Batches as a leader has them: offsets and epochs are set. */
function replicated(baseOffset: number, partitionLeaderEpoch: number, records = 1): Uint8Array {
  return buildTestBatch({ baseOffset, partitionLeaderEpoch, records, timestamp: Date.now() });
}

const joined = (...parts: readonly Uint8Array[]): Uint8Array =>
  new Uint8Array(Buffer.concat(parts));

describe.each(ENGINE_KINDS)("transactions in the %s", (kind) => {
  let fixture: EngineFixture;

  beforeEach(() => {
    fixture = new EngineFixture(kind);
  });

  afterEach(() => fixture.dispose());

  it("holds the last stable offset at the oldest open transaction and names the aborted ones", async () => {
    const engine = await fixture.open();
    const log = await createPartition(engine, 0);
    await append(engine, log);
    expect(log.lastStableOffset).toBe(1);
    await appendAs(engine, log, transactional(1n, 0), VERIFIED);
    await appendAs(engine, log, transactional(2n, 0), VERIFIED);
    expect(await appendAs(engine, log, transactional(1n, 1), {})).toMatchObject({ ok: true });
    expect(log).toMatchObject({
      lastStableOffset: 1,
      durableOffset: 4,
      hasAbortedTransactions: false,
    });
    expect(await log.abortedTransactions(0, 1)).toEqual([]);
    await marker(engine, log, "abort", 2n);
    expect(log).toMatchObject({ lastStableOffset: 1, hasAbortedTransactions: true });
    await marker(engine, log, "commit", 1n);
    expect(log).toMatchObject({ lastStableOffset: 6, durableOffset: 6 });
    expect(await log.abortedTransactions(0, 6)).toEqual([{ producerId: 2n, firstOffset: 2 }]);
    expect(await log.abortedTransactions(5, 6)).toEqual([]);
    expect(await log.producers()).toMatchObject([
      { producerId: 1n, lastSequence: 1, coordinatorEpoch: 5, currentTransactionStartOffset: -1 },
      { producerId: 2n, lastSequence: 0, coordinatorEpoch: 5, currentTransactionStartOffset: -1 },
    ]);
  });

  it("knows open and aborted transactions after a clean stop", async () => {
    const engine = await fixture.open();
    const log = await createPartition(engine, 0);
    await appendAs(engine, log, transactional(2n, 0), VERIFIED);
    await marker(engine, log, "abort", 2n);
    await appendAs(engine, log, transactional(1n, 0), VERIFIED);
    await append(engine, log);
    await engine.close();
    const again = (await fixture.open()).partition("orders", 0)!;
    expect(again).toMatchObject({
      lastStableOffset: 2,
      durableOffset: 4,
      hasAbortedTransactions: true,
    });
    expect(await again.abortedTransactions(0, 2)).toEqual([{ producerId: 2n, firstOffset: 0 }]);
  });

  it("refuses transactional batches that nobody verified, and forgotten terms do not reach the next append", async () => {
    const engine = await fixture.open();
    const log = await createPartition(engine, 0);
    const refused = { ok: false, errorCode: ErrorCode.INVALID_TXN_STATE };
    expect(await appendAs(engine, log, transactional(1n, 0), {})).toMatchObject(refused);
    await appendAs(engine, log, transactional(2n, 0), VERIFIED);
    expect(await appendAs(engine, log, transactional(1n, 0), {})).toMatchObject(refused);
    expect(
      await appendAs(engine, log, transactional(1n, 4), { ...VERIFIED, transactionVersion: 2 }),
    ).toMatchObject({ ok: false, errorCode: ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER });
    expect(await appendAs(engine, log, transactional(1n, 4), VERIFIED)).toMatchObject({ ok: true });
  });

  it("takes what a follower fetched as it is, and goes on from there", async () => {
    const engine = await fixture.open();
    const log = await createPartition(engine, 0);
    const last = replicated(7, 4, 3);
    const fetched = joined(replicated(0, 1, 2), replicated(2, 1), last);
    const cut = fetched.subarray(0, fetched.length - 5);
    const terms: Terms = { origin: "replica", leaderEpoch: 4 };
    expect(await appendAs(engine, log, cut, terms)).toMatchObject({
      ok: true,
      baseOffset: 0,
      lastOffset: 2,
    });
    expect(await appendAs(engine, log, last, terms)).toMatchObject({
      ok: true,
      baseOffset: 7,
      lastOffset: 9,
    });
    expect(log).toMatchObject({ logEndOffset: 10, durableOffset: 10, latestLeaderEpoch: 4 });
    expect(await readAll(log)).toEqual(Buffer.from(fetched));
    expect(existsSync(join(log.directory, "orders-0", SPARSE_MARK))).toBe(true);
    expect(await log.endOffsetForEpoch(1)).toEqual({ leaderEpoch: 1, endOffset: 7 });
    expect(await appendAs(engine, log, replicated(9, 4), terms)).toMatchObject({
      ok: false,
      errorCode: ErrorCode.OFFSET_OUT_OF_RANGE,
    });
    expect(await appendAs(engine, log, replicated(10, 5), terms)).toMatchObject({
      ok: false,
      errorCode: ErrorCode.UNKNOWN_LEADER_EPOCH,
    });
  });

  it("serves a consumer from the memory tail batch by batch of what a follower fetched", async () => {
    const engine = await fixture.open();
    const log = await createPartition(engine, 0);
    const second = replicated(2, 1);
    const terms: Terms = { origin: "replica" };
    await appendAs(engine, log, joined(replicated(0, 1, 2), second), terms);
    const read = log.readTail({
      startOffset: 2,
      limitOffset: 3,
      maxBytes: 9999,
      minOneBatch: true,
    });
    expect(read).toMatchObject({ ok: true, sizeBytes: second.length });
    if (read?.ok) read.release();
  });

  it("cuts a log, tells its listener, and gives the offsets to new records", async () => {
    const engine = await fixture.open();
    const log = await createPartition(engine, 0);
    for (let index = 0; index < 5; index++) await append(engine, log, { records: 2 });
    let changes = 0;
    log.onChange = () => void (changes += 1);
    const inFlight = append(engine, log, { records: 2 });
    expect(await log.truncateTo(7)).toBe(6);
    expect(await inFlight).toMatchObject({ ok: true, baseOffset: 10 });
    expect(changes).toBeGreaterThan(0);
    expect(log).toMatchObject({ logEndOffset: 6, durableOffset: 6, lastStableOffset: 6 });
    expect(await append(engine, log)).toMatchObject({ ok: true, baseOffset: 6 });
    const offsets = [...iterateBatches(await readAll(log))].map(({ baseOffset }) => baseOffset);
    expect(offsets).toEqual([0, 2, 4, 6]);
    await engine.close();
    const again = (await fixture.open()).partition("orders", 0)!;
    expect(again).toMatchObject({ logEndOffset: 7, online: true });
  });

  it("starts over at an offset, and is there after a restart", async () => {
    const engine = await fixture.open();
    const log = await createPartition(engine, 0);
    for (let index = 0; index < 5; index++) await append(engine, log, { records: 2 });
    await log.truncateFullyAndStartAt(500);
    expect(log).toMatchObject({ logStartOffset: 500, logEndOffset: 500, durableOffset: 500 });
    expect(log).toMatchObject({ lastStableOffset: 500, latestLeaderEpoch: -1 });
    expect(await append(engine, log)).toMatchObject({ ok: true, baseOffset: 500 });
    await engine.close();
    const next = await fixture.open();
    const again = next.partition("orders", 0)!;
    expect(again).toMatchObject({ logStartOffset: 500, logEndOffset: 501, online: true });
    await again.truncateFullyAndStartAt(3);
    expect(again).toMatchObject({ logStartOffset: 3, logEndOffset: 3 });
  });

  it("leaves the bytes of sealed segments alone when it cuts them", async () => {
    const engine = await fixture.open();
    const log = await createPartition(engine, 0, { segmentBytes: 400, maxMessageBytes: 400 });
    for (let index = 0; index < 12; index++) await append(engine, log, { valueBytes: 60 });
    const directory = join(fixture.directory, "orders-0");
    const kept = readdirSync(directory)
      .filter((name) => name.startsWith("0") && !name.endsWith("snapshot"))
      .map((name) => {
        const link = join(fixture.directory, `link-${name}`);
        linkSync(join(directory, name), link);
        return { link, bytes: readFileSync(link) };
      });
    expect(kept.length).toBeGreaterThan(8);
    await log.truncateTo(4);
    for (let index = 0; index < 9; index++) await append(engine, log, { valueBytes: 80 });
    await engine.close();
    // The last segment was the active one, which no snapshot links to.
    for (const { link, bytes } of kept.slice(0, -1))
      expect(readFileSync(link), link).toEqual(bytes);
  });
});
