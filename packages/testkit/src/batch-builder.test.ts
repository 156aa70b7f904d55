import { buildControlBatch, RecordBatchView } from "@ottla/protocol";
import { describe, expect, it } from "vitest";
import { buildTestBatch, readTestRecords, TEST_TIMESTAMP_MS } from "./batch-builder.ts";

describe("test batches", () => {
  it("hold one record when nothing is said", () => {
    expect(readTestRecords(buildTestBatch())).toEqual([
      { offset: 0, timestamp: TEST_TIMESTAMP_MS, key: null, value: "value-0" },
    ]);
  });

  it("take records, header fields and sizes", () => {
    const batch = buildTestBatch({
      baseOffset: 10,
      compression: 1,
      producerId: 5n,
      producerEpoch: 0,
      baseSequence: 3,
      records: [
        { key: "k", value: null, headers: { a: "b" } },
        { value: "v", timestamp: 7 },
      ],
    });
    expect(new RecordBatchView(batch)).toMatchObject({ producerId: 5n, lastSequence: 4 });
    expect(readTestRecords(batch)).toEqual([
      { offset: 10, timestamp: TEST_TIMESTAMP_MS, key: "k", value: null },
      { offset: 11, timestamp: 7, key: null, value: "v" },
    ]);
    const sized = readTestRecords(buildTestBatch({ records: 3, valueBytes: 100 }));
    expect(sized.map((record) => record.value?.length)).toEqual([100, 100, 100]);
  });

  it("are read one behind the other without control batches", () => {
    const marker = buildControlBatch({
      type: "abort",
      coordinatorEpoch: 0,
      producerId: 1n,
      producerEpoch: 0,
      timestamp: 0,
      baseOffset: 1,
    });
    const log = Buffer.concat([buildTestBatch(), marker, buildTestBatch({ baseOffset: 2 })]);
    expect(readTestRecords(log).map((record) => record.offset)).toEqual([0, 2]);
  });
});
