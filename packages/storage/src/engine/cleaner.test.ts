import { afterEach, describe, expect, test } from "vitest";
import { readTestRecords, type TestBatchOptions } from "@ottla/testkit";
import { iterateBatches } from "@ottla/protocol";
import { readFileSync, readdirSync, statSync } from "node:fs";
import {
  append,
  createPartition,
  EngineFixture,
  ENGINE_KINDS,
  readAll,
  readOnce,
  until,
  type TestedEngine,
} from "../../test-support/engine-fixture.ts";
import type { LogConfig, PartitionLog } from "../index.ts";

const compacted: Partial<LogConfig> = {
  cleanupPolicy: ["compact"],
  segmentBytes: 2000,
  minCleanableDirtyRatio: 0,
  fileDeleteDelayMs: 0,
};

let fixture: EngineFixture | undefined;
afterEach(() => fixture?.dispose());

/** Rounds of one record for each of so many keys; values name the round. */
async function fill(
  engine: TestedEngine,
  log: PartitionLog,
  { rounds = 10, keys = 5, ...options }: TestBatchOptions & { rounds?: number; keys?: number } = {},
): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    const records = Array.from({ length: keys }, (_, key) => ({
      key: `key-${key}`,
      value: `round ${round} ${"x".repeat(100)}`,
    }));
    await append(engine, log, { ...options, records });
  }
}

const filesOf = (suffix: string): string[] =>
  readdirSync(`${fixture!.directory}/orders-0`).filter((name) => name.endsWith(suffix));

describe.each(ENGINE_KINDS)("%s compacts", (kind) => {
  test("a log to the last record of each key, at its old offset", async () => {
    fixture = new EngineFixture(kind);
    const engine = await fixture.open();
    const log = await createPartition(engine, 0, compacted);
    await fill(engine, log, { rounds: 20 });
    const before = readTestRecords(await readAll(log));
    const sizeBytes = log.sizeBytes;
    const report = await engine.runCleaner();
    expect(report.logs).toMatchObject([{ topic: "orders", partition: 0, outcome: "cleaned" }]);
    expect(report.logs[0]!.recordsKept).toBeLessThan(report.logs[0]!.recordsRead);
    const bytes = await readAll(log);
    const after = readTestRecords(bytes);
    const known = new Map(before.map((record) => [record.offset, record]));
    expect(after.map(({ offset }) => known.get(offset))).toEqual(after);
    const values = (records: typeof after): Map<string | null, string | null> =>
      new Map(records.map(({ key, value }) => [key, value]));
    expect(values(after)).toEqual(values(before));
    expect(after.length).toBeLessThan(before.length / 2);
    expect(log.sizeBytes).toBeLessThan(sizeBytes / 2);
    // Every offset can be asked for, and the answer goes on from there.
    for (let offset = 0; offset < log.logEndOffset; offset++) {
      const read = await readOnce(log, { startOffset: offset, maxBytes: 1 });
      expect(read.nextOffset).toBeGreaterThan(offset);
      expect([...iterateBatches(read.bytes)].length).toBe(1);
    }
    await until(() => filesOf(".deleted").length === 0);
    expect(log.sizeBytes).toBe(
      filesOf(".log").reduce(
        (sum, name) => sum + statSync(`${fixture!.directory}/orders-0/${name}`).size,
        0,
      ),
    );
    // A second look finds nothing new.
    expect((await engine.runCleaner()).logs).toEqual([]);
    expect(readFileSync(`${fixture.directory}/cleaner-offset-checkpoint`, "utf8")).toBe(
      `0\n1\norders 0 ${report.logs[0]!.endOffset}\n`,
    );
    await engine.close();
    const again = await fixture.open();
    expect((await readAll(again.partition("orders", 0)!)).equals(bytes)).toBe(true);
  });
});
