import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { buildDescribed, describeBatch, type BatchDescription } from "./golden/describe-batch.ts";
import { RecordBatchView } from "./record-batch.ts";
import { TimestampType } from "./batch-header.ts";
import { validateRecords } from "./validate-records.ts";

// Written by kafka-clients 4.3.1 through compat/java/records: `write java-batches.jsonl 1 3 6`.
const file = new URL("./golden/java-batches.jsonl", import.meta.url);
const batches = readFileSync(file, "utf8")
  .trimEnd()
  .split("\n")
  .map((line) => JSON.parse(line) as BatchDescription);

function viewOf(batch: BatchDescription): RecordBatchView {
  return new RecordBatchView(new Uint8Array(Buffer.from(batch.bytes, "base64")));
}

describe("batches written by Kafka's Java client", () => {
  it("cover all five codecs, transactions and both markers", () => {
    expect(new Set(batches.map((batch) => batch.compression))).toEqual(
      new Set(["none", "gzip", "snappy", "lz4", "zstd"]),
    );
    expect(batches.some((batch) => batch.transactional && !batch.control)).toBe(true);
    expect(batches.some((batch) => batch.timestampType === TimestampType.LOG_APPEND_TIME)).toBe(
      true,
    );
    const markers = batches.flatMap((batch) =>
      batch.records.flatMap((record) => record.marker ?? []),
    );
    expect(markers).toEqual(["commit", "abort"]);
  });

  for (const [index, batch] of batches.entries()) {
    const name = `batch ${index} (${batch.compression}, ${batch.records.length} records)`;

    it(`${name} reads as Kafka describes it`, () => {
      const view = viewOf(batch);
      expect(view.isCrcValid()).toBe(true);
      expect(describeBatch(view)).toEqual(batch);
      expect(validateRecords(view, { maxDecompressedBytes: 1 << 20 }).ok).toBe(true);
    });

    it(`${name} is built with the same header and records by our builder`, () => {
      const rebuilt = describeBatch(new RecordBatchView(buildDescribed(batch)));
      expect(rebuilt.records).toEqual(batch.records);
      if (batch.compression === "none" && batch.timestampType === TimestampType.CREATE_TIME) {
        // Without a codec and its many encodings, the bytes have to be the same.
        expect(rebuilt.bytes).toBe(batch.bytes);
      } else {
        const { bytes: _bytes, crc: _crc, sizeBytes: _size, ...rest } = batch;
        expect(rebuilt).toMatchObject(rest);
      }
    });
  }
});
