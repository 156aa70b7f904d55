import { silentLogger } from "@ottla/runtime";
import { buildTestBatch, MemoryFileSystem, SeededRandom, SimulatedClock } from "@ottla/testkit";
import { describe, expect, it } from "vitest";
import { defaultLogConfig, LocalEngine, type AppendOutcome } from "../index.ts";

const MARKER = "/data/.kafka_cleanshutdown";
const SYNC_FAILURE = "/data/ottla-sync-failure-checkpoint";

function create(fileSystem: MemoryFileSystem): LocalEngine {
  return new LocalEngine({
    directory: "/data",
    fileSystem,
    clock: new SimulatedClock(),
    random: new SeededRandom(1),
    logger: silentLogger,
    flush: "group",
  });
}

async function appendOne(engine: LocalEngine, partition: number): Promise<AppendOutcome> {
  const log = await engine.createPartition({
    topic: "t",
    partition,
    topicId: "q6urq6urRoKrq6urq6urqw",
    config: defaultLogConfig,
  });
  const bytes = buildTestBatch({});
  const records = engine.slabs.allocate(bytes.length);
  if (records === undefined) throw new Error("no slab");
  records.bytes.set(bytes);
  const outcome = await log.append({ records, leaderEpoch: 0, origin: "client" });
  records.release();
  return outcome;
}

describe("LogEngine on a failing disk", () => {
  it("does not call a stop clean when the start before it did not get through", async () => {
    const fileSystem = new MemoryFileSystem();
    const first = create(fileSystem);
    await first.open();
    await appendOne(first, 0);
    await appendOne(first, 1);
    await first.close();
    expect(fileSystem.existsSync(MARKER)).toBe(true);

    // The first look at the directory lists the partitions, the second loads this one.
    fileSystem.faults.add({ call: "stat", nth: 2, code: "EIO", path: "t-1" });
    await expect(create(fileSystem).open()).rejects.toThrow("EIO");
    expect(fileSystem.existsSync(MARKER)).toBe(false);

    const third = create(fileSystem);
    expect((await third.open()).cleanShutdown).toBe(false);
    expect(third.partition("t", 1)).toMatchObject({ online: true, logEndOffset: 1 });
    await third.close();
  });

  it("leaves word of a sync that fails while it stops, and does not call the stop clean", async () => {
    const fileSystem = new MemoryFileSystem();
    const engine = create(fileSystem);
    await engine.open();
    expect(await appendOne(engine, 0)).toMatchObject({ ok: true });
    const offline: string[] = [];
    engine.onDirectoryOffline = (directory) => offline.push(directory);
    fileSystem.faults.add({ call: "dataSync", nth: 1, code: "EIO" });
    await expect(engine.close()).rejects.toThrow("sync");
    expect(offline).toEqual(["/data"]);
    expect([MARKER, SYNC_FAILURE].map((path) => fileSystem.existsSync(path))).toEqual([
      false,
      true,
    ]);

    const again = create(fileSystem);
    await again.open();
    expect(again.partition("t", 0)).toMatchObject({ online: true, logEndOffset: 1 });
    expect(fileSystem.existsSync(SYNC_FAILURE)).toBe(false);
    await again.close();
  });
});
