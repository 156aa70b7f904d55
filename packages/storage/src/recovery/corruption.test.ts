import { iterateBatches } from "@ottla/protocol";
import { buildTestBatch, MemoryFileSystem, SeededRandom, testSeed } from "@ottla/testkit";
import { describe, expect, test } from "vitest";
import { LOG_DIRECTORY, LogHarness } from "../log/log-harness.test.ts";
import type { LoadLogOptions } from "./log-loader.ts";

const config = { segmentBytes: 1200, indexIntervalBytes: 150, maxMessageBytes: 1000 };
const BATCHES = 16;

function fill(): LogHarness {
  const harness = new LogHarness({ config });
  for (let index = 0; index < BATCHES; index++) {
    harness.append(
      buildTestBatch({
        records: 2,
        valueBytes: 40,
        producerId: BigInt(index % 2),
        producerEpoch: 0,
        baseSequence: 2 * Math.floor(index / 2),
      }),
    );
  }
  return harness;
}

async function filled(): Promise<{ harness: LogHarness; lastLog: string; bytes: Uint8Array }> {
  const harness = fill();
  const bytes = await harness.readAll();
  await harness.log.sync();
  harness.log.abandon();
  const lastLog = `${LOG_DIRECTORY}/${harness.fileNames().findLast((name) => name.endsWith(".log"))}`;
  return { harness, lastLog, bytes };
}

function overwrite(harness: LogHarness, path: string, content: Uint8Array): void {
  const handle = harness.fileSystem.openSync(path, "write");
  handle.truncateSync(0);
  if (content.length > 0) handle.writeSync([content], 0);
  handle.closeSync();
}

async function offsets(harness: LogHarness): Promise<number[]> {
  return [...iterateBatches(await harness.readAll())].map(({ baseOffset }) => baseOffset);
}

const allOffsets = Array.from({ length: BATCHES }, (_, index) => 2 * index);

describe("a torn tail", () => {
  test("at every byte of the last batch is cut with a line that names file, offset and bytes", async () => {
    const { harness, lastLog } = await filled();
    const content = harness.fileSystem.readFileSync(lastLog);
    const lastSize = buildTestBatch({ records: 2, valueBytes: 40 }).length;
    for (let kept = 0; kept < lastSize; kept++) {
      overwrite(harness, lastLog, content.subarray(0, content.length - lastSize + kept));
      harness.lines.length = 0;
      harness.reopen();
      expect(harness.log.logEndOffset).toBe(2 * BATCHES - 2);
      expect(harness.recovery.truncatedBytes).toBe(kept);
      const warnings = harness.lines.filter(({ message }) => message === "torn tail truncated");
      expect(warnings.map(({ fields }) => fields)).toMatchObject(
        kept === 0 ? [] : [{ file: lastLog, offset: 2 * BATCHES - 2, bytes: kept }],
      );
      harness.log.abandon();
    }
  });

  test.each([
    ["zeros", (length: number) => new Uint8Array(length)],
    ["garbage", (length: number) => new SeededRandom(length).bytes(length)],
    ["a plausible length", (length: number) => new Uint8Array(length).fill(1)],
  ])("of %s is cut", async (_, tail) => {
    const { harness, lastLog, bytes } = await filled();
    const content = harness.fileSystem.readFileSync(lastLog);
    for (const length of [1, 11, 12, 60, 61, 62, 500, 5000]) {
      overwrite(harness, lastLog, Buffer.concat([content, tail(length)]));
      harness.reopen({ recoveryPoint: 2 * BATCHES });
      expect(harness.recovery.truncatedBytes).toBe(length);
      expect(await harness.readAll()).toEqual(bytes);
      harness.log.abandon();
    }
  });
});

