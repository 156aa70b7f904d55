import { describe, expect, it } from "vitest";
import { DecodeError } from "../errors/decode-error.ts";
import { RecordBatchBuilder } from "./batch-builder.ts";
import {
  addToSequence,
  BatchField,
  baseOffsetAt,
  batchSizeAt,
  hasProducerIdAt,
  maxTimestampAt,
  partitionLeaderEpochAt,
  producerIdAt,
  setBaseOffset,
  setLogAppendTime,
  setPartitionLeaderEpoch,
  TimestampType,
} from "./batch-header.ts";
import { iterateBatches, RecordBatchView } from "./record-batch.ts";
import { iterateRecords } from "./record-codec.ts";

const LIMIT = { maxDecompressedBytes: 10_000 };

function batchOf(
  count: number,
  options: ConstructorParameters<typeof RecordBatchBuilder>[0] = {},
): Uint8Array {
  const builder = new RecordBatchBuilder(options);
  for (let index = 0; index < count; index++) {
    builder.append({ timestamp: 1000 + index, value: Uint8Array.of(index) });
  }
  return builder.build();
}

describe("a record batch header", () => {
  it("shows every field at any place in a shared buffer", () => {
    const batch = batchOf(3, {
      baseOffset: 2 ** 40 + 5,
      partitionLeaderEpoch: 9,
      producerId: 2n ** 62n + 1n,
      producerEpoch: 32_767,
      baseSequence: 2 ** 31 - 2,
      transactional: true,
    });
    const bytes = new Uint8Array(new SharedArrayBuffer(batch.length + 20), 6);
    bytes.set(batch, 7);
    const view = new RecordBatchView(bytes, 7);
    expect(view).toMatchObject({
      baseOffset: 2 ** 40 + 5,
      batchLength: batch.length - 12,
      sizeBytes: batch.length,
      partitionLeaderEpoch: 9,
      magic: 2,
      compression: 0,
      timestampType: TimestampType.CREATE_TIME,
      isTransactional: true,
      isControl: false,
      hasDeleteHorizon: false,
      lastOffsetDelta: 2,
      lastOffset: 2 ** 40 + 7,
      nextOffset: 2 ** 40 + 8,
      baseTimestamp: 1000,
      maxTimestamp: 1002,
      producerId: 2n ** 62n + 1n,
      producerEpoch: 32_767,
      baseSequence: 2 ** 31 - 2,
      lastSequence: 0,
      recordCount: 3,
    });
    expect(view.isCrcValid()).toBe(true);
    expect(view.recordsBytes().buffer).toBe(bytes.buffer);
    expect(view.batchBytes()).toEqual(batch);
  });

  it("has no producer id, epoch and sequence by default", () => {
    const batch = batchOf(1);
    expect(new RecordBatchView(batch)).toMatchObject({
      producerId: -1n,
      producerEpoch: -1,
      baseSequence: -1,
      lastSequence: -1,
      partitionLeaderEpoch: -1,
    });
    expect(hasProducerIdAt(batch, 0)).toBe(false);
    expect(hasProducerIdAt(batchOf(1, { producerId: 0n }), 0)).toBe(true);
    expect(producerIdAt(batchOf(1, { producerId: 2n ** 63n - 1n }), 0)).toBe(2n ** 63n - 1n);
  });

  it("keeps its CRC when base offset and partition leader epoch are set in place", () => {
    const batch = batchOf(2);
    setBaseOffset(batch, 0, 2 ** 53 - 10);
    setPartitionLeaderEpoch(batch, 0, 77);
    const view = new RecordBatchView(batch);
    expect([view.baseOffset, view.partitionLeaderEpoch]).toEqual([2 ** 53 - 10, 77]);
    expect(view.isCrcValid()).toBe(true);
    expect([...iterateRecords(view, LIMIT)].map((record) => record.offset)).toEqual([
      2 ** 53 - 10,
      2 ** 53 - 9,
    ]);
    setBaseOffset(batch, 0, -1);
    expect(baseOffsetAt(batch, 0)).toBe(-1);
    setPartitionLeaderEpoch(batch, 0, -1);
    expect(partitionLeaderEpochAt(batch, 0)).toBe(-1);
    expect(() => setBaseOffset(batch, 0, 2 ** 53)).toThrow(RangeError);
  });

  it("gets a valid CRC with LogAppendTime, and all records that timestamp", () => {
    const bytes = Buffer.concat([batchOf(1), batchOf(3), batchOf(1)]);
    const at = batchSizeAt(bytes, 0);
    setLogAppendTime(bytes, at, 1_800_000_000_123);
    const views = [...iterateBatches(bytes)];
    expect(views.map((view) => view.isCrcValid())).toEqual([true, true, true]);
    expect(maxTimestampAt(bytes, at)).toBe(1_800_000_000_123);
    expect(views[1]!.timestampType).toBe(TimestampType.LOG_APPEND_TIME);
    const timestamps = [...iterateRecords(views[1]!, LIMIT)].map((record) => record.timestamp);
    expect(timestamps).toEqual(Array.from({ length: 3 }, () => 1_800_000_000_123));
  });

  it("notices every changed byte from the CRC on", () => {
    const batch = batchOf(2);
    for (let at = BatchField.CRC; at < batch.length; at++) {
      batch[at]! ^= 0x10;
      expect(new RecordBatchView(batch).isCrcValid()).toBe(false);
      batch[at]! ^= 0x10;
    }
    expect(new RecordBatchView(batch).isCrcValid()).toBe(true);
  });

  it("refuses what is no whole batch of format 2", () => {
    const batch = batchOf(2);
    expect(() => new RecordBatchView(batch.subarray(0, 60))).toThrow(/needs 61 bytes/);
    expect(() => new RecordBatchView(batch.subarray(0, batch.length - 1))).toThrow(DecodeError);
    for (const magic of [0, 1, 3, 0xff]) {
      const old = Uint8Array.from(batch);
      old[BatchField.MAGIC] = magic;
      expect(() => new RecordBatchView(old)).toThrow(/magic/);
      expect(() => [...iterateBatches(old)]).toThrow(/magic/);
    }
    for (const length of [0, 48, -1, -(2 ** 31)]) {
      const short = Uint8Array.from(batch);
      new DataView(short.buffer).setInt32(BatchField.BATCH_LENGTH, length);
      expect(() => new RecordBatchView(short)).toThrow(/below its header/);
      expect(() => [...iterateBatches(short)]).toThrow(/below its header/);
    }
  });

  it("refuses 64-bit values that a number cannot hold", () => {
    const batch = batchOf(1);
    for (const at of [BatchField.BASE_OFFSET, BatchField.BASE_TIMESTAMP]) {
      const hostile = Uint8Array.from(batch);
      hostile[at] = 0x7f;
      const view = new RecordBatchView(hostile);
      expect(() => [...iterateRecords(view, LIMIT)]).toThrow(/beyond 2\^53/);
    }
  });
});

describe("iterating batches", () => {
  it("ends before a cut batch, wherever it is cut", () => {
    const first = batchOf(2);
    const second = batchOf(5);
    const both = Buffer.concat([first, second]);
    for (let size = first.length; size < both.length; size++) {
      expect([...iterateBatches(both.subarray(0, size))]).toHaveLength(1);
    }
    expect([...iterateBatches(both)].map((view) => view.recordCount)).toEqual([2, 5]);
    expect([...iterateBatches(new Uint8Array(0))]).toEqual([]);
  });
});

describe("sequences", () => {
  it("start again at zero after 2^31-1", () => {
    expect(addToSequence(5, 3)).toBe(8);
    expect(addToSequence(2 ** 31 - 1, 0)).toBe(2 ** 31 - 1);
    expect(addToSequence(2 ** 31 - 1, 1)).toBe(0);
    expect(addToSequence(2 ** 31 - 3, 10)).toBe(7);
    expect(addToSequence(-1, 10)).toBe(-1);
  });
});
