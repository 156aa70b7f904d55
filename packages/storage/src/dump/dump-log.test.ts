import { buildTestBatch, MemoryFileSystem, TEST_TIMESTAMP_MS } from "@ottla/testkit";
import { expect, test } from "vitest";
import { LOG_DIRECTORY, LogHarness } from "../log/log-harness.test.ts";
import type { DumpEntry } from "./dump-entry.ts";
import { dumpLog } from "./dump-log.ts";

function closedLog(): MemoryFileSystem {
  const fileSystem = new MemoryFileSystem();
  const harness = new LogHarness({ fileSystem, config: { indexIntervalBytes: 100 } });
  for (let index = 0; index < 4; index++) {
    harness.append(
      buildTestBatch({
        records: [{ key: `k${index}`, value: "v" }, { value: null }],
        compression: index === 1 ? 1 : 0,
        producerId: 8n,
        producerEpoch: 2,
        baseSequence: 2 * index,
        timestamp: TEST_TIMESTAMP_MS + 10 * index,
      }),
    );
  }
  harness.log.closeSync();
  return fileSystem;
}

async function dump(
  fileSystem: MemoryFileSystem,
  name: string,
  deepIteration = false,
): Promise<DumpEntry[]> {
  const entries: DumpEntry[] = [];
  for await (const entry of dumpLog(`${LOG_DIRECTORY}/${name}`, { fileSystem, deepIteration }))
    entries.push(entry);
  return entries;
}

test("a segment shows its batches, and its records when asked", async () => {
  const entries = await dump(closedLog(), "00000000000000000000.log", true);
  expect(entries[0]).toMatchObject({ kind: "file", baseOffset: 0 });
  const batches = entries.filter((entry) => entry.kind === "batch");
  expect(
    batches.map(({ baseOffset, lastOffset, count }) => [baseOffset, lastOffset, count]),
  ).toEqual([
    [0, 1, 2],
    [2, 3, 2],
    [4, 5, 2],
    [6, 7, 2],
  ]);
  expect(batches[1]).toMatchObject({
    producerId: 8n,
    producerEpoch: 2,
    baseSequence: 2,
    lastSequence: 3,
    compression: "GZIP",
    isValid: true,
    partitionLeaderEpoch: 3,
    timestampType: "CreateTime",
    magic: 2,
    deleteHorizonMs: undefined,
  });
  const records = entries.filter((entry) => entry.kind === "record");
  expect(
    records.map(({ record, sequence }) => [
      record.offset,
      sequence,
      record.key && new TextDecoder().decode(record.key),
      record.value?.length,
    ]),
  ).toEqual([
    [0, 0, "k0", 1],
    [1, 1, null, undefined],
    [2, 2, "k1", 1],
    [3, 3, null, undefined],
    [4, 4, "k2", 1],
    [5, 5, null, undefined],
    [6, 6, "k3", 1],
    [7, 7, null, undefined],
  ]);
});

test("damage is shown where it lies and ends the dump", async () => {
  const fileSystem = closedLog();
  const path = `${LOG_DIRECTORY}/00000000000000000000.log`;
  const handle = fileSystem.openSync(path, "write");
  const size = handle.sizeBytes();
  handle.writeSync([new Uint8Array(30)], size);
  handle.writeSync([Uint8Array.of(0xff)], 65);
  const entries = await dump(fileSystem, "00000000000000000000.log");
  expect(entries[1]).toMatchObject({ kind: "batch", isValid: false });
  expect(entries.at(-1)).toMatchObject({ kind: "damage", position: size });
});

test("indexes and snapshots show their entries", async () => {
  const fileSystem = closedLog();
  const batches = (await dump(fileSystem, "00000000000000000000.log")).filter(
    (entry) => entry.kind === "batch",
  );
  const offsets = (await dump(fileSystem, "00000000000000000000.index")).slice(1);
  expect(offsets.length).toBeGreaterThan(0);
  for (const entry of offsets) {
    if (entry.kind !== "offset-index-entry") throw new Error(entry.kind);
    expect(batches.find(({ lastOffset }) => lastOffset === entry.offset)?.position).toBe(
      entry.position,
    );
  }
  const times = await dump(fileSystem, "00000000000000000000.timeindex");
  expect(times.at(-1)).toEqual({
    kind: "time-index-entry",
    timestamp: TEST_TIMESTAMP_MS + 31,
    offset: 7,
  });
  expect(await dump(fileSystem, "00000000000000000008.snapshot")).toMatchObject([
    { kind: "file", baseOffset: 8 },
    {
      kind: "producer",
      producerId: 8n,
      producerEpoch: 2,
      firstSequence: 6,
      lastSequence: 7,
      lastOffset: 7,
      offsetDelta: 1,
      rememberedBatches: 4,
      coordinatorEpoch: -1,
      currentTransactionFirstOffset: -1,
    },
  ]);
});

test("other files are refused", async () => {
  await expect(dump(closedLog(), "leader-epoch-checkpoint")).rejects.toThrow(/not a \.log/);
  await expect(dump(closedLog(), "00000000000000000009.log")).rejects.toThrow(/no such file/);
});
