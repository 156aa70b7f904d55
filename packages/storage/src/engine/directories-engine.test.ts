import { ErrorCode } from "@ottla/protocol";
import { silentLogger } from "@ottla/runtime";
import { buildTestBatch, MemoryFileSystem, SeededRandom, SimulatedClock } from "@ottla/testkit";
import { afterEach, describe, expect, it } from "vitest";
import { writeDirectoryIdentityNow } from "../checkpoint/directory-identity.ts";
import { writeTopicIdNow } from "../checkpoint/partition-files.ts";
import {
  DirectoriesEngine,
  defaultLogConfig,
  type AppendOrigin,
  type AppendOutcome,
  type PartitionLog,
} from "../index.ts";
import { EngineMemory } from "./engine-memory.ts";
import { LocalEngine } from "./local-engine.ts";
import { SPACE_CHECK_INTERVAL_MS } from "./space-guard.ts";

const MEBIBYTE = 1024 * 1024;
const TOPIC_ID = "q6urq6urRoKrq6urq6urqw";
const OTHER_TOPIC_ID = "zMzMzMzMTMyMzMzMzMzMzA";
const PLACES = "/a/ottla-partition-directories";

const opened: DirectoriesEngine[] = [];

afterEach(async () => {
  for (const engine of opened.splice(0)) await engine.close().catch(() => {});
});

function create(fileSystem: MemoryFileSystem, directories: readonly string[]): DirectoriesEngine {
  const engine = DirectoriesEngine.local({
    directories,
    fileSystem,
    clock: new SimulatedClock(),
    random: new SeededRandom(1),
    logger: silentLogger,
    flush: "group",
  });
  opened.push(engine);
  return engine;
}

async function open(
  fileSystem: MemoryFileSystem,
  directories: readonly string[] = ["/a", "/b"],
): Promise<DirectoriesEngine> {
  const engine = create(fileSystem, directories);
  await engine.open();
  return engine;
}

function make(
  engine: DirectoriesEngine,
  partition: number,
  options: { readonly directory?: string; readonly topicId?: string } = {},
): Promise<PartitionLog> {
  return engine.createPartition({
    topic: "t",
    partition,
    topicId: TOPIC_ID,
    config: defaultLogConfig,
    ...options,
  });
}

async function append(
  engine: DirectoriesEngine,
  log: PartitionLog,
  origin: AppendOrigin = "client",
): Promise<AppendOutcome> {
  const bytes = buildTestBatch({});
  const records = engine.slabs.allocate(bytes.length)!;
  records.bytes.set(bytes);
  const outcome = log.append({ records, leaderEpoch: 0, origin });
  records.release();
  return outcome;
}

function placesIn(fileSystem: MemoryFileSystem): string[] {
  return new TextDecoder().decode(fileSystem.readFileSync(PLACES)).trim().split("\n").slice(2);
}

