import { iterateBatches } from "@ottla/protocol";
import {
  buildTestBatch,
  MemoryFileSystem,
  SeededRandom,
  SimulatedClock,
  testSeed,
  TEST_TIMESTAMP_MS,
} from "@ottla/testkit";
import { expect, test } from "vitest";
import { LogHarness } from "./log-harness.test.ts";

const config = {
  segmentBytes: 3000,
  segmentMs: 50_000,
  segmentJitterMs: 10_000,
  indexIntervalBytes: 300,
  segmentIndexBytes: 240,
  retentionBytes: 20_000,
  retentionMs: 400_000,
  maxMessageBytes: 2500,
};

interface ModelBatch {
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly bytes: Uint8Array;
  readonly sent: Uint8Array;
  readonly producerId: number;
  readonly timestamps: readonly number[];
}

/** What a log should hold: a plain array of batches. */
class Model {
  readonly harness: LogHarness;
  readonly clock = new SimulatedClock(TEST_TIMESTAMP_MS);
  readonly fileSystem = new MemoryFileSystem();
  readonly random: SeededRandom;
  batches: ModelBatch[] = [];
  logStartOffset = 0;
  leaderEpoch = 0;

  constructor(random: SeededRandom) {
    this.random = random;
    this.harness = new LogHarness({
      fileSystem: this.fileSystem,
      clock: this.clock,
      config,
      load: { random },
    });
  }

  get endOffset(): number {
    return (this.batches.at(-1)?.lastOffset ?? this.logStartOffset - 1) + 1;
  }

  append(): void {
    const { random, harness } = this;
    for (let left = 1 + random.nextInt(4); left > 0; left--) {
      const producerId = random.nextInt(4);
      const records = 1 + random.nextInt(5);
      const timestamp = this.clock.nowMs() - random.nextInt(5000);
      const previous = this.batches.findLast((batch) => batch.producerId === producerId);
      const baseSequence = previous ? this.#nextSequence(producerId) : 0;
      const batch = buildTestBatch({
        records,
        valueBytes: 1 + random.nextInt(300),
        timestamp,
        producerId: BigInt(producerId),
        producerEpoch: 0,
        baseSequence,
      });
      this.#sequences.set(producerId, baseSequence + records);
      const sent = batch.slice();
      const outcome = harness.log.stage(batch, { leaderEpoch: this.leaderEpoch, origin: "client" });
      expect(outcome).toMatchObject({ ok: true, duplicate: false });
      if (!outcome.ok) return;
      const timestamps = Array.from({ length: records }, (_, index) => timestamp + index);
      this.batches.push({
        baseOffset: outcome.baseOffset,
        lastOffset: outcome.lastOffset,
        bytes: batch,
        sent,
        producerId,
        timestamps,
      });
    }
    harness.log.writeStaged();
  }

  readonly #sequences = new Map<number, number>();

