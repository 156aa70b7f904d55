import { buildControlBatch, RecordBatchBuilder } from "@ottla/protocol";
import { expect, test } from "vitest";
import { FetchedRecords, type AbortedTransaction } from "./fetched-records.ts";
import { PartitionState } from "./partition-state.ts";

function batch(baseOffset: number, values: string[], producerId?: bigint): Uint8Array {
  const isTransactional = producerId !== undefined;
  const builder = new RecordBatchBuilder({
    baseOffset,
    ...(isTransactional
      ? { producerId, producerEpoch: 0, baseSequence: 0, transactional: true }
      : {}),
  });
  for (const value of values) builder.append({ timestamp: 1, value: Buffer.from(value) });
  return builder.build();
}

function marker(type: "abort" | "commit", producerId: bigint, baseOffset: number): Uint8Array {
  return buildControlBatch({
    type,
    producerId,
    producerEpoch: 0,
    coordinatorEpoch: 0,
    timestamp: 1,
    baseOffset,
  });
}

function read(
  chunks: Uint8Array[],
  options: { fetchOffset?: number; aborted?: AbortedTransaction[] } = {},
) {
  const { fetchOffset = 0, aborted = [] } = options;
  const state = new PartitionState({ topic: "t", partition: 0 });
  const fetched = new FetchedRecords(state, Buffer.concat(chunks), {
    fetchOffset,
    aborted,
    checkCrcs: true,
  });
  const values: string[] = [];
  for (let record = fetched.next(); record !== undefined; record = fetched.next()) {
    values.push(`${record.offset}:${Buffer.from(record.value ?? []).toString()}`);
  }
  return { values, nextOffset: fetched.nextOffset };
}

test("records before the offset that was asked for are passed over", () => {
  expect(read([batch(10, ["a", "b", "c"]), batch(13, ["d"])], { fetchOffset: 12 })).toEqual({
    values: ["12:c", "13:d"],
    nextOffset: 14,
  });
});

test("control batches are not shown, and the next offset is after them", () => {
  expect(read([batch(0, ["a"], 5n), marker("commit", 5n, 1)])).toEqual({
    values: ["0:a"],
    nextOffset: 2,
  });
});

test("records of an aborted transaction are left out until its marker, those of others stay", () => {
  const chunks = [
    batch(0, ["aborted"], 5n),
    batch(1, ["other"], 6n),
    batch(2, ["plain"]),
    marker("abort", 5n, 3),
    batch(4, ["committed"], 5n),
    marker("commit", 5n, 5),
  ];
  const aborted = [{ producerId: 5n, firstOffset: 0n }];
  expect(read(chunks, { aborted })).toEqual({
    values: ["1:other", "2:plain", "4:committed"],
    nextOffset: 6,
  });
});

test("a cut batch at the end is left for the next fetch", () => {
  const cut = batch(1, ["b"]).subarray(0, 66);
  expect(read([batch(0, ["a"]), cut])).toEqual({ values: ["0:a"], nextOffset: 1 });
});

test("a damaged batch is an error and not a record", () => {
  const damaged = batch(0, ["abc"]);
  damaged[damaged.length - 2]! ^= 1;
  expect(() => read([damaged])).toThrow("t-0: the batch at offset 0 is damaged (CRC)");
});