describe("an engine over several log directories", () => {
  it("puts a partition where the fewest are, or where it is told to, and finds all again", async () => {
    const fileSystem = new MemoryFileSystem();
    const engine = await open(fileSystem, ["/a", "/b", "/c"]);
    for (const partition of [0, 1]) await make(engine, partition, { directory: "/a" });
    const chosen = await Promise.all(
      [2, 3, 4, 5, 6, 7, 8].map((partition) => make(engine, partition)),
    );
    expect(chosen.map(({ directory }) => directory).toSorted()).toEqual(
      [..."abbbccc"].map((name) => `/${name}`),
    );
    await expect(make(engine, 9, { directory: "/d" })).rejects.toThrow("/d is not a log directory");
    for (const log of chosen) expect(await append(engine, log)).toMatchObject({ ok: true });
    await engine.close();

    const again = await open(fileSystem, ["/a", "/b", "/c"]);
    for (const { partition, directory } of chosen)
      expect(again.partition("t", partition)).toMatchObject({
        directory,
        logEndOffset: 1,
        online: true,
      });
    expect([...again.partitions()]).toHaveLength(9);
  });

  it("shares one memory budget between the directories", async () => {
    const fileSystem = new MemoryFileSystem();
    const engine = DirectoriesEngine.local({
      directories: ["/a", "/b"],
      fileSystem,
      clock: new SimulatedClock(),
      random: new SeededRandom(1),
      logger: silentLogger,
      flush: "group",
      slabBudgetBytes: 2 * MEBIBYTE,
      tailBudgetBytes: 0,
    });
    opened.push(engine);
    await engine.open();
    const held = [engine.slabs.allocate(MEBIBYTE), engine.slabs.allocate(MEBIBYTE)];
    expect(engine.slabs.allocate(1)).toBeUndefined();
    for (const slice of held) slice?.release();
    for (const directory of ["/a", "/b"]) {
      const log = await make(engine, directory === "/a" ? 0 : 1, { directory });
      expect(await append(engine, log)).toMatchObject({ ok: true });
    }
  });

  it("with one directory writes down no places", async () => {
    const fileSystem = new MemoryFileSystem();
    const engine = await open(fileSystem, ["/a"]);
    await make(engine, 0);
    await engine.close();
    expect(fileSystem.existsSync(PLACES)).toBe(false);
    const two = await open(fileSystem, ["/a", "/b"]);
    expect(placesIn(fileSystem)).toEqual([`t 0 ${TOPIC_ID} %2Fa`]);
    await two.close();
  });

  it("names a partition by the id in meta.properties, so that a directory may be mounted elsewhere", async () => {
    const fileSystem = new MemoryFileSystem();
    for (const name of ["a", "b"]) {
      fileSystem.makeDirectorySync(`/${name}`);
      writeDirectoryIdentityNow(fileSystem, `/${name}`, {
        clusterId: "c",
        nodeId: 1,
        directoryId: `id-${name}`,
      });
    }
    const engine = await open(fileSystem);
    await make(engine, 0, { directory: "/b" });
    await engine.close();
    expect(placesIn(fileSystem)).toEqual([`t 0 ${TOPIC_ID} id-b`]);
    fileSystem.renameSync("/b", "/moved");
    const again = await open(fileSystem, ["/a", "/moved"]);
    expect(again.partition("t", 0)).toMatchObject({ online: true, directory: "/moved" });
  });
});

