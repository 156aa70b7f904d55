import {
  BatchField,
  CompressionType,
  computeCrcAt,
  ErrorCode,
  iterateBatches,
  RecordBatchView,
  TimestampType,
} from "@ottla/protocol";
import { buildTestBatch, readTestRecords, SimulatedClock, TEST_TIMESTAMP_MS } from "@ottla/testkit";
import { describe, expect, test } from "vitest";
import type { LogConfig } from "./log-config.ts";
import { LogHarness } from "./log-harness.test.ts";
import type { StageOutcome } from "./log.ts";

function stage(batch: Uint8Array, config: Partial<LogConfig> = {}): StageOutcome {
  return new LogHarness({ config, clock: new SimulatedClock(TEST_TIMESTAMP_MS) }).append(batch);
}

/** Changes a sound batch and renews its CRC. */
function changed(
  change: (view: DataView, batch: Uint8Array) => void,
  batch = buildTestBatch({ records: 3 }),
): Uint8Array {
  change(new DataView(batch.buffer, batch.byteOffset, batch.byteLength), batch);
  new DataView(batch.buffer, batch.byteOffset).setUint32(BatchField.CRC, computeCrcAt(batch, 0));
  return batch;
}

const producer = { producerId: 5n, producerEpoch: 0, baseSequence: 0 };

describe("a client's batch is refused", () => {
  const cases: [string, number, Uint8Array, Partial<LogConfig>?][] = [
    ["empty", ErrorCode.INVALID_RECORD, new Uint8Array(0)],
    ["shorter than a header", ErrorCode.INVALID_RECORD, buildTestBatch().subarray(0, 60)],
    ["cut", ErrorCode.INVALID_RECORD, buildTestBatch().subarray(0, 65)],
    [
      "of an old format",
      ErrorCode.INVALID_RECORD,
      changed((view) => view.setInt8(BatchField.MAGIC, 1)),
    ],
    [
      "followed by another",
      ErrorCode.INVALID_RECORD,
      new Uint8Array(Buffer.concat([buildTestBatch(), buildTestBatch()])),
    ],
    [
      "larger than max.message.bytes",
      ErrorCode.MESSAGE_TOO_LARGE,
      buildTestBatch({ valueBytes: 500 }),
      { maxMessageBytes: 400 },
    ],
    [
      "larger than segment.bytes",
      ErrorCode.RECORD_LIST_TOO_LARGE,
      buildTestBatch({ valueBytes: 500 }),
      { segmentBytes: 400 },
    ],
    [
      "with a base offset",
      ErrorCode.INVALID_RECORD,
      changed((view) => view.setBigInt64(BatchField.BASE_OFFSET, 4n)),
    ],
    [
      "with an unsafe base offset",
      ErrorCode.INVALID_RECORD,
      changed((view) => view.setBigInt64(BatchField.BASE_OFFSET, 2n ** 60n)),
    ],
    [
      "with the control bit",
      ErrorCode.INVALID_RECORD,
      changed((view) => view.setInt16(BatchField.ATTRIBUTES, 0x20)),
    ],
    [
      "transactional without a producer id",
      ErrorCode.INVALID_RECORD,
      changed((view) => view.setInt16(BatchField.ATTRIBUTES, 0x10)),
    ],
    [
      "with a count that is too small",
      ErrorCode.INVALID_RECORD,
      changed((view) => view.setInt32(BatchField.RECORD_COUNT, 2)),
    ],
    [
      "with no records",
      ErrorCode.INVALID_RECORD,
      changed((view) => view.setInt32(BatchField.RECORD_COUNT, 0)),
    ],
    [
      "with a count its records do not meet",
      ErrorCode.INVALID_RECORD,
      changed((view) => {
        view.setInt32(BatchField.RECORD_COUNT, 4);
        view.setInt32(BatchField.LAST_OFFSET_DELTA, 3);
      }),
    ],
    [
      "with a hostile count",
      ErrorCode.INVALID_RECORD,
      changed((view) => {
        view.setInt32(BatchField.RECORD_COUNT, 2 ** 31 - 1);
        view.setInt32(BatchField.LAST_OFFSET_DELTA, 2 ** 31 - 2);
      }),
    ],
    [
      "with a producer id without a sequence",
      ErrorCode.INVALID_RECORD,
      buildTestBatch({ ...producer, baseSequence: -1 }),
    ],
    ["with a record cut inside", ErrorCode.INVALID_RECORD, changed((_, batch) => (batch[61] = 3))],
    [
      "with a codec that does not exist",
      ErrorCode.CORRUPT_MESSAGE,
      changed((view) => view.setInt16(BatchField.ATTRIBUTES, 7)),
    ],
    [
      "that does not decompress",
      ErrorCode.CORRUPT_MESSAGE,
      changed((view) => view.setInt16(BatchField.ATTRIBUTES, CompressionType.GZIP)),
    ],
    [
      "with a timestamp too far ahead",
      ErrorCode.INVALID_TIMESTAMP,
      buildTestBatch({ timestamp: TEST_TIMESTAMP_MS + 3_600_001 }),
    ],
    [
      "with a timestamp too old",
      ErrorCode.INVALID_TIMESTAMP,
      buildTestBatch({ timestamp: TEST_TIMESTAMP_MS - 11 }),
      { messageTimestampBeforeMaxMs: 10 },
    ],
  ];
  test.each(cases)("%s", (_, errorCode, batch, config) => {
    expect(stage(batch, config)).toMatchObject({ ok: false, errorCode });
  });

  test("when its CRC does not match", () => {
    const batch = buildTestBatch();
    batch[70]! ^= 1;
    expect(stage(batch)).toMatchObject({ ok: false, errorCode: ErrorCode.CORRUPT_MESSAGE });
  });

  test("when a compacted topic gets a record without a key, which the record errors name", () => {
    const batch = buildTestBatch({ records: [{ key: "a" }, { key: null }, { key: null }] });
    const outcome = stage(batch, { cleanupPolicy: ["compact"] });
    expect(outcome).toMatchObject({ ok: false, errorCode: ErrorCode.INVALID_RECORD });
    expect(!outcome.ok && outcome.recordErrors?.map(({ batchIndex }) => batchIndex)).toEqual([
      1, 2,
    ]);
  });

  test("leaves the log and its producers as they were", () => {
    const harness = new LogHarness();
    harness.append(
      changed(
        (view) => view.setInt32(BatchField.RECORD_COUNT, 2),
        buildTestBatch({ ...producer, records: 3 }),
      ),
    );
    expect(harness.log.logEndOffset).toBe(0);
    expect(harness.log.producerCount).toBe(0);
  });
});

