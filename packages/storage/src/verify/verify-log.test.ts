import { buildTestBatch, MemoryFileSystem } from "@ottla/testkit";
import { describe, expect, test } from "vitest";
import { OffsetCheckpoint, RECOVERY_POINT_CHECKPOINT } from "../checkpoint/offset-checkpoint.ts";
import { LOG_DIRECTORY, LogHarness } from "../log/log-harness.test.ts";
import type { Finding } from "./verification.ts";
import { verifyLog } from "./verify-log.ts";

const BATCHES = 40;
const FIRST = `${LOG_DIRECTORY}/00000000000000000000`;

/** Several segments, of a producer, closed cleanly. */
async function filled(): Promise<{
  fileSystem: MemoryFileSystem;
  last: string;
  logEndOffset: number;
}> {
  const fileSystem = new MemoryFileSystem();
  const harness = new LogHarness({
    fileSystem,
    config: { segmentBytes: 1000, indexIntervalBytes: 200 },
  });
  for (let index = 0; index < BATCHES; index++)
    harness.append(
      buildTestBatch({ records: 2, producerId: 7n, producerEpoch: 0, baseSequence: 2 * index }),
    );
  const { logEndOffset } = harness.log;
  await harness.log.close();
  const last = fileSystem.listSync(LOG_DIRECTORY).findLast((name) => name.endsWith(".log"))!;
  new OffsetCheckpoint(fileSystem, "/data", RECOVERY_POINT_CHECKPOINT).writeNow([
    { topic: "topic", partition: 0, offset: logEndOffset },
  ]);
  return { fileSystem, last: `${LOG_DIRECTORY}/${last.slice(0, 20)}`, logEndOffset };
}

function change(
  fileSystem: MemoryFileSystem,
  path: string,
  alter: (bytes: Uint8Array) => Uint8Array,
): void {
  const bytes = alter(fileSystem.readFileSync(path).slice());
  const handle = fileSystem.openSync(path, "write");
  handle.truncateSync(0);
  handle.writeSync([bytes], 0);
  handle.closeSync();
}

const flip = (at: number) => (bytes: Uint8Array) => {
  bytes.set([bytes.at(at)! ^ 0x10], at < 0 ? bytes.length + at : at);
  return bytes;
};

async function findings(fileSystem: MemoryFileSystem, path = "/data"): Promise<Finding[]> {
  const { partitions, findings: general } = await verifyLog(path, { fileSystem, deep: true });
  return [...general, ...partitions.flatMap((one) => one.findings)];
}

test("a sound directory gives figures and no finding, and nothing in it changes", async () => {
  const { fileSystem, logEndOffset } = await filled();
  const traced = fileSystem.trace.length;
  const found = await verifyLog("/data", { fileSystem, deep: true });
  expect(found).toMatchObject({
    findings: [],
    partitions: [
      {
        name: "topic-0",
        batches: BATCHES,
        records: 2 * BATCHES,
        logStartOffset: 0,
        logEndOffset,
        findings: [],
      },
    ],
  });
  expect(found.partitions[0]!.segments).toBeGreaterThan(2);
  expect(fileSystem.trace.slice(traced)).toEqual([]);
  expect(fileSystem.openHandles).toBe(0);
});

test("a partition's directory and a single segment can be named", async () => {
  const { fileSystem } = await filled();
  expect((await verifyLog(LOG_DIRECTORY, { fileSystem })).partitions).toMatchObject([
    { name: "topic-0", batches: BATCHES },
  ]);
  const one = await verifyLog(`${FIRST}.log`, { fileSystem });
  expect(one.partitions).toMatchObject([{ segments: 1, findings: [] }]);
  await expect(verifyLog("/data/nothing", { fileSystem })).rejects.toThrow("does not exist");
  await expect(verifyLog(`${FIRST}.index`, { fileSystem })).rejects.toThrow(
    "neither a directory nor a segment",
  );
});

describe("damage is named with its file", () => {
  const cases: [string, Finding["severity"], string, (bytes: Uint8Array) => Uint8Array][] = [
    ["a flipped bit in a sealed segment", "damage", `${FIRST}.log`, flip(90)],
    ["an index entry that points astray", "repairable", `${FIRST}.index`, flip(7)],
    ["an index of odd length", "repairable", `${FIRST}.index`, (bytes) => bytes.subarray(0, 11)],
    ["a timestamp that no batch has", "repairable", `${FIRST}.timeindex`, flip(0)],
    [
      "epochs that are none",
      "repairable",
      `${LOG_DIRECTORY}/leader-epoch-checkpoint`,
      () => Buffer.from("x"),
    ],
    [
      "an epoch that the batches do not have",
      "repairable",
      `${LOG_DIRECTORY}/leader-epoch-checkpoint`,
      () => Buffer.from("0\n1\n9 0\n"),
    ],
    [
      "a topic id that is none",
      "repairable",
      `${LOG_DIRECTORY}/partition.metadata`,
      () => Buffer.from("x"),
    ],
    [
      "a checkpoint that is none",
      "damage",
      `/data/${RECOVERY_POINT_CHECKPOINT}`,
      () => Buffer.from("x"),
    ],
  ];
  test.each(cases)("%s", async (_, severity, file, alter) => {
    const { fileSystem } = await filled();
    change(fileSystem, file, alter);
    const found = await findings(fileSystem);
    expect(found).toContainEqual(expect.objectContaining({ severity, file }));
  });

  test("a missing index", async () => {
    const { fileSystem } = await filled();
    fileSystem.removeSync(`${FIRST}.timeindex`);
    expect(await findings(fileSystem)).toMatchObject([
      { severity: "repairable", message: "is missing" },
    ]);
  });

  test("a missing segment", async () => {
    const { fileSystem } = await filled();
    const middle = fileSystem.listSync(LOG_DIRECTORY).filter((name) => name.endsWith(".log"))[1]!;
    fileSystem.removeSync(`${LOG_DIRECTORY}/${middle}`);
    expect(await findings(fileSystem)).toContainEqual(
      expect.objectContaining({
        severity: "damage",
        message: expect.stringMatching(/are not there/) as string,
      }),
    );
  });

  test("a damaged snapshot", async () => {
    const { fileSystem } = await filled();
    const snapshot = fileSystem.listSync(LOG_DIRECTORY).find((name) => name.endsWith(".snapshot"))!;
    change(fileSystem, `${LOG_DIRECTORY}/${snapshot}`, flip(-1));
    expect(await findings(fileSystem)).toMatchObject([
      { severity: "repairable", file: `${LOG_DIRECTORY}/${snapshot}` },
    ]);
  });

  test("a torn tail is repairable beyond what was synced, and damage below", async () => {
    const { fileSystem, last } = await filled();
    change(fileSystem, `${last}.log`, (bytes) => Buffer.concat([bytes, new Uint8Array(9)]));
    expect(await findings(fileSystem)).toMatchObject([
      { severity: "repairable", message: expect.stringMatching(/torn tail of 9 bytes/) as string },
    ]);
    change(fileSystem, `${last}.log`, (bytes) => bytes.subarray(0, bytes.length - 20));
    const found = await findings(fileSystem);
    expect(found.some(({ severity }) => severity === "damage")).toBe(true);
  });
});