describe("a directory that fails", () => {
  it("takes only its own partitions offline, once, and the others go on", async () => {
    const fileSystem = new MemoryFileSystem();
    const engine = await open(fileSystem);
    const [good, bad] = [
      await make(engine, 0, { directory: "/a" }),
      await make(engine, 1, { directory: "/b" }),
    ];
    for (const log of [good, bad]) expect(await append(engine, log)).toMatchObject({ ok: true });
    const offline: string[] = [];
    engine.onDirectoryOffline = (directory) => offline.push(directory);
    fileSystem.faults.add({ call: "dataSync", path: "/b/", nth: 1, code: "EIO" });
    const refused = { ok: false, errorCode: ErrorCode.KAFKA_STORAGE_ERROR };
    expect(await append(engine, bad)).toMatchObject(refused);
    // The disk would say yes again, and must not be believed.
    expect(await append(engine, bad)).toMatchObject(refused);
    expect(await append(engine, good)).toMatchObject({ ok: true, baseOffset: 1 });
    expect(offline).toEqual(["/b"]);
    expect([good.online, bad.online]).toEqual([true, false]);
    expect(engine.directories().map(({ directory, online }) => [directory, online])).toEqual([
      ["/a", true],
      ["/b", false],
    ]);
    // New partitions go where it works, and retention and the end do, too.
    expect((await make(engine, 2)).directory).toBe("/a");
    await expect(make(engine, 3, { directory: "/b" })).rejects.toThrow("/b is offline");
    await engine.runRetention();
    await engine.close();
    expect(["/a", "/b"].map((one) => fileSystem.existsSync(`${one}/.kafka_cleanshutdown`))).toEqual(
      [true, false],
    );

    const again = await open(fileSystem);
    expect(again.partition("t", 0)).toMatchObject({ online: true, logEndOffset: 2 });
    expect(again.partition("t", 1)).toMatchObject({ online: true, logEndOffset: 1 });
  });

  it("and cannot be read at the start leaves its partitions offline, and makes none of them anew", async () => {
    const fileSystem = new MemoryFileSystem();
    const first = await open(fileSystem);
    const log = await make(first, 0, { directory: "/b" });
    await append(first, log);
    await first.close();

    fileSystem.faults.add({ call: "list", path: "/b", nth: 1, code: "EIO", forever: true });
    const engine = await open(fileSystem);
    expect(engine.directories().map(({ online }) => online)).toEqual([true, false]);
    const gone = engine.partition("t", 0)!;
    expect(gone).toMatchObject({ online: false, topicId: TOPIC_ID });
    expect(await append(engine, gone)).toMatchObject({
      ok: false,
      errorCode: ErrorCode.KAFKA_STORAGE_ERROR,
    });
    const request = { startOffset: 0, limitOffset: 1, maxBytes: 1, minOneBatch: true };
    expect(await gone.read(request)).toEqual({
      ok: false,
      errorCode: ErrorCode.KAFKA_STORAGE_ERROR,
    });
    await expect(gone.deleteRecordsBefore(1)).rejects.toThrow("offline");
    await expect(make(engine, 0)).rejects.toThrow("offline");
    expect(fileSystem.existsSync("/a/t-0")).toBe(false);
    expect((await make(engine, 1)).directory).toBe("/a");
    await engine.close();

    fileSystem.faults.clear();
    const again = await open(fileSystem);
    expect(again.partition("t", 0)).toMatchObject({
      online: true,
      logEndOffset: 1,
      directory: "/b",
    });
  });

  it("and comes back with what was deleted and made anew elsewhere meanwhile does not stop the start", async () => {
    const fileSystem = new MemoryFileSystem();
    const first = await open(fileSystem);
    await append(first, await make(first, 0, { directory: "/b" }));
    await first.close();
    fileSystem.faults.add({ call: "list", path: "/b", nth: 1, code: "EIO", forever: true });
    const without = await open(fileSystem);
    await without.deletePartition({ topic: "t", partition: 0 });
    expect(without.partition("t", 0)).toBeUndefined();
    expect((await make(without, 0, { topicId: OTHER_TOPIC_ID })).directory).toBe("/a");
    await without.close();
    fileSystem.faults.clear();
    const again = await open(fileSystem);
    expect(again.partition("t", 0)).toMatchObject({
      directory: "/a",
      topicId: OTHER_TOPIC_ID,
      logEndOffset: 0,
    });
    expect(fileSystem.existsSync("/b/t-0")).toBe(false);
  });

  it("and is replaced by an empty one does not turn its partitions into empty ones", async () => {
    const fileSystem = new MemoryFileSystem();
    const first = await open(fileSystem);
    await append(first, await make(first, 0, { directory: "/b" }));
    await first.close();
    const engine = await open(fileSystem, ["/a", "/new"]);
    expect(engine.partition("t", 0)).toMatchObject({ online: false });
    await expect(make(engine, 0)).rejects.toThrow("offline");
    await engine.close();
    // Also when only one is left.
    const alone = await open(fileSystem, ["/a"]);
    expect(alone.partition("t", 0)).toMatchObject({ online: false });
  });

  it("lets the deletion of a topic whose log it holds through, without touching the files", async () => {
    const fileSystem = new MemoryFileSystem();
    const engine = await open(fileSystem);
    const bad = await make(engine, 0, { directory: "/b" });
    fileSystem.faults.add({ call: "dataSync", path: "/b/", nth: 1, code: "EIO" });
    expect(await append(engine, bad)).toMatchObject({ ok: false });
    await engine.deletePartition({ topic: "t", partition: 0 });
    expect(engine.partition("t", 0)).toBeUndefined();
    expect((await make(engine, 0, { topicId: OTHER_TOPIC_ID })).directory).toBe("/a");
    expect(fileSystem.existsSync("/b/t-0")).toBe(true);
  });
});