describe("a flipped bit", () => {
  test("in a batch beyond the recovery point cuts the log there, and only there", async () => {
    const seed = testSeed();
    const random = new SeededRandom(seed);
    const { harness, lastLog } = await filled();
    const content = harness.fileSystem.readFileSync(lastLog);
    for (let round = 0; round < 200; round++) {
      const damaged = content.slice();
      const at = random.nextInt(damaged.length);
      damaged[at]! ^= 1 << random.nextInt(8);
      overwrite(harness, lastLog, damaged);
      harness.reopen();
      const found = await offsets(harness);
      expect(found, `OTTLA_SEED=${seed}`).toEqual(allOffsets.slice(0, found.length));
      // Only the leader epoch lies outside all checks.
      const inEpoch = at % 172 >= 12 && at % 172 < 16;
      if (found.length === BATCHES) expect(inEpoch || content.length % 172 !== 0).toBe(true);
      harness.log.abandon();
      overwrite(harness, lastLog, content);
    }
  });

  test("below the recovery point keeps the partition offline and the file as it is", async () => {
    const { harness, lastLog } = await filled();
    const damaged = harness.fileSystem.readFileSync(lastLog);
    damaged[damaged.length - 3]! ^= 4;
    overwrite(harness, lastLog, damaged);
    expect(() => harness.reopen({ recoveryPoint: 2 * BATCHES })).toThrow(/offline/);
    expect(harness.recovery.offlineReason).toContain(lastLog);
    expect(harness.recovery.offlineReason).toContain(`offset ${2 * BATCHES - 2}`);
    expect(harness.fileSystem.readFileSync(lastLog)).toEqual(damaged);
  });

  test("a log cut short below the recovery point keeps the partition offline", async () => {
    const { harness, lastLog } = await filled();
    overwrite(harness, lastLog, new Uint8Array(0));
    expect(() => harness.reopen({ recoveryPoint: 2 * BATCHES })).toThrow(
      /although offsets up to 32 were synced/,
    );
    expect(() => harness.reopen({ recoveryPoint: 2 * BATCHES, cleanShutdown: true })).toThrow(
      /although offsets up to 32 were synced/,
    );
  });

  test("a missing segment below the recovery point keeps the partition offline", async () => {
    const { harness } = await filled();
    const logs = harness.fileNames().filter((name) => name.endsWith(".log"));
    harness.fileSystem.removeSync(`${LOG_DIRECTORY}/${logs[1]}`);
    expect(() => harness.reopen({ recoveryPoint: 2 * BATCHES })).toThrow(/offline/);
  });
});

describe("an index, snapshot or checkpoint file", () => {
  const damages: [string, (content: Uint8Array) => Uint8Array | undefined][] = [
    ["missing", () => undefined],
    ["empty", () => new Uint8Array(0)],
    ["cut", (content) => content.subarray(0, Math.max(0, content.length - 5))],
    ["zeroed", (content) => new Uint8Array(content.length + 24)],
    ["flipped", (content) => content.map((byte) => byte ^ 0xff)],
  ];
  const starts: [string, Partial<LoadLogOptions>][] = [
    ["after a kill", { recoveryPoint: 2 * BATCHES }],
    ["after a kill, recovery point unknown", {}],
    ["after a clean stop", { recoveryPoint: 2 * BATCHES, cleanShutdown: true }],
  ];
  test.each(damages)("that is %s is rebuilt", async (_, damage) => {
    for (const [, load] of starts) {
      const sample = fill();
      const bytes = await sample.readAll();
      sample.log.closeSync();
      const files = sample.fileNames().filter((name) => !name.endsWith(".log"));
      expect(files.length).toBeGreaterThan(8);
      for (const name of files) {
        const harness = new LogHarness({
          fileSystem: copyOf(sample.fileSystem as MemoryFileSystem),
          config,
          load,
        });
        harness.log.abandon();
        const path = `${LOG_DIRECTORY}/${name}`;
        if (!harness.fileSystem.existsSync(path)) continue;
        const damaged = damage(harness.fileSystem.readFileSync(path));
        if (damaged) overwrite(harness, path, damaged);
        else harness.fileSystem.removeSync(path);
        harness.reopen(load);
        await expectSound(harness, bytes, name);
      }
    }
  });
});

async function expectSound(harness: LogHarness, bytes: Uint8Array, name: string): Promise<void> {
  const { log } = harness;
  expect(await harness.readAll(), name).toEqual(bytes);
  for (const startOffset of [0, 7, 13, 31]) {
    const target = new Uint8Array(200);
    const read = await log.readInto(
      { startOffset, limitOffset: 100, maxBytes: 200, minOneBatch: true },
      target,
    );
    expect(read, name).toMatchObject({ ok: true, nextOffset: startOffset - (startOffset % 2) + 2 });
  }
  expect(await log.queries.offsetOfMaxTimestamp(), name).toMatchObject({ offset: 1 });
  expect(log.queries.endOffsetForEpoch(3), name).toEqual({ leaderEpoch: 3, endOffset: 2 * BATCHES });
  const retry = buildTestBatch({
    records: 2,
    valueBytes: 40,
    producerId: 1n,
    producerEpoch: 0,
    baseSequence: 14,
  });
  expect(harness.append(retry), name).toMatchObject({ ok: true, duplicate: true, baseOffset: 30 });
  expect(log.topicId, name).toBe("AAAAAAAAAAAAAAAAAAAAAQ");
}

function copyOf(source: MemoryFileSystem): MemoryFileSystem {
  const copy = new MemoryFileSystem();
  copy.makeDirectorySync(LOG_DIRECTORY);
  for (const name of source.listSync(LOG_DIRECTORY)) {
    const handle = copy.openSync(`${LOG_DIRECTORY}/${name}`, "create");
    const content = source.readFileSync(`${LOG_DIRECTORY}/${name}`);
    if (content.length > 0) handle.writeSync([content], 0);
    handle.closeSync();
  }
  return copy;
}
