import { buildControlBatch, ErrorCode, iterateBatches } from "@ottla/protocol";
import {
  buildTestBatch,
  MemoryFileSystem,
  SeededRandom,
  SimulatedClock,
  testSeed,
  TEST_TIMESTAMP_MS,
} from "@ottla/testkit";
import { expect, test } from "vitest";
import type { AbortedTransaction, ActiveProducer } from "../engine/storage-engine.ts";
import { LOG_DIRECTORY, LogHarness } from "./log-harness.test.ts";
import type { StageOutcome } from "./log.ts";

const config = {
  segmentBytes: 1500,
  indexIntervalBytes: 200,
  retentionBytes: 5000,
  retentionMs: -1,
  maxMessageBytes: 1000,
};
const PRODUCERS = 5;
/** Of these the last appends without transactions. */
const PLAIN_PRODUCER = PRODUCERS - 1;
const COORDINATOR_EPOCH = 7;

interface ModelBatch {
  readonly kind: "data" | "commit" | "abort";
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly lastSequence: number;
  readonly coordinatorEpoch: number;
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly timestamp: number;
}

interface ModelTransaction {
  readonly producerId: number;
  readonly firstOffset: number;
  /** Undefined while it is open. */
  readonly marker: ModelBatch | undefined;
}

/** Everything that follows from a plain list of batches, computed anew each time. */
class Model {
  batches: ModelBatch[] = [];

  transactions(): ModelTransaction[] {
    const open = new Map<number, number>();
    const result: ModelTransaction[] = [];
    for (const batch of this.batches) {
      const { producerId, baseOffset } = batch;
      if (producerId === PLAIN_PRODUCER) continue;
      const firstOffset = open.get(producerId);
      if (batch.kind === "data") open.set(producerId, firstOffset ?? baseOffset);
      else if (firstOffset !== undefined) {
        result.push({ producerId, firstOffset, marker: batch });
        open.delete(producerId);
      }
    }
    for (const [producerId, firstOffset] of open)
      result.push({ producerId, firstOffset, marker: undefined });
    return result;
  }

  lastStableOffset(highWatermark: number): number {
    const holding = this.transactions()
      .filter(({ marker }) => marker === undefined || marker.baseOffset >= highWatermark)
      .map(({ firstOffset }) => firstOffset);
    return Math.min(highWatermark, ...holding);
  }

  aborted(startOffset: number, endOffset: number): AbortedTransaction[] {
    return this.transactions()
      .filter(
        ({ firstOffset, marker }) =>
          marker?.kind === "abort" && marker.baseOffset >= startOffset && firstOffset < endOffset,
      )
      .map(({ producerId, firstOffset }) => ({ producerId: BigInt(producerId), firstOffset }));
  }

  /** Base offsets of the data batches that a `read_committed` consumer sees. */
  committed(startOffset: number, endOffset: number): number[] {
    const aborted = this.transactions().filter(({ marker }) => marker?.kind === "abort");
    return this.batches
      .filter(({ kind, lastOffset }) => kind === "data" && lastOffset >= startOffset)
      .filter(({ baseOffset }) => baseOffset < endOffset)
      .filter(
        (batch) =>
          !aborted.some(
            ({ producerId, firstOffset, marker }) =>
              producerId === batch.producerId &&
              firstOffset <= batch.baseOffset &&
              batch.baseOffset < marker!.baseOffset,
          ),
      )
      .map(({ baseOffset }) => baseOffset);
  }

  producer(producerId: number): ActiveProducer | undefined {
    const mine = this.batches.filter((batch) => batch.producerId === producerId);
    const last = mine.at(-1);
    if (last === undefined) return undefined;
    const lastData = mine.findLast(({ kind }) => kind === "data");
    const open = this.transactions().find(
      (transaction) => transaction.producerId === producerId && transaction.marker === undefined,
    );
    return {
      producerId: BigInt(producerId),
      producerEpoch: last.producerEpoch,
      lastSequence: lastData?.producerEpoch === last.producerEpoch ? lastData.lastSequence : -1,
      lastTimestamp: last.timestamp,
      coordinatorEpoch: mine.findLast(({ kind }) => kind !== "data")?.coordinatorEpoch ?? -1,
      currentTransactionStartOffset: open?.firstOffset ?? -1,
    };
  }
}

/** One log and its model under random operations. */
class World {
  readonly random: SeededRandom;
  readonly model = new Model();
  readonly fileSystem = new MemoryFileSystem();
  readonly clock = new SimulatedClock(TEST_TIMESTAMP_MS);
  readonly harness: LogHarness;
  readonly transactionVersion: number;
  readonly losesSnapshots: boolean;
  #timestamp = TEST_TIMESTAMP_MS;

