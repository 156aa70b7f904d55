import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { COMPRESSION_NAMES, compressionTypeByName } from "../compression/compression-type.ts";
import { DecodeError } from "../errors/decode-error.ts";
import { RecordBatchBuilder } from "./batch-builder.ts";
import { BatchField, RECORD_BATCH_OVERHEAD } from "./batch-header.ts";
import { RecordBatchView } from "./record-batch.ts";
import { iterateRecords, type KafkaRecord } from "./record-codec.ts";
import type { RecordInput } from "./record-writer.ts";
import { validateRecords } from "./validate-records.ts";

const codecs = COMPRESSION_NAMES.map((name) => ({ name, type: compressionTypeByName(name)! }));
const LIMIT = { maxDecompressedBytes: 1 << 20 };

const bytesOrNull = fc.option(fc.uint8Array({ maxLength: 200 }), { freq: 5 });
const header = fc.record({
  key: fc.string({ unit: "grapheme", maxLength: 40 }),
  value: bytesOrNull,
});
/** Small values, the borders of one to ten varint bytes, and the ends of the safe range. */
const timestamp = fc.oneof(
  fc.integer({ min: -1, max: 2000 }),
  fc.constantFrom(63, 64, 8191, 8192, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 45, 1_700_000_000_000),
  fc.maxSafeNat(),
);
const record = fc.record({
  timestamp,
  key: bytesOrNull,
  value: bytesOrNull,
  headers: fc.array(header, { maxLength: 4 }),
});
const records = fc.array(record, { minLength: 1, maxLength: 30 });

function build(type: number, inputs: readonly RecordInput[], baseOffset = 0): Uint8Array {
  const builder = new RecordBatchBuilder({ compression: type as 0, baseOffset });
  for (const input of inputs) expect(builder.append(input)).toBe(true);
  return builder.build();
}

function inSharedMemory(bytes: Uint8Array): Uint8Array {
  const view = new Uint8Array(new SharedArrayBuffer(bytes.length + 5), 5);
  view.set(bytes);
  return view;
}

/** Everything a reader does with a batch; returns the records or the DecodeError. */
function readAll(bytes: Uint8Array): KafkaRecord[] | DecodeError {
  try {
    const view = new RecordBatchView(bytes);
    validateRecords(view, LIMIT);
    return [...iterateRecords(view, LIMIT)];
  } catch (error) {
    if (error instanceof DecodeError) return error;
    throw error;
  }
}

describe.each(codecs)("records in a batch with codec $name", ({ type }) => {
  it("come back as they were appended, also from shared memory", () => {
    fc.assert(
      fc.property(records, fc.nat(2 ** 31 - 1), (inputs, baseOffset) => {
        const bytes = inSharedMemory(build(type, inputs, baseOffset));
        const view = new RecordBatchView(bytes);
        expect(view.isCrcValid()).toBe(true);
        expect(view.maxTimestamp).toBe(Math.max(...inputs.map((input) => input.timestamp)));
        const output = [...iterateRecords(view, LIMIT)];
        expect(output).toEqual(
          inputs.map((input, index) => ({ offset: baseOffset + index, ...input })),
        );
        expect(validateRecords(view, LIMIT)).toEqual({ ok: true, maxTimestamp: view.maxTimestamp });
      }),
      { numRuns: 80 },
    );
  });

  it("with any byte flipped are noticed by the CRC or refused, and never break the reader", () => {
    const bytes = build(
      type,
      Array.from({ length: 12 }, (_, index) => ({
        timestamp: 1000 + index * 70,
        key: Buffer.from(`key-${index}`),
        value: Buffer.from("some value ".repeat(index)),
        headers: index % 3 === 0 ? [{ key: "häuptling", value: Uint8Array.of(index) }] : [],
      })),
    );
    for (let at = 0; at < bytes.length; at++) {
      for (const flip of [0x01, 0x40, 0x80, 0xff]) {
        const damaged = Uint8Array.from(bytes);
        damaged[at]! ^= flip;
        const outcome = readAll(damaged);
        if (outcome instanceof DecodeError || at < BatchField.BATCH_LENGTH) continue;
        // Base offset, batch length, leader epoch and magic lie outside the CRC; a changed length
        // moves what the CRC covers, the other two of them are not part of the records.
        const outside = at >= BatchField.PARTITION_LEADER_EPOCH && at < BatchField.MAGIC;
        expect(new RecordBatchView(damaged).isCrcValid()).toBe(outside);
      }
      expect(readAll(bytes.subarray(0, at))).toBeInstanceOf(DecodeError);
    }
  });

  it("that are random bytes end in a DecodeError or in as many records as counted", () => {
    const head = build(type, [{ timestamp: 1 }]).subarray(0, RECORD_BATCH_OVERHEAD);
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 120 }),
        fc.integer({ min: -1, max: 20 }),
        (body, count) => {
          const bytes = Uint8Array.from([...head, ...body]);
          const view = new DataView(bytes.buffer);
          view.setInt32(BatchField.BATCH_LENGTH, bytes.length - 12);
          view.setInt32(BatchField.RECORD_COUNT, count);
          const outcome = readAll(bytes);
          if (!(outcome instanceof DecodeError)) expect(outcome.length).toBe(count);
        },
      ),
      { numRuns: 1000 },
    );
  });
});

describe("uncompressed records", () => {
  it("are views of the batch, not copies", () => {
    const bytes = build(0, [{ timestamp: 1, key: Uint8Array.of(1, 2), value: Uint8Array.of(3) }]);
    const [only] = [...iterateRecords(new RecordBatchView(bytes), { maxDecompressedBytes: 0 })];
    expect(only!.key!.buffer).toBe(bytes.buffer);
    bytes.fill(9, bytes.length - 5);
    expect(only!.value).toEqual(Uint8Array.of(9));
  });
});
