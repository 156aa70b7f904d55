import { describe, expect, it } from "vitest";
import { DecodeError } from "../errors/decode-error.ts";
import { ByteReader } from "./byte-reader.ts";

function reader(...bytes: number[]): ByteReader {
  return new ByteReader(Uint8Array.from(bytes));
}

/** Position of the fault that an attempt ends with. */
function faultOf(attempt: () => unknown): number {
  try {
    attempt();
  } catch (error) {
    if (error instanceof DecodeError) return error.position;
    throw error;
  }
  throw new Error("no fault");
}

describe("ByteReader", () => {
  it("reads big-endian numbers", () => {
    const numbers = reader(
      0xff,
      0x80,
      0x00,
      0xff,
      0xfe,
      0x7f,
      0xff,
      0xff,
      0xff,
      0x80,
      0,
      0,
      0,
      0,
      0,
      0,
      1,
    );
    expect(numbers.readInt8()).toBe(-1);
    expect(numbers.readInt16()).toBe(-32768);
    expect(numbers.readUint16()).toBe(0xfffe);
    expect(numbers.readInt32()).toBe(2147483647);
    expect(numbers.readInt64()).toBe(-(2n ** 63n) + 1n);
    expect(numbers.remaining).toBe(0);
  });

  it("reads from the middle of a larger buffer, shared or not", () => {
    const shared = new Uint8Array(new SharedArrayBuffer(16));
    shared.set([0, 3, 97, 98, 99], 4);
    const text = new ByteReader(shared.subarray(4, 9));
    expect(text.readString()).toBe("abc");
    expect(new ByteReader(Buffer.from([9, 0, 1, 97, 9]).subarray(1, 4)).readString()).toBe("a");
  });

  it("reads varints of up to five bytes and no more", () => {
    expect(reader(0xff, 0xff, 0xff, 0xff, 0x0f).readUnsignedVarint()).toBe(0xffffffff);
    expect(reader(0x80, 0x00).readUnsignedVarint()).toBe(0);
    expect(faultOf(() => reader(0xff, 0xff, 0xff, 0xff, 0x10).readUnsignedVarint())).toBe(0);
    expect(faultOf(() => reader(0x80, 0x80, 0x80, 0x80, 0x80, 0x00).readUnsignedVarint())).toBe(0);
    expect(faultOf(() => reader(0x80).readUnsignedVarint())).toBe(1);
  });

  it("gives bytes as a view of the input", () => {
    const input = Uint8Array.from([0, 0, 0, 2, 7, 8]);
    const view = new ByteReader(input).readBytes();
    input[4] = 9;
    expect([...view]).toEqual([9, 8]);
  });

  it("tells null from empty", () => {
    expect(reader(0xff, 0xff).readNullableString()).toBe(null);
    expect(reader(0, 0).readNullableString()).toBe("");
    expect(reader(0).readCompactNullableString()).toBe(null);
    expect(reader(1).readCompactNullableString()).toBe("");
    expect(reader(0xff, 0xff, 0xff, 0xff).readNullableBytes()).toBe(null);
    expect(reader(0).readCompactNullableBytes()).toBe(null);
    expect(reader(0).readCompactArrayLength(1)).toBe(-1);
  });

  it("refuses null where it is not allowed, and names the place", () => {
    expect(faultOf(() => reader(0xff, 0xff).readString())).toBe(0);
    expect(faultOf(() => reader(0).readCompactString())).toBe(0);
    expect(faultOf(() => reader(0xff, 0xff, 0xff, 0xff).readBytes())).toBe(0);
    expect(faultOf(() => reader(0).readCompactBytes())).toBe(0);
  });

  it("refuses an array that cannot fit into what remains", () => {
    expect(reader(0, 0, 0, 1, 0, 0, 0, 0).readArrayLength(4)).toBe(1);
    expect(() => reader(0, 0, 0, 2, 0, 0, 0, 0).readArrayLength(4)).toThrow(
      "array of 2 elements in 4 bytes",
    );
    expect(() => reader(0xff, 0xff, 0xff, 0xfe).readArrayLength(0)).toThrow("array length -2");
  });

  it("refuses more than a million elements even when they would fit", () => {
    const bytes = new Uint8Array(1_000_010);
    new DataView(bytes.buffer).setInt32(0, 1_000_001);
    expect(() => new ByteReader(bytes).readArrayLength(1)).toThrow("array of 1000001 elements");
  });

  it("refuses more than ten thousand tagged fields even when they would fit", () => {
    const bytes = new Uint8Array(40_000);
    bytes.set([0x91, 0x4e]);
    expect(() => new ByteReader(bytes).readTagCount()).toThrow("10001 tagged fields");
  });

  it("refuses a compact string longer than Kafka allows", () => {
    const bytes = new Uint8Array(40_000);
    bytes.set([0x81, 0x80, 0x02]);
    expect(() => new ByteReader(bytes).readCompactString()).toThrow("string of 32768 bytes");
  });

  it("skips tagged fields that it does not know", () => {
    const tags = reader(2, 0, 1, 0xaa, 0x85, 0x01, 2, 0xbb, 0xcc, 7);
    tags.skipTaggedFields();
    expect(tags.readInt8()).toBe(7);
  });

  it("reads a uuid as Kafka writes it", () => {
    const bytes = new Uint8Array(16);
    expect(new ByteReader(bytes).readUuid()).toBe("AAAAAAAAAAAAAAAAAAAAAA");
    bytes.fill(0xff);
    expect(new ByteReader(bytes).readUuid()).toBe("_____________________w");
  });
});