  constructor(random: SeededRandom) {
    this.random = random;
    this.transactionVersion = 1 + random.nextInt(2);
    this.losesSnapshots = random.nextInt(2) === 0;
    const { fileSystem, clock } = this;
    this.harness = new LogHarness({ fileSystem, clock, config });
  }

  get log(): LogHarness["log"] {
    return this.harness.log;
  }

  appendData(): void {
    const producerId = this.random.nextInt(PRODUCERS);
    const known = this.model.producer(producerId);
    const transactional = producerId !== PLAIN_PRODUCER;
    const records = 1 + this.random.nextInt(3);
    const isRight = this.random.nextInt(6) > 0;
    const baseSequence =
      (known?.lastSequence ?? -1) + 1 + (isRight ? 0 : 1 + this.random.nextInt(2));
    const producerEpoch = known?.producerEpoch ?? 0;
    this.#timestamp += 1 + records;
    const batch = buildTestBatch({
      records,
      valueBytes: 20 + this.random.nextInt(100),
      timestamp: this.#timestamp,
      producerId: BigInt(producerId),
      producerEpoch,
      baseSequence,
      transactional: transactional && isRight,
    });
    const isVerified = this.random.nextInt(5) > 0;
    const outcome = this.log.stage(batch, {
      leaderEpoch: 3,
      origin: "client",
      transactionVersion: this.transactionVersion,
      ...(isVerified ? { transaction: "verified" as const } : {}),
    });
    const isOpen = known !== undefined && known.currentTransactionStartOffset >= 0;
    if (!isRight && (known !== undefined || this.transactionVersion === 2))
      return this.#refused(outcome, ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER);
    if (transactional && isRight && !isVerified && !isOpen)
      return this.#refused(outcome, ErrorCode.INVALID_TXN_STATE);
    if (!isRight && transactional) {
      // Not in a transaction and of an unknown producer: it stands, and the model has no such batch.
      this.#takeBack();
      return;
    }
    this.#took(outcome, {
      kind: "data",
      producerId,
      producerEpoch,
      lastSequence: baseSequence + records - 1,
      coordinatorEpoch: -1,
      timestamp: this.#timestamp + records - 1,
    });
  }

  end(): void {
    const producerId = this.random.nextInt(PLAIN_PRODUCER);
    const known = this.model.producer(producerId);
    const kind = this.random.nextInt(2) === 0 ? "commit" : "abort";
    const bump = this.random.nextInt(8) === 0 ? 0 : this.transactionVersion - 1;
    const producerEpoch = (known?.producerEpoch ?? 0) + bump;
    const coordinatorEpoch = COORDINATOR_EPOCH - (this.random.nextInt(8) === 0 ? 1 : 0);
    this.#timestamp += 1;
    const timestamp = this.#timestamp;
    const batch = buildControlBatch({
      type: kind,
      coordinatorEpoch,
      producerId: BigInt(producerId),
      producerEpoch,
      timestamp,
    });
    const { transactionVersion } = this;
    const outcome = this.log.stage(batch, {
      leaderEpoch: 3,
      origin: "coordinator",
      transactionVersion,
    });
    const isOpen = known !== undefined && known.currentTransactionStartOffset >= 0;
    if (isOpen && transactionVersion === 2 && bump === 0)
      return this.#refused(outcome, ErrorCode.INVALID_PRODUCER_EPOCH);
    if (coordinatorEpoch < (known?.coordinatorEpoch ?? -1))
      return this.#refused(outcome, ErrorCode.TRANSACTION_COORDINATOR_FENCED);
    const marker = { producerId, producerEpoch, lastSequence: -1, coordinatorEpoch, timestamp };
    this.#took(outcome, { kind, ...marker });
  }

  #refused(outcome: StageOutcome, errorCode: number): void {
    expect(outcome).toMatchObject({ ok: false, errorCode });
  }

  #took(outcome: StageOutcome, batch: Omit<ModelBatch, "baseOffset" | "lastOffset">): void {
    expect(outcome).toMatchObject({ ok: true, duplicate: false });
    if (!outcome.ok) return;
    const { baseOffset, lastOffset } = outcome;
    // Some are staged together and written by a later operation; some are taken back.
    if (this.random.nextInt(20) === 0) return this.#takeBack();
    this.model.batches.push({ ...batch, baseOffset, lastOffset });
    if (this.random.nextInt(3) > 0) this.log.writeStaged();
  }

  #takeBack(): void {
    const { logEndOffset } = this.log;
    this.log.discardStaged();
    this.model.batches = this.model.batches.filter(({ baseOffset }) => baseOffset < logEndOffset);
  }

  /** A host syncs a log before it cuts it. */
  async truncate(): Promise<void> {
    this.log.writeStaged();
    await this.log.sync();
    const from = Math.max(0, this.model.batches.length - this.random.nextInt(12));
    const target = this.model.batches[from];
    if (target === undefined) return;
    const offset =
      target.baseOffset + this.random.nextInt(target.lastOffset - target.baseOffset + 1);
    if (target.baseOffset < this.log.logStartOffset) return;
    expect(this.log.truncateTo(offset)).toBe(target.baseOffset);
    this.model.batches = this.model.batches.slice(0, from);
  }

  expire(): void {
    if (this.losesSnapshots) return;
    this.log.writeStaged();
    this.log.dropFiles(this.log.applyRetention(this.clock.nowMs(), this.log.recoveryPoint));
  }

  kill(): void {
    this.log.writeStaged();
    const { recoveryPoint, logStartOffset } = this.log;
    if (this.losesSnapshots) this.#loseFiles();
    this.harness.reopen({ cleanShutdown: false, recoveryPoint, logStartOffset });
  }

  #loseFiles(): void {
    for (const name of this.fileSystem.listSync(LOG_DIRECTORY)) {
      const path = `${LOG_DIRECTORY}/${name}`;
      if (!name.endsWith(".txnindex") && !name.endsWith(".snapshot")) continue;
      switch (this.random.nextInt(4)) {
        case 0:
          this.fileSystem.removeSync(path);
          break;
        case 1: {
          const handle = this.fileSystem.openSync(path, "write");
          handle.truncateSync(this.random.nextInt(handle.sizeBytes()));
          handle.closeSync();
          break;
        }
        default:
      }
    }
  }

  async step(): Promise<void> {
    const choice = this.random.nextInt(100);
    if (choice < 50) this.appendData();
    else if (choice < 75) this.end();
    else if (choice < 87) {
      this.log.writeStaged();
      await this.log.sync();
    } else if (choice < 91) await this.truncate();
    else if (choice < 94) this.expire();
    else if (choice < 96) this.harness.restart();
    else if (choice < 98) this.kill();
    else await this.compare();
  }

  async compare(): Promise<void> {
    const { log, model } = this;
    this.log.writeStaged();
    const { recoveryPoint, logStartOffset } = log;
    const stable = Math.max(logStartOffset, model.lastStableOffset(recoveryPoint));
    expect(log.lastStableOffset(recoveryPoint)).toBe(stable);
    for (let round = 0; round < 4; round++) {
      const start = logStartOffset + this.random.nextInt(stable - logStartOffset + 1);
      const end = start + this.random.nextInt(stable - start + 1);
      expect(log.queries.abortedTransactions(start, end)).toEqual(model.aborted(start, end));
    }
    const all = model.aborted(logStartOffset, stable);
    expect(log.queries.abortedTransactions(logStartOffset, stable)).toEqual(all);
    if (all.length > 0) expect(log.hasAbortedTransactions).toBe(true);
    expect(await this.#readCommitted(stable)).toEqual(model.committed(logStartOffset, stable));
    const producers = new Map(log.queries.producers().map((one) => [Number(one.producerId), one]));
    for (let producerId = 0; producerId < PRODUCERS; producerId++)
      expect(producers.get(producerId)).toEqual(model.producer(producerId));
  }

  /** As a consumer does it: aborted transactions begin at their first offset and end at their marker. */
  async #readCommitted(stable: number): Promise<number[]> {
    const { logStartOffset } = this.log;
    const waiting = [...this.log.queries.abortedTransactions(logStartOffset, stable)].sort(
      (left, right) => left.firstOffset - right.firstOffset,
    );
    const skipped = new Set<bigint>();
    const seen: number[] = [];
    if (this.log.logEndOffset === logStartOffset) return seen;
    for (const batch of iterateBatches(await this.harness.readAll())) {
      if (batch.baseOffset >= stable) break;
      while (waiting[0] !== undefined && waiting[0].firstOffset <= batch.lastOffset)
        skipped.add(waiting.shift()!.producerId);
      if (batch.isControl) skipped.delete(batch.producerId);
      else if (!skipped.has(batch.producerId)) seen.push(batch.baseOffset);
    }
    return seen;
  }
}

const RUNS = Number(process.env["OTTLA_RUNS"] ?? 40);
const STEPS = 250;

test("transactions are what a plain list of batches says, through rolls, cuts, restarts and lost files", async () => {
  for (let run = 0; run < RUNS; run++) {
    const seed = testSeed() + run;
    const world = new World(new SeededRandom(seed));
    try {
      for (let step = 0; step < STEPS; step++) await world.step();
      await world.compare();
      world.kill();
      await world.compare();
    } catch (error) {
      throw new Error(`run ${run}; replay with OTTLA_SEED=${seed}`, { cause: error });
    }
  }
});
