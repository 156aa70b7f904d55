import { expect, it } from "vitest";
import { silentLogger, type FileHandle, type FileSystem, type OpenMode } from "@ottla/runtime";
import {
  LOST_NAMES,
  LOST_WRITES,
  MemoryFileSystem,
  SeededRandom,
  buildCrashState,
  testSeed,
} from "@ottla/testkit";
import { EmbeddedStore } from "./embedded-store.ts";
import type { MetadataValue } from "./metadata-store.ts";

const DIRECTORY = "/metadata";
const TRANSACTIONS = 40;
/** Small, so that the run folds the log several times. */
const SNAPSHOT_THRESHOLD_BYTES = 600;

type State = Record<string, MetadataValue>;

interface Run {
  /** What the store holds after revision n, at index n. */
  readonly states: readonly State[];
  /** `acknowledged[n]`: operations of the disk when revision n was acknowledged. */
  readonly acknowledged: readonly number[];
}

function openOn(fileSystem: FileSystem): Promise<EmbeddedStore> {
  return EmbeddedStore.open({
    fileSystem,
    directory: DIRECTORY,
    logger: silentLogger,
    snapshotThresholdBytes: SNAPSHOT_THRESHOLD_BYTES,
  });
}

async function stateOf(store: EmbeddedStore): Promise<State> {
  const { entries } = await store.read();
  return Object.fromEntries([...entries].map(([key, { value }]) => [key, value]).sort());
}

/** Puts and removes keys, some of them several at once, and notes when each was acknowledged. */
async function run(
  disk: MemoryFileSystem,
  fileSystem: FileSystem,
  random: SeededRandom,
): Promise<Run> {
  const store = await openOn(fileSystem);
  const states: State[] = [{}];
  const acknowledged: number[] = [0];
  const model = new Map<string, MetadataValue>();
  while (states.length <= TRANSACTIONS) {
    const group = Array.from({ length: 1 + random.nextInt(3) }, () => {
      const key = `key${random.nextInt(6)}`;
      const value = random.chance(0.2)
        ? undefined
        : { text: "x".repeat(random.nextInt(900)), n: states.length };
      if (value === undefined) model.delete(key);
      else model.set(key, value);
      states.push(Object.fromEntries([...model].sort()));
      return store.compareAndSet({ expect: [], changes: [{ key, value }] });
    });
    for (const committed of await Promise.all(group)) {
      if (committed.ok) acknowledged[committed.revision] = disk.trace.length;
    }
  }
  await store.close();
  return { states, acknowledged };
}

/** Crashes the run at every operation in every mode. Returns how many states there were and what was wrong. */
async function crashEverywhere(
  disk: MemoryFileSystem,
  { states, acknowledged }: Run,
  random: SeededRandom,
) {
  const violations: string[] = [];
  let crashes = 0;
  for (let operations = 0; operations <= disk.trace.length; operations++) {
    const required = acknowledged.findLastIndex((at) => at <= operations);
    for (const writes of LOST_WRITES) {
      for (const names of LOST_NAMES) {
        crashes++;
        const where = `after ${operations} operations, writes ${writes}, names ${names}`;
        try {
          const crashed = buildCrashState(disk.trace, { operations, writes, names, random });
          const store = await openOn(crashed);
          const { revision } = await store.read();
          if (revision < required)
            violations.push(`${where}: revision ${revision}, acknowledged ${required}`);
          expect(await stateOf(store), where).toEqual(states[revision]);
          await store.compareAndSet({ expect: [], changes: [{ key: "after", value: 1 }] });
          await store.close();
          const again = await openOn(crashed);
          expect(await stateOf(again), where).toEqual({ after: 1, ...states[revision] });
          await again.close();
        } catch (error) {
          violations.push(`${where}: ${error instanceof Error ? error.message : String(error)}`);
        }
      }
    }
  }
  return { crashes, violations };
}

it("loses no acknowledged transaction and tears none, whichever I/O call the power fails at", async () => {
  const seed = testSeed();
  const random = new SeededRandom(seed);
  const disk = new MemoryFileSystem();
  const done = await run(disk, disk, random);
  const { crashes, violations } = await crashEverywhere(disk, done, random);
  expect(violations.slice(0, 5), `replay with OTTLA_SEED=${seed}`).toEqual([]);
  expect(crashes).toBeGreaterThan(2000);
});

it("would be caught losing data if syncs did nothing (positive control)", async () => {
  const random = new SeededRandom(1);
  const disk = new MemoryFileSystem();
  const done = await run(disk, withoutSync(disk), random);
  const { violations } = await crashEverywhere(disk, done, random);
  expect(violations.length).toBeGreaterThan(0);
});

it("recovers after a recovery that failed with an I/O error at any call", async () => {
  const seed = testSeed();
  const random = new SeededRandom(seed);
  const disk = new MemoryFileSystem();
  const { states, acknowledged } = await run(disk, disk, random);
  let failed = 0;
  for (let round = 0; round < 300; round++) {
    const operations = random.nextInt(disk.trace.length + 1);
    const modes = { writes: random.pick(LOST_WRITES), names: random.pick(LOST_NAMES), random };
    const crashed = buildCrashState(disk.trace, { operations, ...modes });
    const call = random.pick([
      "open",
      "write",
      "dataSync",
      "rename",
      "syncDirectory",
      "truncate",
      "read",
    ] as const);
    crashed.faults.add({ call, nth: 1 + random.nextInt(2), code: "EIO" });
    const first = await openOn(crashed).then(
      (store) => store.close(),
      () => "failed",
    );
    if (first === "failed") failed++;
    crashed.faults.clear();
    const store = await openOn(crashed);
    const { revision } = await store.read();
    const required = acknowledged.findLastIndex((at) => at <= operations);
    expect(revision, `replay with OTTLA_SEED=${seed}`).toBeGreaterThanOrEqual(required);
    expect(await stateOf(store), `replay with OTTLA_SEED=${seed}`).toEqual(states[revision]);
    await store.close();
  }
  expect(failed).toBeGreaterThan(20);
});

/** A disk that claims to sync. */
function withoutSync(disk: MemoryFileSystem): FileSystem {
  return new Proxy<FileSystem>(disk, {
    get(target, name) {
      if (name === "syncDirectory") return () => Promise.resolve();
      if (name !== "openSync") {
        const value: unknown = Reflect.get(target, name);
        return typeof value === "function" ? value.bind(target) : value;
      }
      return (path: string, mode: OpenMode): FileHandle => {
        const file = target.openSync(path, mode);
        return new Proxy(file, {
          get(handle, key) {
            if (key === "dataSync") return () => Promise.resolve();
            const value: unknown = Reflect.get(handle, key);
            return typeof value === "function" ? value.bind(handle) : value;
          },
        });
      };
    },
  });
}
