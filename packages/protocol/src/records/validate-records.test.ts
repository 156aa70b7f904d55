import { describe, expect, it } from "vitest";
import { CompressionType } from "../compression/compression-type.ts";
import { RecordBatchBuilder } from "./batch-builder.ts";
import { BatchField, RECORD_BATCH_OVERHEAD, setLogAppendTime } from "./batch-header.ts";
import { RecordBatchView } from "./record-batch.ts";
import { validateRecords, WHOLE_BATCH } from "./validate-records.ts";

const LIMIT = { maxDecompressedBytes: 10_000 };

function batchOf(
  keys: (string | null)[],
  compression: CompressionType = CompressionType.NONE,
): Uint8Array {
  const builder = new RecordBatchBuilder({ compression });
  for (const [index, key] of keys.entries()) {
    builder.append({ timestamp: 500 - index, key: key === null ? null : Buffer.from(key) });
  }
  return builder.build();
}

function withInt32(batch: Uint8Array, at: number, value: number): RecordBatchView {
  new DataView(batch.buffer, batch.byteOffset).setInt32(at, value);
  return new RecordBatchView(batch);
}

describe("validating the records of a produced batch", () => {
  it("accepts a proper batch of any codec and finds its largest timestamp", () => {
    for (const compression of Object.values(CompressionType)) {
      const view = new RecordBatchView(batchOf(["a", "b", "c"], compression));
      expect(validateRecords(view, { ...LIMIT, requireKeys: true })).toEqual({
        ok: true,
        maxTimestamp: 500,
      });
    }
  });

  it("reports the log append time where that holds for all records", () => {
    const batch = batchOf(["a"]);
    setLogAppendTime(batch, 0, 9999);
    expect(validateRecords(new RecordBatchView(batch), LIMIT)).toEqual({
      ok: true,
      maxTimestamp: 9999,
    });
  });

  it("names the first record without a key where keys are required", () => {
    const view = new RecordBatchView(batchOf(["a", null, "c", null]));
    expect(validateRecords(view, LIMIT).ok).toBe(true);
    expect(validateRecords(view, { ...LIMIT, requireKeys: true })).toEqual({
      ok: false,
      reason: "record without a key",
      recordIndex: 1,
    });
  });

  it("names the record at which offset deltas have a hole", () => {
    const builder = new RecordBatchBuilder();
    for (const offset of [0, 1, 3]) builder.append({ timestamp: 0, offset });
    const view = withInt32(builder.build(), BatchField.LAST_OFFSET_DELTA, 2);
    expect(validateRecords(view, LIMIT)).toEqual({
      ok: false,
      reason: "offset delta 3",
      recordIndex: 2,
    });
  });

  it("refuses a last offset delta that does not fit the count", () => {
    const view = withInt32(batchOf(["a", "b"]), BatchField.LAST_OFFSET_DELTA, 5);
    expect(validateRecords(view, LIMIT)).toMatchObject({ ok: false, recordIndex: WHOLE_BATCH });
  });

  it.each([0, -1, 2 ** 31 - 1])("refuses a record count of %d", (count) => {
    const batch = batchOf(["a", "b"]);
    withInt32(batch, BatchField.LAST_OFFSET_DELTA, count - 1);
    const view = withInt32(batch, BatchField.RECORD_COUNT, count);
    expect(validateRecords(view, LIMIT)).toMatchObject({ ok: false, recordIndex: WHOLE_BATCH });
  });

  it("refuses fewer and more records than counted", () => {
    for (const [count, reason] of [
      [1, "bytes after the last record"],
      [3, "record ends inside a number"],
    ] as const) {
      const batch = batchOf(["a-long-enough-key", "b"]);
      withInt32(batch, BatchField.LAST_OFFSET_DELTA, count - 1);
      const verdict = validateRecords(withInt32(batch, BatchField.RECORD_COUNT, count), LIMIT);
      expect(verdict.ok).toBe(false);
      expect(verdict).toMatchObject({ reason: expect.stringContaining(reason) });
    }
  });

  it("names the record whose length leaves the batch", () => {
    const batch = batchOf(["a", "b"]);
    const firstSize = 1 + batch[RECORD_BATCH_OVERHEAD]! / 2;
    batch[RECORD_BATCH_OVERHEAD + firstSize] = 126;
    const verdict = validateRecords(new RecordBatchView(batch), LIMIT);
    expect(verdict).toMatchObject({ ok: false, recordIndex: 1 });
  });

  it("refuses more decompressed bytes than allowed", () => {
    const view = new RecordBatchView(batchOf(["k".repeat(5000)], CompressionType.ZSTD));
    expect(validateRecords(view, { maxDecompressedBytes: 5000 })).toMatchObject({
      ok: false,
      reason: expect.stringContaining("beyond the limit of 5000 bytes"),
      recordIndex: WHOLE_BATCH,
    });
  });

  it("refuses an undefined codec", () => {
    const batch = batchOf(["a"]);
    batch[BatchField.ATTRIBUTES + 1] = 6;
    expect(validateRecords(new RecordBatchView(batch), LIMIT)).toMatchObject({
      ok: false,
      reason: expect.stringContaining("unknown compression type 6"),
    });
  });
});
