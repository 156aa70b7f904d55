import {
  MemoryFileSystem,
  SeededRandom,
  SimulatedClock,
  buildTestBatch,
  TEST_TIMESTAMP_MS,
} from "@ottla/testkit";
import { expect, test } from "vitest";
import {
  LOG_START_CHECKPOINT,
  OffsetCheckpoint,
  RECOVERY_POINT_CHECKPOINT,
} from "../checkpoint/offset-checkpoint.ts";
import { LogHarness } from "../log/log-harness.test.ts";

const TOPIC_PARTITION = { topic: "topic", partition: 0 };

export interface WrittenBatch {
  readonly baseOffset: number;
  readonly lastOffset: number;
  /** As it stands in the log, stamped. */
  readonly bytes: Uint8Array;
  /** As the producer sent it. */
  readonly sent: Uint8Array;
}

/** Something that was promised when the trace had this length. */
export interface Promised {
  readonly operations: number;
  readonly offset: number;
}

export interface Workload {
  readonly fileSystem: MemoryFileSystem;
  readonly batches: readonly WrittenBatch[];
  readonly acknowledged: readonly Promised[];
  readonly deletedBefore: readonly Promised[];
  /** The highest log start ever asked for, by length of the trace when it was asked. */
  readonly logStarts: readonly Promised[];
}

/** `sync`: acknowledges after the sync, as the engine does by default. `write`: right after the write, the unsafe control. */
export type AcknowledgeAfter = "sync" | "write";

const config = {
  segmentBytes: 1600,
  indexIntervalBytes: 200,
  segmentIndexBytes: 400,
  retentionBytes: 6000,
  maxMessageBytes: 1500,
};

/** Appends, rolls, deletes records, expires segments, restarts and checkpoints on a traced disk. */
export async function runWorkload(
  random: SeededRandom,
  steps: number,
  acknowledgeAfter: AcknowledgeAfter,
): Promise<Workload> {
  const fileSystem = new MemoryFileSystem();
  const harness = new LogHarness({
    fileSystem,
    clock: new SimulatedClock(TEST_TIMESTAMP_MS),
    config,
  });
  const batches: WrittenBatch[] = [];
  const acknowledged: Promised[] = [];
  const deletedBefore: Promised[] = [];
  const logStarts: Promised[] = [];
  const sequences = [0, 0, 0];
  const recoveryPoints = new OffsetCheckpoint(fileSystem, "/data", RECOVERY_POINT_CHECKPOINT);
  const logStartOffsets = new OffsetCheckpoint(fileSystem, "/data", LOG_START_CHECKPOINT);
  const now = (): number => fileSystem.trace.length;

  const append = (): void => {
    const count = 1 + random.nextInt(3);
    for (let index = 0; index < count; index++) {
      const producer = random.nextInt(sequences.length);
      const records = 1 + random.nextInt(4);
      const batch = buildTestBatch({
        records,
        valueBytes: 1 + random.nextInt(250),
        producerId: BigInt(producer),
        producerEpoch: 0,
        baseSequence: sequences[producer]!,
      });
      const sent = batch.slice();
      const outcome = harness.log.stage(batch, {
        leaderEpoch: Math.floor(batches.length / 20),
        origin: "client",
      });
      if (!outcome.ok) throw new Error(outcome.message);
      sequences[producer]! += records;
      batches.push({
        baseOffset: outcome.baseOffset,
        lastOffset: outcome.lastOffset,
        bytes: batch,
        sent,
      });
    }
    harness.log.writeStaged();
    if (acknowledgeAfter === "write")
      acknowledged.push({ operations: now(), offset: harness.log.logEndOffset });
  };
  const sync = async (): Promise<void> => {
    await harness.log.sync();
    acknowledged.push({ operations: now(), offset: harness.log.recoveryPoint });
  };
  const persistLogStart = async (): Promise<void> => {
    logStarts.push({ operations: now(), offset: harness.log.logStartOffset });
    await logStartOffsets.write([{ ...TOPIC_PARTITION, offset: harness.log.logStartOffset }]);
  };
  const expire = async (): Promise<void> => {
    const files = harness.log.applyRetention(harness.clock.nowMs(), harness.log.recoveryPoint);
    await persistLogStart();
    harness.log.dropFiles(files);
    await harness.log.sync();
    for (const { paths } of files) for (const path of paths) fileSystem.removeSync(path);
  };
  const checkpoint = (): Promise<void> =>
    recoveryPoints.write([{ ...TOPIC_PARTITION, offset: harness.log.recoveryPoint }]);
  const deleteRecords = async (): Promise<void> => {
    const { logStartOffset, recoveryPoint } = harness.log;
    harness.log.deleteRecordsBefore(
      logStartOffset + random.nextInt(recoveryPoint - logStartOffset + 1),
    );
    await persistLogStart();
    deletedBefore.push({ operations: now(), offset: harness.log.logStartOffset });
  };

  for (let step = 0; step < steps; step++) {
    append();
    if (random.chance(0.6)) await sync();
    if (random.chance(0.15)) await checkpoint();
    if (random.chance(0.1)) await expire();
    if (random.chance(0.05)) await deleteRecords();
    if (random.chance(0.04)) {
      harness.restart();
      acknowledged.push({ operations: now(), offset: harness.log.recoveryPoint });
    }
  }
  harness.log.abandon();
  return { fileSystem, batches, acknowledged, deletedBefore, logStarts };
}

test("the workload of the power-loss tests rolls, deletes and acknowledges", async () => {
  const workload = await runWorkload(new SeededRandom(1), 60, "sync");
  expect(workload.acknowledged.length).toBeGreaterThan(20);
  expect(workload.logStarts.at(-1)?.offset).toBeGreaterThan(0);
  expect(workload.batches.length).toBeGreaterThan(60);
});
