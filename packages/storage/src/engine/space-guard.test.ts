import { ErrorCode } from "@ottla/protocol";
import { silentLogger } from "@ottla/runtime";
import { MemoryFileSystem, SeededRandom, SimulatedClock, buildTestBatch } from "@ottla/testkit";
import { expect, it } from "vitest";
import { LocalEngine, defaultLogConfig, type AppendOrigin, type AppendOutcome, type PartitionLog } from "../index.ts";
import { SPACE_CHECK_INTERVAL_MS } from "./space-guard.ts";

const MEBIBYTE = 1024 * 1024;
/** 5 % of it is the reserve. */
const CAPACITY_BYTES = 40 * MEBIBYTE;

async function setUp() {
  const clock = new SimulatedClock();
  const fileSystem = new MemoryFileSystem({ capacityBytes: CAPACITY_BYTES });
  const engine = new LocalEngine({ directory: "/data", fileSystem, clock, random: new SeededRandom(1), logger: silentLogger, flush: "group" });
  await engine.open();
  const config = { ...defaultLogConfig, maxMessageBytes: 2 * MEBIBYTE };
  const log = await engine.createPartition({ topic: "t", partition: 0, topicId: "AAAAAAAAAAAAAAAAAAAAAQ", config });
  const append = async (origin: AppendOrigin = "client", valueBytes = 10): Promise<AppendOutcome> => appendTo(log, origin, valueBytes);
  const appendTo = async (target: PartitionLog, origin: AppendOrigin, valueBytes: number): Promise<AppendOutcome> => {
    const batch = buildTestBatch({ records: [{ value: "x".repeat(valueBytes) }], timestamp: clock.nowMs() });
    const records = engine.slabs.allocate(batch.length)!;
    records.bytes.set(batch);
    const outcome = target.append({ records, leaderEpoch: 0, origin });
    records.release();
    return outcome;
  };
  const check = async (): Promise<void> => {
    clock.advance(SPACE_CHECK_INTERVAL_MS);
    for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
  };
  /** Somebody else's file takes all but this much of the same volume. */
  const fill = (freeBytes: number): void => {
    const size = CAPACITY_BYTES - fileSystem.disk.usedBytes - freeBytes;
    const file = fileSystem.openSync("/somebody-else", "write");
    file.writeSync([new Uint8Array(size)], 0);
    file.closeSync();
  };
  const free = (): void => fileSystem.removeSync("/somebody-else");
  return { engine, log, append, check, fill, free };
}

it("below the reserve clients are refused with a retriable error, and the broker's own records are not", async () => {
  const { engine, append, check, fill } = await setUp();
  expect(await append()).toMatchObject({ ok: true });
  fill(MEBIBYTE);
  await check();
  expect(await append()).toMatchObject({ ok: false, errorCode: ErrorCode.KAFKA_STORAGE_ERROR });
  expect(await append("coordinator", 1)).toMatchObject({ ok: true });
  await engine.close();
});

it("records stay readable while produce is refused, and writes resume when there is space, without a restart", async () => {
  const { engine, log, append, check, fill, free } = await setUp();
  await append();
  fill(MEBIBYTE);
  await check();
  expect((await append()).ok).toBe(false);
  const read = await log.read({ startOffset: 0, limitOffset: 1, maxBytes: 1000, minOneBatch: true });
  if (!read.ok) throw new Error(`reading failed with ${read.errorCode}`);
  expect(read.nextOffset).toBe(1);
  read.release();
  free();
  await check();
  expect(await append()).toMatchObject({ ok: true, baseOffset: 1 });
  await engine.close();
});

it("a burst between two checks stops at the reserve, not behind it", async () => {
  const { engine, append, check, fill } = await setUp();
  fill(4 * MEBIBYTE);
  await check();
  const outcomes: boolean[] = [];
  for (let i = 0; i < 8; i++) outcomes.push((await append("client", MEBIBYTE)).ok);
  expect(outcomes.filter((ok) => ok).length).toBeLessThanOrEqual(2);
  expect(outcomes.at(-1)).toBe(false);
  await engine.close();
});
