import { iterateBatches, iterateRecords } from "@ottla/protocol";
import { silentLogger } from "@ottla/runtime";
import {
  buildCrashState,
  buildTestBatch,
  LOST_NAMES,
  LOST_WRITES,
  MemoryFileSystem,
  SeededRandom,
  SimulatedClock,
  testSeed,
} from "@ottla/testkit";
import { describe, expect, it } from "vitest";
import { readAll } from "../../test-support/engine-fixture.ts";
import {
  defaultLogConfig,
  LocalEngine,
  type FlushPolicy,
  type LogConfig,
  type PartitionLog,
} from "../index.ts";

const STATES = 2000;
const DIRECTORY = "/data";
const TOPIC_IDS = ["q6urq6urRoKrq6urq6urqw", "zMzMzMzMTMyMzMzMzMzMzA"];
const config: LogConfig = {
  ...defaultLogConfig,
  segmentBytes: 3000,
  retentionBytes: 9000,
  fileDeleteDelayMs: 0,
  indexIntervalBytes: 500,
};

/** Partition 2 is what coordinators keep: compacted, appended to by them. */
const COMPACTED = 2;
const KEYS = 7;
const compactedConfig: LogConfig = {
  ...config,
  cleanupPolicy: ["compact"],
  retentionBytes: -1,
  minCleanableDirtyRatio: 0.01,
};

/** A record that was acknowledged, and between which operations of the trace it must survive. */
interface Promised {
  readonly partition: number;
  readonly topicId: string;
  readonly offset: number;
  readonly value: string;
  /** In the compacted log, where the next record of the same key takes its place. */
  readonly key?: string;
  readonly from: number;
  until: number;
}

interface Run {
  readonly fileSystem: MemoryFileSystem;
  readonly promised: Promised[];
  /** Every value that was ever sent: nothing else may be read. */
  readonly sent: Set<string>;
  /** A clean took records out. */
  cleaned: boolean;
}

function openEngine(
  fileSystem: MemoryFileSystem,
  flush: FlushPolicy,
  random: SeededRandom,
  clock = new SimulatedClock(),
): LocalEngine {
  const logger = silentLogger;
  return new LocalEngine({
    directory: DIRECTORY,
    fileSystem,
    clock,
    random,
    logger,
    flush,
    defaultConfig: config,
  });
}

/** Appends of clients and coordinators, rolls, retention, compaction, deleted records, a deleted and recreated partition, a clean stop in the middle. */
async function work(flush: FlushPolicy, random: SeededRandom): Promise<Run> {
  // It stands still but for the minutes of the checkpoints: many changes share a tick, as on a fast disk.
  let clock = new SimulatedClock();
  const fileSystem = new MemoryFileSystem({ nowMs: () => clock.nowMs() });
  const run: Run = { fileSystem, promised: [], sent: new Set(), cleaned: false };
  const forget = (partition: number, below: number): void => {
    for (const entry of run.promised) {
      if (entry.partition === partition && entry.offset < below && entry.until === Infinity)
        entry.until = fileSystem.trace.length;
    }
  };
  for (let life = 0; life < 2; life += 1) {
    clock = new SimulatedClock(clock.nowMs() + 1000);
    const engine = openEngine(fileSystem, flush, random, clock);
    await engine.open();
    const topicIds = [TOPIC_IDS[0] ?? "", TOPIC_IDS[life] ?? ""];
    const create = (partition: number): Promise<PartitionLog> =>
      engine.createPartition({ topic: "t", partition, topicId: topicIds[partition] ?? "", config });
    let logs = [await create(0), await create(1)];
    const spec = { topic: "t", partition: COMPACTED, topicId: TOPIC_IDS[0] ?? "" };
    const offsets = await engine.createPartition({ ...spec, config: compactedConfig });
    for (let round = 0; round < 30; round += 1) {
      await Promise.all(
        Array.from({ length: 4 }, () => {
          const log = logs[random.nextInt(logs.length)];
          if (log === undefined) throw new Error("no log");
          return send(
            engine,
            log,
            run,
            `life ${life} round ${round} ${random.nextInt(2 ** 31)} ${"x".repeat(random.nextInt(300))}`,
          );
        }),
      );
      for (let left = random.nextInt(4); left > 0; left -= 1)
        await commit(engine, offsets, run, `key ${random.nextInt(KEYS)}`, random);
      if (round % 6 === 5) await engine.runCleaner();
      // The checkpoints are written on their interval, while appends go on.
      if (round % 7 === 6) await clock.advanceAsync(61_000);
      if (round % 10 === 9) {
        for (const log of logs) forget(log.partition, log.logEndOffset);
        await engine.runRetention();
        keepAgain(run, logs);
      }
      if (round === 14) {
        const target = Math.floor((logs[0]?.logEndOffset ?? 0) / 2);
        forget(0, target);
        await logs[0]?.deleteRecordsBefore(target);
      }
      if (round === 20 && life === 0) {
        forget(1, Infinity);
        await engine.deletePartition({ topic: "t", partition: 1 });
        topicIds[1] = TOPIC_IDS[1] ?? "";
        logs = [logs[0] ?? (await create(0)), await create(1)];
      }
    }
    run.cleaned ||= [...iterateBatches(await readAll(offsets))].length < offsets.logEndOffset;
    await engine.close();
  }
  if (!run.cleaned) throw new Error("nothing was compacted");
  return run;
}