describe("a start over several log directories", () => {
  it("is refused when another process holds one of them, and makes no other", async () => {
    const fileSystem = new MemoryFileSystem();
    const holder = await open(fileSystem, ["/b"]);
    await expect(open(fileSystem, ["/a", "/b"])).rejects.toThrow(
      /the log directory \/b is in use by process/,
    );
    expect(fileSystem.existsSync("/a")).toBe(false);
    await holder.close();
    await open(fileSystem, ["/a", "/b"]);
  });

  it("is refused without the first, with the reason", async () => {
    const fileSystem = new MemoryFileSystem();
    await (await open(fileSystem)).close();
    fileSystem.faults.add({ call: "list", path: "/a", nth: 1, code: "EIO", forever: true });
    await expect(open(fileSystem)).rejects.toThrow("EIO");
    fileSystem.faults.clear();
    await open(fileSystem);
  });

  it("is refused when a partition lies in two, with both paths, and changes neither", async () => {
    const fileSystem = new MemoryFileSystem();
    await (await open(fileSystem)).close();
    for (const directory of ["/a/t-0", "/b/t-0"]) {
      fileSystem.makeDirectorySync(directory);
      writeTopicIdNow(fileSystem, directory, TOPIC_ID);
    }
    await expect(open(fileSystem)).rejects.toThrow(
      /t-0 is found more than once: \/a\/t-0 and \/b\/t-0/,
    );
    expect(["/a/t-0", "/b/t-0"].map((path) => fileSystem.existsSync(path))).toEqual([true, true]);
    expect(fileSystem.existsSync("/b/.kafka_cleanshutdown")).toBe(true);
  });

  it("does not take a move that another broker left unfinished for a partition", async () => {
    const fileSystem = new MemoryFileSystem();
    fileSystem.makeDirectorySync("/b/t-0.0123456789abcdef0123456789abcdef-future");
    const engine = await open(fileSystem);
    expect([...engine.partitions()]).toEqual([]);
    expect(fileSystem.existsSync("/b/t-0.0123456789abcdef0123456789abcdef-future")).toBe(true);
  });

  it("is refused when the places are damaged and a directory is away, for nobody knows what lies there", async () => {
    const fileSystem = new MemoryFileSystem();
    const first = await open(fileSystem);
    await make(first, 0, { directory: "/b" });
    await first.close();
    const file = fileSystem.openSync(PLACES, "write");
    file.writeSync([new TextEncoder().encode("x")], 0);
    file.closeSync();
    fileSystem.faults.add({
      call: "makeDirectory",
      path: "/b",
      nth: 1,
      code: "EIO",
      forever: true,
    });
    await expect(open(fileSystem)).rejects.toThrow("damaged");
    fileSystem.faults.clear();
    await (await open(fileSystem)).close();
    expect(placesIn(fileSystem)).toEqual([`t 0 ${TOPIC_ID} %2Fb`]);
  });

  it("has the place of a partition on disk before its log", async () => {
    const fileSystem = new MemoryFileSystem();
    const engine = await open(fileSystem);
    fileSystem.faults.add({
      call: "dataSync",
      path: "ottla-partition-directories",
      nth: 1,
      code: "EIO",
    });
    await expect(make(engine, 0)).rejects.toThrow("EIO");
    expect(["/a/t-0", "/b/t-0"].some((path) => fileSystem.existsSync(path))).toBe(false);
    expect(await append(engine, await make(engine, 0))).toMatchObject({ ok: true });
  });
});

