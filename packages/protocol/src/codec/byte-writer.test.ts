import { describe, expect, it } from "vitest";
import { EncodeError } from "../errors/encode-error.ts";
import { ByteReader } from "./byte-reader.ts";
import { ByteWriter } from "./byte-writer.ts";

function written(write: (writer: ByteWriter) => void, initialBytes = 8): Uint8Array {
  const writer = new ByteWriter(initialBytes);
  write(writer);
  return writer.toUint8Array();
}

describe("ByteWriter", () => {
  it.each([0, 1, 23, 24, 25, 126, 127, 128, 129, 10_922, 10_923, 32_767])(
    "writes a string of %i letters",
    (length) => {
      const text = "k".repeat(length);
      expect(new ByteReader(written((writer) => writer.writeString(text))).readString()).toBe(text);
      expect(
        new ByteReader(written((writer) => writer.writeCompactString(text))).readCompactString(),
      ).toBe(text);
    },
  );

  it("measures strings in bytes of UTF-8, not in letters", () => {
    expect([...written((writer) => writer.writeString("ö€🙂"))]).toEqual([
      0,
      9,
      ...Buffer.from("ö€🙂"),
    ]);
    expect(() => written((writer) => writer.writeString("€".repeat(10_923)))).toThrow(EncodeError);
    expect(written((writer) => writer.writeString("€".repeat(10_922))).length).toBe(2 + 32_766);
  });

  it.each([0, 1, 126, 127, 128, 16_383, 16_384, 2_097_152])(
    "writes %i bytes behind a size of its own length",
    (length) => {
      const bytes = written((writer) => {
        const start = writer.beginSized();
        writer.writeRaw(new Uint8Array(length).fill(5));
        writer.endSized(start);
        writer.writeInt8(7);
      });
      const reader = new ByteReader(bytes);
      expect(reader.readUnsignedVarint()).toBe(length);
      expect(reader.readSlice(length).every((byte) => byte === 5)).toBe(true);
      expect(reader.readInt8()).toBe(7);
      expect(reader.remaining).toBe(0);
    },
  );

  it("sends record batches without copying them", () => {
    const first = Uint8Array.from([1, 2]);
    const second = Uint8Array.from([3]);
    const writer = new ByteWriter();
    writer.writeInt8(9);
    writer.writeNullableRecords([first, second]);
    writer.writeInt8(8);
    const chunks = writer.chunks();
    expect(chunks[1]).toBe(first);
    expect(chunks[2]).toBe(second);
    expect(writer.sizeBytes).toBe(9);
    expect([...writer.toUint8Array()]).toEqual([9, 0, 0, 0, 3, 1, 2, 3, 8]);
  });

  it.each([
    ["int8", (writer: ByteWriter) => writer.writeInt8(128)],
    ["int16", (writer: ByteWriter) => writer.writeInt16(-32769)],
    ["uint16", (writer: ByteWriter) => writer.writeUint16(-1)],
    ["int32", (writer: ByteWriter) => writer.writeInt32(2 ** 31)],
    ["int32", (writer: ByteWriter) => writer.writeInt32(0.5)],
    ["int64", (writer: ByteWriter) => writer.writeInt64(2n ** 63n)],
    ["int64", (writer: ByteWriter) => writer.writeInt64(5 as unknown as bigint)],
    ["uuid", (writer: ByteWriter) => writer.writeUuid("short")],
    ["uuid", (writer: ByteWriter) => writer.writeUuid("!!!!!!!!!!!!!!!!!!!!!!")],
    ["string", (writer: ByteWriter) => writer.writeString(5 as unknown as string)],
    ["bytes", (writer: ByteWriter) => writer.writeBytes("text" as unknown as Uint8Array)],
  ])("refuses what is not a legal %s", (_type, write) => {
    expect(() => written(write)).toThrow(EncodeError);
  });
});