  #nextSequence(producerId: number): number {
    return this.#sequences.get(producerId) ?? 0;
  }

  truncate(): void {
    const kept = this.batches.filter(() => true);
    const from = Math.max(0, kept.length - 1 - this.random.nextInt(6));
    const target = kept[from];
    if (
      !target ||
      target.baseOffset < this.logStartOffset ||
      target.baseOffset < this.harness.log.logStartOffset
    )
      return;
    this.harness.log.truncateTo(target.baseOffset);
    this.batches = kept.slice(0, from);
    this.#sequences.clear();
    for (const batch of this.batches) {
      const sequence = new DataView(batch.bytes.buffer, batch.bytes.byteOffset).getInt32(53);
      this.#sequences.set(batch.producerId, sequence + batch.timestamps.length);
    }
  }

  expire(): void {
    const files = this.harness.log.applyRetention(
      this.clock.nowMs(),
      this.harness.log.recoveryPoint,
    );
    this.harness.log.dropFiles(files);
    for (const { paths } of files) for (const path of paths) this.fileSystem.removeSync(path);
    expect(this.harness.log.logStartOffset).toBeGreaterThanOrEqual(this.logStartOffset);
    this.logStartOffset = this.harness.log.logStartOffset;
  }

  deleteRecords(): void {
    const { recoveryPoint } = this.harness.log;
    const offset =
      this.logStartOffset + this.random.nextInt(recoveryPoint - this.logStartOffset + 1);
    this.logStartOffset = this.harness.log.deleteRecordsBefore(offset);
    expect(this.logStartOffset).toBe(offset);
  }

  async step(): Promise<void> {
    const choice = this.random.nextInt(20);
    this.clock.advance(this.random.nextInt(3000));
    if (choice < 9) this.append();
    else if (choice < 12) await this.harness.log.sync();
    else if (choice === 12) this.truncate();
    else if (choice === 13) this.expire();
    else if (choice === 14) this.deleteRecords();
    else if (choice === 15) this.leaderEpoch++;
    else if (choice === 16)
      this.harness.reopen({
        recoveryPoint: this.harness.log.recoveryPoint,
        logStartOffset: this.logStartOffset,
      });
    else if (choice === 17) this.harness.restart();
    else await this.check();
  }

  async check(): Promise<void> {
    const { log } = this.harness;
    const live = this.batches.filter(({ lastOffset }) => lastOffset >= this.logStartOffset);
    expect(log.logStartOffset).toBe(this.logStartOffset);
    expect(log.logEndOffset).toBe(Math.max(this.endOffset, this.logStartOffset));
    const found = [...iterateBatches(await this.harness.readAll(3000))].map((view) =>
      view.batchBytes(),
    );
    expect(Buffer.concat(found).equals(Buffer.concat(live.map(({ bytes }) => bytes)))).toBe(true);
    await this.#checkOneRead(live);
    await this.#checkTimestamp(live);
    const last = live.at(-1);
    if (last) {
      expect(this.harness.append(last.sent.slice())).toMatchObject({
        ok: true,
        duplicate: true,
        baseOffset: last.baseOffset,
      });
      expect(log.queries.epochForOffset(last.lastOffset)).toBe(
        new DataView(last.bytes.buffer).getInt32(12),
      );
    }
  }

  async #checkOneRead(live: readonly ModelBatch[]): Promise<void> {
    const { log } = this.harness;
    if (log.logEndOffset === log.logStartOffset) return;
    const startOffset =
      log.logStartOffset + this.random.nextInt(log.logEndOffset - log.logStartOffset);
    const maxBytes = 1 + this.random.nextInt(4000);
    const target = new Uint8Array(4000);
    const read = await log.readInto(
      { startOffset, limitOffset: log.logEndOffset, maxBytes, minOneBatch: true },
      target,
    );
    const first = live.find(({ lastOffset }) => lastOffset >= startOffset)!;
    expect(read).toMatchObject({ ok: true });
    if (!read.ok) return;
    expect(target.slice(0, first.bytes.length)).toEqual(first.bytes);
    expect(read.sizeBytes).toBeLessThanOrEqual(Math.max(maxBytes, first.bytes.length));
  }

  async #checkTimestamp(live: readonly ModelBatch[]): Promise<void> {
    const all = live.flatMap((batch) =>
      batch.timestamps.map((timestampMs, index) => ({
        timestampMs,
        offset: batch.baseOffset + index,
      })),
    );
    const records = all.filter(({ offset }) => offset >= this.logStartOffset);
    const wanted =
      (records.length === 0 ? 0 : this.random.pick(records).timestampMs) +
      this.random.nextInt(3) -
      1;
    const expected = records.find(({ timestampMs }) => timestampMs >= wanted);
    const found = await this.harness.log.queries.offsetForTimestamp(wanted);
    expect(found && { timestampMs: found.timestampMs, offset: found.offset }).toEqual(expected);
  }
}

test("random operations give what a plain array gives", { timeout: 60_000 }, async () => {
  const seed = testSeed();
  const random = new SeededRandom(seed);
  for (let run = 0; run < 25; run++) {
    const model = new Model(random.fork());
    try {
      for (let step = 0; step < 120; step++) await model.step();
      await model.check();
      model.harness.log.closeSync();
      expect(model.fileSystem.openHandles).toBe(0);
    } catch (error) {
      throw new Error(`run ${run}; replay with OTTLA_SEED=${seed}`, { cause: error });
    }
  }
});
