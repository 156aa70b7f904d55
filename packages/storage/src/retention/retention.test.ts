import { buildTestBatch, SimulatedClock, TEST_TIMESTAMP_MS } from "@ottla/testkit";
import { describe, expect, test } from "vitest";
import type { LogConfig } from "../log/log-config.ts";
import { LogHarness } from "../log/log-harness.test.ts";

const batchBytes = buildTestBatch({ valueBytes: 100 }).length;

/** One batch per segment, a second apart. */
async function filled(
  config: Partial<LogConfig>,
  segments = 5,
): Promise<{ harness: LogHarness; clock: SimulatedClock }> {
  const clock = new SimulatedClock(TEST_TIMESTAMP_MS);
  const harness = new LogHarness({ clock, config: { segmentBytes: batchBytes, ...config } });
  for (let index = 0; index < segments; index++) {
    harness.append(buildTestBatch({ valueBytes: 100, timestamp: clock.nowMs() }));
    clock.advance(1000);
  }
  await harness.log.sync();
  return { harness, clock };
}

const logs = (harness: LogHarness): string[] =>
  harness.fileNames().filter((name) => name.endsWith(".log"));

describe("retention", () => {
  test("by time drops segments whose newest record is too old", async () => {
    const { harness, clock } = await filled({ retentionMs: 3500 });
    const files = harness.log.applyRetention(clock.nowMs(), 5);
    expect(files.map(({ baseOffset }) => baseOffset)).toEqual([0, 1]);
    expect(harness.log.logStartOffset).toBe(2);
    expect(logs(harness).length).toBe(5);
    harness.log.dropFiles(files);
    expect(logs(harness).length).toBe(3);
    const named = new Set(harness.fileNames());
    expect(
      files.flatMap(({ paths }) => paths).filter((path) => named.has(path.split("/").at(-1)!))
        .length,
    ).toBeGreaterThanOrEqual(6);
    harness.reopen({ recoveryPoint: 5, logStartOffset: 2 });
    expect(harness.fileNames().filter((name) => name.endsWith(".deleted"))).toEqual([]);
    expect(harness.log.logStartOffset).toBe(2);
  });

  test("by size keeps at least so many bytes", async () => {
    const { harness, clock } = await filled({
      retentionMs: -1,
      retentionBytes: batchBytes * 3 + 1,
    });
    expect(harness.log.applyRetention(clock.nowMs(), 5).length).toBe(1);
    expect(harness.log.sizeBytes).toBe(batchBytes * 4);
  });

  test("never touches what is not below the high watermark", async () => {
    const { harness, clock } = await filled({ retentionMs: 1 });
    expect(harness.log.applyRetention(clock.nowMs(), 2).length).toBe(2);
  });

  test("never touches what is not synced", async () => {
    const { harness, clock } = await filled({ retentionMs: 1 });
    harness.append(buildTestBatch({ timestamp: TEST_TIMESTAMP_MS }));
    expect(harness.log.applyRetention(clock.nowMs() + 99_999, 6).length).toBe(5);
    expect(harness.log.logStartOffset).toBe(5);
  });

  test("replaces the active segment when it is expired, too, and the offsets go on", async () => {
    const { harness, clock } = await filled({ retentionMs: 1 });
    expect(harness.log.applyRetention(clock.nowMs() + 10, 5).length).toBe(5);
    expect([harness.log.logStartOffset, harness.log.logEndOffset, harness.log.sizeBytes]).toEqual([
      5, 5, 0,
    ]);
    expect(harness.append(buildTestBatch({ timestamp: clock.nowMs() }))).toMatchObject({
      ok: true,
      baseOffset: 5,
    });
    expect(harness.log.applyRetention(clock.nowMs(), 5)).toEqual([]);
  });

  test("only follows the log start when the policy does not delete", async () => {
    const { harness, clock } = await filled({
      retentionMs: 1,
      retentionBytes: 1,
      cleanupPolicy: [],
    });
    expect(harness.log.applyRetention(clock.nowMs() + 10_000, 5)).toEqual([]);
    expect(harness.log.deleteRecordsBefore(3)).toBe(3);
    expect(
      harness.log.applyRetention(clock.nowMs(), 5).map(({ baseOffset }) => baseOffset),
    ).toEqual([0, 1, 2]);
  });

  test("a crash between the new log start and the renames leaves no hole", async () => {
    const { harness, clock } = await filled({ retentionMs: 3500 });
    harness.log.applyRetention(clock.nowMs(), 5);
    harness.fileSystem.removeSync("/data/topic-0/00000000000000000001.log");
    harness.reopen({ recoveryPoint: 5, logStartOffset: 2 });
    expect(harness.log.logStartOffset).toBe(2);
  });
});

describe("a roll", () => {
  test("happens when the first record of the segment is older than segment.ms less its jitter", async () => {
    const { harness, clock } = await filled({ segmentBytes: 1_000_000, segmentMs: 2500 }, 5);
    expect(logs(harness)).toEqual(["00000000000000000000.log", "00000000000000000003.log"]);
    clock.advance(1);
  });

  test("happens when an index is full", async () => {
    const { harness } = await filled(
      { segmentBytes: 1_000_000, indexIntervalBytes: 1, segmentIndexBytes: 60 },
      12,
    );
    expect(logs(harness).length).toBeGreaterThan(2);
    harness.restart();
    for (const name of harness.fileNames().filter((file) => file.endsWith("index"))) {
      expect(harness.fileSystem.statSync(`/data/topic-0/${name}`).sizeBytes).toBeLessThanOrEqual(
        60,
      );
    }
  });
});
