import { iterateBatches, iterateRecords } from "@ottla/protocol";
import { silentLogger } from "@ottla/runtime";
import { buildTestBatch, MemoryFileSystem, SeededRandom, SimulatedClock } from "@ottla/testkit";
import { describe, expect, test } from "vitest";
import { readAll } from "../../test-support/engine-fixture.ts";
import { defaultLogConfig, LocalEngine, type PartitionLog } from "../index.ts";

const DIRECTORY = "/data";
const TOPIC_ID = "q6urq6urRoKrq6urq6urqw";
const RECORDS = 30;
const DELETED_BEFORE = 4;
const config = { ...defaultLogConfig, segmentBytes: 800 };

function createEngine(fileSystem: MemoryFileSystem): LocalEngine {
  return new LocalEngine({
    directory: DIRECTORY,
    fileSystem,
    clock: new SimulatedClock(),
    random: new SeededRandom(1),
    logger: silentLogger,
    flush: "group",
    defaultConfig: config,
  });
}

/** Records, some of them deleted, on a disk whose engine was stopped, or killed after a stop and a start. */
async function fill(end: "stopped" | "killed"): Promise<MemoryFileSystem> {
  const fileSystem = new MemoryFileSystem();
  const engine = createEngine(fileSystem);
  await engine.open();
  const log = await engine.createPartition({ topic: "t", partition: 0, topicId: TOPIC_ID, config });
  for (let index = 0; index < RECORDS; index++) {
    const idempotence = { producerId: 1n, producerEpoch: 0, baseSequence: index };
    expect(await append(engine, log, idempotence, index)).toMatchObject({ ok: true });
  }
  await log.deleteRecordsBefore(DELETED_BEFORE);
  await engine.close();
  if (end === "stopped") return new MemoryFileSystem({ disk: fileSystem.disk });
  const again = createEngine(new MemoryFileSystem({ disk: fileSystem.disk }));
  await again.open();
  return new MemoryFileSystem({ disk: fileSystem.disk });
}

async function append(
  engine: LocalEngine,
  log: PartitionLog,
  idempotence: { producerId: bigint; producerEpoch: number; baseSequence: number },
  index: number,
) {
  const timestamp = new SimulatedClock().nowMs();
  const bytes = buildTestBatch({
    records: [{ value: `value ${index}` }],
    timestamp,
    ...idempotence,
  });
  const records = engine.slabs.allocate(bytes.length)!;
  records.bytes.set(bytes);
  const outcome = await log.append({ records, leaderEpoch: 2, origin: "client" });
  records.release();
  return outcome;
}

const DAMAGES: readonly (readonly [string, (content: Uint8Array) => Uint8Array | undefined])[] = [
  ["missing", () => undefined],
  ["empty", () => new Uint8Array(0)],
  ["cut", (content) => content.subarray(0, Math.max(0, content.length - 3))],
  ["zeroed", (content) => new Uint8Array(content.length + 8)],
  ["flipped", (content) => content.map((byte) => byte ^ 0xff)],
];

function damage(
  fileSystem: MemoryFileSystem,
  path: string,
  how: (content: Uint8Array) => Uint8Array | undefined,
): void {
  const content = how(fileSystem.readFileSync(path));
  fileSystem.removeSync(path);
  if (content === undefined) return;
  const handle = fileSystem.openSync(path, "create");
  if (content.length > 0) handle.writeSync([content], 0);
  handle.closeSync();
}

async function expectAll(fileSystem: MemoryFileSystem, name: string): Promise<void> {
  const engine = createEngine(fileSystem);
  const { partitions } = await engine.open();
  expect(partitions[0]?.offlineReason, name).toBeUndefined();
  const log = engine.partition("t", 0)!;
  expect(log.logStartOffset, name).toBeLessThanOrEqual(DELETED_BEFORE);
  const found = [...iterateBatches(await readAll(log))].flatMap((batch) =>
    [...iterateRecords(batch, { maxDecompressedBytes: 10_000 })].map(
      ({ offset, value }) => `${offset} ${Buffer.from(value ?? []).toString()}`,
    ),
  );
  const first = RECORDS - found.length;
  expect(first, name).toBeLessThanOrEqual(DELETED_BEFORE);
  expect(found, name).toEqual(
    Array.from({ length: found.length }, (_, i) => `${first + i} value ${first + i}`),
  );
  const retry = { producerId: 1n, producerEpoch: 0, baseSequence: RECORDS - 1 };
  expect(await append(engine, log, retry, RECORDS - 1), name).toMatchObject({
    duplicate: true,
    baseOffset: RECORDS - 1,
  });
  await engine.close();
}

describe.each(["stopped", "killed"] as const)(
  "a file of a log directory whose engine was %s",
  (end) => {
    test.each(DAMAGES)("that is %s costs no record", async (_, how) => {
      const names = (await fill(end))
        .listSync(DIRECTORY)
        .filter((name) => !name.includes("t-0") && !name.endsWith(".lock"));
      expect(names.length).toBeGreaterThanOrEqual(2);
      for (const name of names) {
        const fileSystem = await fill(end);
        damage(fileSystem, `${DIRECTORY}/${name}`, how);
        await expectAll(fileSystem, name);
      }
    });
  },
);
