import { buildTestBatch, MemoryFileSystem } from "@ottla/testkit";
import { expect, test } from "vitest";
import { completeSwaps } from "./swap-pass.ts";

const DIRECTORY = "/data/topic-0";
const name = (base: number, suffix: string): string => String(base).padStart(20, "0") + suffix;

/** A directory with a batch of ten records per log, each beginning at the base in its name. */
function directory(names: readonly string[]): MemoryFileSystem {
  const fileSystem = new MemoryFileSystem();
  fileSystem.makeDirectorySync(DIRECTORY);
  for (const file of names) {
    const handle = fileSystem.openSync(`${DIRECTORY}/${file}`, "create");
    const baseOffset = Number(file.slice(0, 20));
    const content = file.includes(".log")
      ? buildTestBatch({ baseOffset, records: 10 })
      : new TextEncoder().encode(file);
    handle.writeSync([content], 0);
    handle.closeSync();
  }
  return fileSystem;
}

function completed(...names: string[]): string[] {
  const fileSystem = directory(names);
  completeSwaps(fileSystem, DIRECTORY);
  const found = fileSystem.listSync(DIRECTORY);
  completeSwaps(fileSystem, DIRECTORY);
  expect(fileSystem.listSync(DIRECTORY)).toEqual(found);
  return found;
}

test("Kafka's chosen log takes the place of the segments inside its range, with the index that was not chosen yet", () => {
  const left = completed(
    name(0, ".log"),
    name(0, ".index"),
    name(0, ".snapshot"),
    name(5, ".log"),
    name(5, ".snapshot"),
    name(10, ".log"),
    name(0, ".log.swap"),
    name(0, ".timeindex.swap"),
    name(0, ".index.cleaned"),
  );
  expect(left).toEqual([
    name(0, ".index"),
    name(0, ".log"),
    name(0, ".snapshot"),
    name(0, ".timeindex"),
    name(10, ".log"),
  ]);
});

test("an index that was left behind follows its log, and does not touch segments", () => {
  expect(completed(name(0, ".log"), name(5, ".log"), name(0, ".index.swap"))).toEqual([
    name(0, ".index"),
    name(0, ".log"),
    name(5, ".log"),
  ]);
});

test("new index files that have their name already are kept while the log still waits for its own", () => {
  expect(completed(name(0, ".log.swap"), name(0, ".txnindex"), name(0, ".log.deleted"))).toEqual([
    name(0, ".log"),
    name(0, ".log.deleted"),
    name(0, ".txnindex"),
  ]);
});

test("the upper half of a split that was cut off goes (KAFKA-6264)", () => {
  expect(
    completed(
      name(0, ".log"),
      name(0, ".log.cleaned"),
      name(5, ".log.swap"),
      name(5, ".index.swap"),
    ),
  ).toEqual([name(0, ".log"), name(0, ".log.cleaned")]);
});

test("a damaged log that was chosen removes nothing", () => {
  const fileSystem = directory([name(0, ".log"), name(0, ".log.swap")]);
  const handle = fileSystem.openSync(`${DIRECTORY}/${name(0, ".log.swap")}`, "write");
  handle.writeSync([new Uint8Array([1, 2, 3])], 70);
  expect(() => completeSwaps(fileSystem, DIRECTORY)).toThrow(/CRC/);
  expect(fileSystem.existsSync(`${DIRECTORY}/${name(0, ".log")}`)).toBe(true);
});
