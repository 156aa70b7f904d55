import { describe, expect, it } from "vitest";
import { CompressionType } from "../compression/compression-type.ts";
import { RecordBatchBuilder } from "./batch-builder.ts";
import { RecordBatchView } from "./record-batch.ts";
import { iterateRecords } from "./record-codec.ts";

const LIMIT = { maxDecompressedBytes: 1 << 20 };

describe("the record batch builder", () => {
  it("refuses a record beyond maxBytes without a trace, but takes a first one of any size", () => {
    const builder = new RecordBatchBuilder({ maxBytes: 200 });
    expect(builder.append({ timestamp: 1, value: new Uint8Array(500) })).toBe(true);
    expect(builder.append({ timestamp: 9 })).toBe(false);
    expect(builder.recordCount).toBe(1);
    expect(new RecordBatchView(builder.build())).toMatchObject({ recordCount: 1, maxTimestamp: 1 });
  });

  it("fills up to exactly maxBytes", () => {
    const record = { timestamp: 5, value: new Uint8Array(10) };
    const measure = new RecordBatchBuilder();
    for (let index = 0; index < 4; index++) measure.append(record);
    const size = measure.estimatedSizeBytes;
    for (const [maxBytes, fits] of [
      [size, 4],
      [size - 1, 3],
    ] as const) {
      const builder = new RecordBatchBuilder({ maxBytes });
      for (let index = 0; index < 4; index++) builder.append(record);
      expect(builder.recordCount).toBe(fits);
      expect(builder.build().length).toBeLessThanOrEqual(maxBytes);
    }
    expect(measure.build().length).toBe(size);
  });

  it("compresses what repeats", () => {
    for (const compression of [1, 2, 3, 4] as const) {
      const builder = new RecordBatchBuilder({ compression });
      for (let index = 0; index < 100; index++)
        builder.append({ timestamp: 1, value: new Uint8Array(100) });
      const batch = builder.build();
      expect(batch.length).toBeLessThan(builder.estimatedSizeBytes / 5);
      expect(new RecordBatchView(batch).compression).toBe(compression);
    }
  });

  it("keeps holes between given offsets", () => {
    const builder = new RecordBatchBuilder({ baseOffset: 100, compression: CompressionType.LZ4 });
    for (const offset of [102, 105, 400]) builder.append({ timestamp: 0, offset });
    expect(() => builder.append({ timestamp: 0, offset: 400 })).toThrow(RangeError);
    expect(() => builder.append({ timestamp: 0, offset: 100 + 2 ** 31 })).toThrow(RangeError);
    const view = new RecordBatchView(builder.build());
    expect([...iterateRecords(view, LIMIT)].map((record) => record.offset)).toEqual([
      102, 105, 400,
    ]);
    expect(view.nextOffset).toBe(401);
  });

  it("refuses an empty batch, a second build, and impossible timestamps", () => {
    expect(() => new RecordBatchBuilder().build()).toThrow(/at least one record/);
    const builder = new RecordBatchBuilder();
    for (const timestamp of [1.5, -2, 2 ** 53]) {
      expect(() => builder.append({ timestamp })).toThrow(RangeError);
    }
    builder.append({ timestamp: 1 });
    builder.build();
    expect(() => builder.append({ timestamp: 1 })).toThrow(/built already/);
    expect(() => builder.build()).toThrow(/built already/);
  });

  it("replaces a lone surrogate in a header key and stays readable", () => {
    const builder = new RecordBatchBuilder();
    builder.append({ timestamp: 1, headers: [{ key: "a\ud800b", value: null }] });
    const [record] = [...iterateRecords(new RecordBatchView(builder.build()), LIMIT)];
    expect(record!.headers).toEqual([{ key: "a\ufffdb", value: null }]);
  });
});