/** What retention left in place is promised again from here on. */
function keepAgain(run: Run, logs: readonly PartitionLog[]): void {
  const now = run.fileSystem.trace.length;
  for (const entry of run.promised.slice()) {
    const log = logs[entry.partition];
    if (
      log?.topicId !== entry.topicId ||
      entry.until === Infinity ||
      entry.offset < log.logStartOffset
    )
      continue;
    if (
      !run.promised.some(
        (other) =>
          other !== entry &&
          other.offset === entry.offset &&
          other.partition === entry.partition &&
          other.topicId === entry.topicId &&
          other.until === Infinity,
      )
    ) {
      run.promised.push({ ...entry, from: now, until: Infinity });
    }
  }
}

/** As a coordinator appends committed offsets. While it is under way, either record of the key may be the last. */
async function commit(
  engine: LocalEngine,
  log: PartitionLog,
  run: Run,
  key: string,
  random: SeededRandom,
): Promise<void> {
  const before = run.promised.filter(
    (entry) => entry.partition === COMPACTED && entry.key === key && entry.until === Infinity,
  );
  for (const entry of before) entry.until = run.fileSystem.trace.length;
  const value = `${key} ${random.nextInt(2 ** 31)} ${"y".repeat(random.nextInt(200))}`;
  await send(engine, log, run, value, key);
}

async function send(
  engine: LocalEngine,
  log: PartitionLog,
  run: Run,
  value: string,
  key?: string,
): Promise<void> {
  run.sent.add(value);
  const timestamp = new SimulatedClock().nowMs();
  const bytes = buildTestBatch({
    records: [key === undefined ? { value } : { key, value }],
    timestamp,
  });
  const records = engine.slabs.allocate(bytes.length);
  if (records === undefined) throw new Error("no slab");
  records.bytes.set(bytes);
  const outcome = await log.append({
    records,
    leaderEpoch: 0,
    origin: key === undefined ? "client" : "coordinator",
  });
  records.release();
  if (!outcome.ok) throw new Error(outcome.message);
  const { partition, topicId } = log;
  run.promised.push({
    partition,
    topicId,
    offset: outcome.baseOffset,
    value,
    ...(key !== undefined && { key }),
    from: run.fileSystem.trace.length,
    until: Infinity,
  });
}

/** What is wrong with the state that a power loss left, or undefined. */
async function violation(
  run: Run,
  operations: number,
  random: SeededRandom,
  flush: FlushPolicy,
): Promise<string | undefined> {
  const writes = random.pick(LOST_WRITES);
  const names = random.pick(LOST_NAMES);
  const label = `after ${operations} operations, writes ${writes}, names ${names}`;
  const engine = openEngine(
    buildCrashState(run.fileSystem.trace, { operations, writes, names, random }),
    flush,
    random,
  );
  try {
    const report = await engine.open();
    const damaged = report.partitions.find(({ offlineReason }) => offlineReason !== undefined);
    if (damaged !== undefined)
      return `${label}: partition ${damaged.partition} offline: ${damaged.offlineReason}`;
    const found = new Map<string, string>();
    for (const log of engine.partitions()) {
      let next = log.logStartOffset;
      for (const view of iterateBatches(await readAll(log))) {
        for (const record of iterateRecords(view, { maxDecompressedBytes: 100_000 })) {
          const value = Buffer.from(record.value ?? []).toString();
          if (record.offset < log.logStartOffset) continue;
          if (record.offset < next || (record.offset > next && log.partition !== COMPACTED))
            return `${label}: offset ${record.offset} follows ${next - 1}`;
          if (!run.sent.has(value))
            return `${label}: offset ${record.offset} holds what nobody sent`;
          next = record.offset + 1;
          found.set(`${log.partition} ${log.topicId} ${record.offset}`, value);
        }
      }
    }
    for (const { partition, topicId, offset, value, from, until } of run.promised) {
      if (from > operations || operations >= until) continue;
      if (found.get(`${partition} ${topicId} ${offset}`) !== value)
        return `${label}: partition ${partition} lost offset ${offset}`;
    }
    return undefined;
  } finally {
    await engine.close();
  }
}

async function violations(flush: FlushPolicy, states: number, seed: number): Promise<string[]> {
  const random = new SeededRandom(seed);
  const run = await work(flush, random);
  const found: string[] = [];
  for (let state = 0; state < states; state += 1) {
    const wrong = await violation(
      run,
      random.nextInt(run.fileSystem.trace.length + 1),
      random,
      flush,
    );
    if (wrong !== undefined) found.push(wrong);
  }
  return found;
}

describe("power loss at any operation", () => {
  it(`keeps every acknowledged record in ${STATES} states under flush policy group`, async () => {
    const seed = testSeed();
    const found = await violations("group", STATES, seed);
    expect({ first: found[0], count: found.length, seed }).toEqual({
      first: undefined,
      count: 0,
      seed,
    });
  }, 180_000);

  it("loses something under flush policy none, or this test would prove nothing", async () => {
    expect((await violations("none", 100, testSeed())).length).toBeGreaterThan(0);
  }, 60_000);
});