describe("an accepted batch", () => {
  test("loses the timestamp type LogAppendTime when the topic says CreateTime, as in Kafka", async () => {
    const harness = new LogHarness();
    const batch = changed((view) => view.setInt16(BatchField.ATTRIBUTES, 0x08));
    expect(harness.append(batch)).toMatchObject({ ok: true, logAppendTimeMs: -1 });
    const [stored] = iterateBatches(await harness.readAll());
    expect(stored?.timestampType).toBe(TimestampType.CREATE_TIME);
    expect(stored?.isCrcValid()).toBe(true);
  });

  test("gets the broker's time when the topic says LogAppendTime", async () => {
    const harness = new LogHarness({
      config: { messageTimestampType: "LogAppendTime" },
      clock: new SimulatedClock(5000),
    });
    expect(harness.append(buildTestBatch({ records: 2 }))).toMatchObject({
      ok: true,
      logAppendTimeMs: 5000,
    });
    const view = new RecordBatchView(await harness.readAll());
    expect([view.timestampType, view.maxTimestamp, view.isCrcValid()]).toEqual([1, 5000, true]);
  });

  test("has a wrong greatest timestamp in its header put right", async () => {
    const harness = new LogHarness({ clock: new SimulatedClock(TEST_TIMESTAMP_MS) });
    harness.append(changed((view) => view.setBigInt64(BatchField.MAX_TIMESTAMP, 77n)));
    const view = new RecordBatchView(await harness.readAll());
    expect([view.maxTimestamp, view.isCrcValid()]).toEqual([TEST_TIMESTAMP_MS + 2, true]);
  });

  test.each(["gzip", "snappy", "lz4", "zstd", "uncompressed"] as const)(
    "is stored as %s when the topic wants it so",
    async (compressionType) => {
      for (const compression of [
        CompressionType.NONE,
        CompressionType.GZIP,
        CompressionType.ZSTD,
      ] as const) {
        const harness = new LogHarness({
          config: { compressionType },
          clock: new SimulatedClock(TEST_TIMESTAMP_MS),
        });
        const batch = buildTestBatch({ records: 20, valueBytes: 100, compression, ...producer });
        const records = readTestRecords(batch.slice());
        const outcome = harness.append(batch);
        expect(outcome).toMatchObject({ ok: true, lastOffset: 19 });
        const bytes = await harness.readAll();
        const view = new RecordBatchView(bytes);
        expect(view.compression).toBe(
          { uncompressed: 0, gzip: 1, snappy: 2, lz4: 3, zstd: 4 }[compressionType],
        );
        expect(view.isCrcValid()).toBe(true);
        expect(readTestRecords(bytes)).toEqual(records);
        expect(outcome.storedBytes ?? batch).toEqual(bytes);
      }
    },
  );

  test("that grows past max.message.bytes by recompression is refused", () => {
    const batch = buildTestBatch({
      records: 20,
      valueBytes: 100,
      compression: CompressionType.ZSTD,
    });
    expect(stage(batch, { compressionType: "uncompressed", maxMessageBytes: 1000 })).toMatchObject({
      ok: false,
      errorCode: ErrorCode.MESSAGE_TOO_LARGE,
    });
  });

  test("may carry no timestamps at all", () => {
    expect(
      stage(buildTestBatch({ records: [{ timestamp: -1 }] }), { messageTimestampBeforeMaxMs: 10 }),
    ).toMatchObject({ ok: true });
  });
});
