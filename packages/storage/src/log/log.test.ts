import { ErrorCode, RecordBatchView } from "@ottla/protocol";
import { describe, expect, test } from "vitest";
import { buildTestBatch } from "@ottla/testkit";
import { LogHarness } from "./log-harness.test.ts";

describe("a log", () => {
  test("gives back the bytes it was given, with offsets and leader epoch stamped", async () => {
    const harness = new LogHarness();
    const first = buildTestBatch({ records: 3 });
    expect(harness.append(first)).toMatchObject({
      ok: true,
      baseOffset: 0,
      lastOffset: 2,
      duplicate: false,
      logAppendTimeMs: -1,
    });
    expect(harness.append(buildTestBatch({ records: 2 }))).toMatchObject({
      ok: true,
      baseOffset: 3,
      lastOffset: 4,
    });
    const bytes = await harness.readAll();
    const view = new RecordBatchView(bytes);
    expect(view.isCrcValid()).toBe(true);
    expect(view.baseOffset).toBe(0);
    expect(view.partitionLeaderEpoch).toBe(harness.leaderEpoch);
    expect(bytes.subarray(0, first.length)).toEqual(first);
    expect(new RecordBatchView(bytes, view.sizeBytes).baseOffset).toBe(3);
  });

  test("moves the recovery point only by a sync", async () => {
    const harness = new LogHarness();
    harness.append(buildTestBatch({ records: 3 }));
    expect(harness.log.recoveryPoint).toBe(0);
    expect(harness.log.hasUnsynced).toBe(true);
    await harness.log.sync();
    expect(harness.log.recoveryPoint).toBe(3);
    expect(harness.log.hasUnsynced).toBe(false);
  });

  test("refuses reads outside its offsets", async () => {
    const harness = new LogHarness();
    harness.append(buildTestBatch());
    const request = { startOffset: 2, limitOffset: 10, maxBytes: 100, minOneBatch: true };
    expect(await harness.log.readInto(request, new Uint8Array(1000))).toEqual({
      ok: false,
      errorCode: ErrorCode.OFFSET_OUT_OF_RANGE,
    });
    expect(
      await harness.log.readInto({ ...request, startOffset: 1 }, new Uint8Array(1000)),
    ).toEqual({ ok: true, sizeBytes: 0, nextOffset: 1 });
  });
});
