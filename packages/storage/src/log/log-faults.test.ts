import { ErrorCode, iterateBatches } from "@ottla/protocol";
import {
  buildCrashState,
  buildTestBatch,
  MemoryFileSystem,
  SeededRandom,
  type Fault,
} from "@ottla/testkit";
import { describe, expect, test } from "vitest";
import { LogHarness } from "./log-harness.test.ts";
import { StorageError } from "./storage-error.ts";

const config = { segmentBytes: 1200, indexIntervalBytes: 150, maxMessageBytes: 1000 };

interface Run {
  readonly harness: LogHarness;
  readonly fileSystem: MemoryFileSystem;
  readonly acknowledged: number[];
  readonly failures: StorageError[];
  acknowledgedAfterFailedSync: number;
}

/** Appends and syncs `steps` times, whatever fails, as an engine would that has not yet noticed. */
async function run(fault: Fault, steps: number): Promise<Run> {
  const fileSystem = new MemoryFileSystem();
  const harness = new LogHarness({ fileSystem, config });
  fileSystem.faults.add(fault);
  const result: Run = {
    harness,
    fileSystem,
    acknowledged: [],
    failures: [],
    acknowledgedAfterFailedSync: 0,
  };
  let syncFailed = false;
  for (let step = 0; step < steps; step++) {
    try {
      const batches = [
        buildTestBatch({ records: 2, valueBytes: 60 }),
        buildTestBatch({ valueBytes: 200 }),
      ];
      const outcomes = batches.map((batch) =>
        harness.log.stage(batch, { leaderEpoch: 0, origin: "client" }),
      );
      harness.log.writeStaged();
      await harness.log.sync();
      for (const outcome of outcomes) {
        if (!outcome.ok) continue;
        result.acknowledged.push(outcome.lastOffset);
        if (syncFailed) result.acknowledgedAfterFailedSync++;
      }
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      result.failures.push(error);
      syncFailed ||= fault.call === "dataSync" || fault.call === "syncDirectory";
    }
  }
  return result;
}

async function offsetsOf(harness: LogHarness): Promise<number[]> {
  return [...iterateBatches(await harness.readAll())].map(({ lastOffset }) => lastOffset);
}

describe("after a failed sync", () => {
  const points: Fault[] = [];
  for (let nth = 1; nth <= 12; nth++)
    points.push({ call: "dataSync", nth, code: nth % 2 === 0 ? "EIO" : "ENOSPC" });
  for (let nth = 1; nth <= 3; nth++) points.push({ call: "syncDirectory", nth, code: "EIO" });

  test.each(points)(
    "nothing is acknowledged any more, and recovery trusts only what was synced: $call $nth $code",
    async (fault) => {
      const { harness, fileSystem, acknowledged, failures, acknowledgedAfterFailedSync } =
        await run(fault, 20);
      expect(failures[0]?.fatal).toBe(true);
      expect(acknowledgedAfterFailedSync).toBe(0);
      expect(
        harness.log.stage(buildTestBatch(), { leaderEpoch: 0, origin: "client" }),
      ).toMatchObject({ ok: false, errorCode: ErrorCode.KAFKA_STORAGE_ERROR });
      const trustedEndOffset = harness.log.recoveryPoint;
      expect(trustedEndOffset).toBe((acknowledged.at(-1) ?? -1) + 1);
      harness.reopen({ trustedEndOffset });
      expect(harness.log.logEndOffset).toBe(trustedEndOffset);
      expect(await offsetsOf(harness)).toEqual(acknowledged);
      // The page cache lied: what the disk really holds is still enough for all that was acknowledged.
      const state = buildCrashState(fileSystem.trace, {
        operations: fileSystem.trace.length,
        writes: "none-kept",
        names: "none-kept",
        random: new SeededRandom(1),
      });
      const recovered = new LogHarness({ fileSystem: state, config, load: { trustedEndOffset } });
      expect(await offsetsOf(recovered)).toEqual(acknowledged);
    },
  );
});

describe("a failed write", () => {
  const points: Fault[] = [];
  for (let nth = 1; nth <= 8; nth++)
    points.push({
      call: "write",
      path: ".log",
      nth,
      code: "ENOSPC",
      ...(nth % 2 === 0 ? { shortBytes: 10 + nth * 5 } : {}),
    });
  for (let nth = 1; nth <= 3; nth++)
    points.push({ call: "write", path: ".index", nth, code: "EIO" });
  for (let nth = 1; nth <= 3; nth++)
    points.push({ call: "write", path: ".snapshot", nth, code: "EIO", shortBytes: 3 });
  for (let nth = 1; nth <= 3; nth++)
    points.push({ call: "open", path: ".log", nth, code: "EMFILE" });

  test.each(points)(
    "takes back all that was staged, and the log goes on: $call $path $nth $shortBytes",
    async (fault) => {
      const { harness, acknowledged, failures } = await run(fault, 20);
      expect(failures.map(({ fatal }) => fatal)).toEqual([false]);
      expect(acknowledged.length).toBe(38);
      expect(await offsetsOf(harness)).toEqual(acknowledged);
      harness.reopen({ recoveryPoint: harness.log.recoveryPoint });
      expect(harness.recovery.truncatedBytes).toBe(0);
      expect(await offsetsOf(harness)).toEqual(acknowledged);
    },
  );

  test("puts the producer state back, so that the retry is accepted", () => {
    const fileSystem = new MemoryFileSystem();
    const harness = new LogHarness({ fileSystem });
    const batch = (): Uint8Array =>
      buildTestBatch({ producerId: 7n, producerEpoch: 0, baseSequence: 0 });
    fileSystem.faults.add({ call: "write", nth: 1, code: "ENOSPC" });
    expect(() => harness.append(batch())).toThrow(/write failed/);
    expect(harness.log.logEndOffset).toBe(0);
    expect(harness.append(batch())).toMatchObject({ ok: true, baseOffset: 0, duplicate: false });
    expect(harness.append(batch())).toMatchObject({ ok: true, baseOffset: 0, duplicate: true });
  });

  test("that cannot be undone takes the log offline", () => {
    const fileSystem = new MemoryFileSystem();
    const harness = new LogHarness({ fileSystem });
    fileSystem.faults.add({ call: "write", nth: 1, code: "EIO", shortBytes: 10 });
    fileSystem.faults.add({ call: "truncate", nth: 1, code: "EIO" });
    expect(() => harness.append(buildTestBatch())).toThrow(
      expect.objectContaining({ fatal: true }),
    );
    expect(harness.log.failed).toBe(true);
    expect(harness.append.bind(harness, buildTestBatch())()).toMatchObject({
      ok: false,
      errorCode: ErrorCode.KAFKA_STORAGE_ERROR,
    });
  });
});