describe("volumes that fill up one by one", () => {
  async function setUp() {
    const clock = new SimulatedClock();
    const disks = new Map(
      ["/a", "/b"].map((name) => [name, new MemoryFileSystem({ capacityBytes: 40 * MEBIBYTE })]),
    );
    const shared = { clock, random: new SeededRandom(1), logger: silentLogger };
    const engine = new DirectoriesEngine({
      ...shared,
      directories: ["/a", "/b"],
      fileSystem: disks.get("/a")!,
      memory: new EngineMemory({
        slabBytes: 4 * MEBIBYTE,
        tailBytes: MEBIBYTE,
        readBytes: 2 * MEBIBYTE,
      }),
      // Each on a disk of its own; what the engine looks for in /b before it opens it is not on the disk of /a.
      createEngine: (directory, memory) =>
        new LocalEngine({
          ...shared,
          flush: "group",
          directory,
          memory,
          fileSystem: disks.get(directory)!,
        }),
      directoryIdOf: (directory) => directory,
    });
    disks.get("/a")!.makeDirectorySync("/b");
    await engine.open();
    opened.push(engine);
    const fill = (disk: string, freeBytes: number): void => {
      const fileSystem = disks.get(disk)!;
      const file = fileSystem.openSync("/somebody-else", "write");
      file.writeSync([new Uint8Array(40 * MEBIBYTE - fileSystem.disk.usedBytes - freeBytes)], 0);
      file.closeSync();
    };
    const check = async (): Promise<void> => {
      clock.advance(SPACE_CHECK_INTERVAL_MS);
      for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
    };
    return { engine, disks, fill, check };
  }

  it("refuse produce each for itself, tell their figures, and take it again when there is space", async () => {
    const { engine, disks, fill, check } = await setUp();
    const [onA, onB] = [
      await make(engine, 0, { directory: "/a" }),
      await make(engine, 1, { directory: "/b" }),
    ];
    fill("/b", MEBIBYTE);
    await check();
    expect(await append(engine, onA)).toMatchObject({ ok: true });
    expect(await append(engine, onB)).toMatchObject({
      ok: false,
      errorCode: ErrorCode.KAFKA_STORAGE_ERROR,
    });
    // The broker's own records may use the reserve; records can be deleted.
    expect(await append(engine, onB, "coordinator")).toMatchObject({ ok: true });
    expect(await onB.deleteRecordsBefore(1)).toBe(1);
    const [a, b] = engine.directories();
    expect(a).toMatchObject({ online: true, totalBytes: 40 * MEBIBYTE });
    expect(a!.usableBytes).toBeGreaterThan(39 * MEBIBYTE);
    expect(b!.usableBytes).toBeLessThanOrEqual(MEBIBYTE);
    await engine.deletePartition({ topic: "t", partition: 0 });
    disks.get("/b")!.removeSync("/somebody-else");
    await check();
    expect(await append(engine, onB)).toMatchObject({ ok: true, baseOffset: 1 });
  });

  it("survive being filled to the last byte by somebody else between two looks", async () => {
    const { engine, disks, fill, check } = await setUp();
    const onB = await make(engine, 0, { directory: "/b" });
    expect(await append(engine, onB)).toMatchObject({ ok: true });
    fill("/b", 20);
    for (const origin of ["client", "coordinator"] as const)
      expect(await append(engine, onB, origin)).toMatchObject({
        ok: false,
        errorCode: ErrorCode.KAFKA_STORAGE_ERROR,
      });
    expect(onB.online).toBe(true);
    const read = await onB.read({
      startOffset: 0,
      limitOffset: 9,
      maxBytes: 9_999,
      minOneBatch: true,
    });
    expect(read).toMatchObject({ ok: true, nextOffset: 1 });
    if (read.ok) read.release();
    disks.get("/b")!.removeSync("/somebody-else");
    await check();
    expect(await append(engine, onB)).toMatchObject({ ok: true, baseOffset: 1 });
  });
});

it("a copy of a partition that does not say whose it is is not taken for a leftover", async () => {
  const fileSystem = new MemoryFileSystem();
  const engine = await open(fileSystem);
  await make(engine, 0, { directory: "/a" });
  await engine.close();
  fileSystem.makeDirectorySync("/b/t-0");
  await expect(open(fileSystem)).rejects.toThrow("found more than once");
  expect(fileSystem.existsSync("/b/t-0")).toBe(true);
});
