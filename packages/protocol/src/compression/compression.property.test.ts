import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DecodeError } from "../errors/decode-error.ts";
import {
  COMPRESSION_NAMES,
  CompressionType,
  compress,
  compressionTypeByName,
  decompress,
} from "./index.ts";

const codecs = COMPRESSION_NAMES.map((name) => ({ name, type: compressionTypeByName(name)! }));
const MAX_BYTES = 1 << 20;

/** Runs of random and repeated bytes, up to several blocks of the largest block size we write. */
const payload = fc
  .array(
    fc.record({
      bytes: fc.uint8Array({ minLength: 1, maxLength: 60 }),
      times: fc.integer({ min: 1, max: 2500 }),
    }),
    { maxLength: 4 },
  )
  .map((runs) =>
    Buffer.concat(runs.flatMap(({ bytes, times }) => Array.from({ length: times }, () => bytes))),
  );

function inSharedMemory(bytes: Uint8Array): Uint8Array {
  const view = new Uint8Array(new SharedArrayBuffer(bytes.length + 3), 3);
  view.set(bytes);
  return view;
}

/** The output, or the DecodeError; anything else thrown fails the test. */
function tryDecompress(
  type: CompressionType,
  bytes: Uint8Array,
  max: number,
): Uint8Array | DecodeError {
  try {
    return decompress(type, bytes, max);
  } catch (error) {
    if (error instanceof DecodeError) return error;
    throw error;
  }
}

describe.each(codecs)("$name", ({ type }) => {
  it("gives back what was compressed, also from and to shared memory", () => {
    fc.assert(
      fc.property(payload, (bytes) => {
        const packed = compress(type, inSharedMemory(bytes));
        const output = decompress(type, inSharedMemory(packed), MAX_BYTES);
        expect(output.constructor).toBe(Uint8Array);
        expect(Buffer.compare(output, bytes)).toBe(0);
      }),
      { numRuns: 60 },
    );
  });

  it("accepts a limit of exactly the output and refuses one byte less", () => {
    fc.assert(
      fc.property(
        payload.filter((bytes) => bytes.length > 0),
        (bytes) => {
          const packed = compress(type, bytes);
          expect(decompress(type, packed, bytes.length).length).toBe(bytes.length);
          expect(tryDecompress(type, packed, bytes.length - 1)).toBeInstanceOf(DecodeError);
        },
      ),
      { numRuns: 40 },
    );
  });

  it("answers every flipped or cut byte with a DecodeError or bounded output", () => {
    const bytes = Buffer.from("records and records and more records, 0123456789 ".repeat(12));
    const packed = compress(type, bytes);
    for (let at = 0; at < packed.length; at++) {
      for (const flip of [0x01, 0x80, 0xff]) {
        const damaged = Uint8Array.from(packed);
        damaged[at]! ^= flip;
        const output = tryDecompress(type, damaged, 4096);
        if (!(output instanceof DecodeError)) expect(output.length).toBeLessThanOrEqual(4096);
      }
      if (type !== CompressionType.NONE && at > 0) {
        const cut = tryDecompress(type, packed.subarray(0, at), 4096);
        // Xerial framing has no end mark: cut between blocks it is whole, only shorter.
        if (!(cut instanceof DecodeError)) {
          expect(type).toBe(CompressionType.SNAPPY);
          expect(cut.length).toBeLessThan(bytes.length);
        }
      }
    }
  });

  it("survives random bytes, alone and behind a valid start", () => {
    const start = compress(type, Buffer.from("valid start"));
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(20), (bytes, keep) => {
        for (const input of [bytes, Buffer.concat([start.subarray(0, keep), bytes])]) {
          const output = tryDecompress(type, input, 10_000);
          if (!(output instanceof DecodeError)) expect(output.length).toBeLessThanOrEqual(10_000);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe("the codec table", () => {
  it("refuses the codec numbers that attributes can hold but nobody defined", () => {
    for (const type of [5, 6, 7]) {
      expect(() => decompress(type as CompressionType, new Uint8Array(3), 100)).toThrow(
        DecodeError,
      );
    }
  });

  it("refuses empty compressed data", () => {
    for (const { type } of codecs) {
      if (type === CompressionType.NONE) continue;
      expect(tryDecompress(type, new Uint8Array(0), 100)).toBeInstanceOf(DecodeError);
    }
  });

  it("uses the level where a codec has levels and refuses it elsewhere", () => {
    const bytes = Buffer.from(
      Array.from({ length: 5000 }, (_, index) => `${index * index},`).join(""),
    );
    for (const type of [CompressionType.GZIP, CompressionType.ZSTD]) {
      const sizes = [1, 9].map((level) => compress(type, bytes, level).length);
      expect(sizes[0]).not.toBe(sizes[1]);
    }
    expect(() => compress(CompressionType.LZ4, bytes, 9)).toThrow(RangeError);
    expect(() => compress(CompressionType.SNAPPY, bytes, 9)).toThrow(RangeError);
  });

  it("knows Kafka's names", () => {
    expect(compressionTypeByName("zstd")).toBe(CompressionType.ZSTD);
    expect(compressionTypeByName("brotli")).toBeUndefined();
  });
});
