import lz4 from "lz4-napi";
import { describe, expect, it } from "vitest";
import { xxhash32 } from "../checksum/xxhash32.ts";
import { compressLz4, decompressLz4 } from "./lz4-frame.ts";

const MAX_BYTES = 1 << 20;
const text = Buffer.from("flights from Stockholm to Ottla and back again; ".repeat(4000));

/** A frame put together by hand: flags, block descriptor, further header bytes, then the body. */
function frame(flags: number, descriptor: number, extra: number[], body: Uint8Array[]): Uint8Array {
  const fields = Uint8Array.from([flags, descriptor, ...extra]);
  const checksum = (xxhash32(fields) >>> 8) & 0xff;
  return Buffer.concat([
    Uint8Array.of(0x04, 0x22, 0x4d, 0x18),
    fields,
    Uint8Array.of(checksum),
    ...body,
  ]);
}

function uint32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

function block(data: Uint8Array, raw = false): Uint8Array {
  return Buffer.concat([uint32(raw ? data.length + 0x80000000 : data.length), data]);
}

const END = uint32(0);
const abcd = Buffer.from("abcdefgh");
/** Two literals, a match of 8 bytes at distance 10, then one literal. */
const matchTenBack = Uint8Array.of(0x24, 0x58, 0x59, 10, 0, 0x10, 0x5a);
const read = (bytes: Uint8Array): string => Buffer.from(decompressLz4(bytes, MAX_BYTES)).toString();

describe("LZ4 frames", () => {
  it("are written with independent 64 KiB blocks, version 01, as Java demands", () => {
    const written = compressLz4(text);
    expect([...written.subarray(0, 6)]).toEqual([0x04, 0x22, 0x4d, 0x18, 0x60, 0x40]);
    expect(read(written)).toBe(text.toString());
    expect(lz4.decompressFrameSync(Buffer.from(written)).equals(text)).toBe(true);
  });

  it("store what does not shrink as it is", () => {
    let state = 1;
    const noise = Uint8Array.from({ length: 70_000 }, () => {
      state = Math.imul(state, 1103515245) + 12345;
      return state >>> 24;
    });
    const written = compressLz4(noise);
    expect(written.length).toBe(7 + 4 + noise.length + 2 * 4);
    expect(Buffer.compare(decompressLz4(written, MAX_BYTES), noise)).toBe(0);
  });

  it("of another encoder with checksums are read and their checksums verified", () => {
    const foreign = lz4.compressFrameSync(text, { contentChecksum: true, blockChecksums: true });
    expect(foreign[4]! & 0x14).toBe(0x14);
    expect(read(foreign)).toBe(text.toString());
    const badContent = Uint8Array.from(foreign);
    badContent[foreign.length - 1]! ^= 1;
    expect(() => decompressLz4(badContent, MAX_BYTES)).toThrow(/content checksum/);
    const badBlock = Uint8Array.from(foreign);
    badBlock[foreign.length - 9]! ^= 1;
    expect(() => decompressLz4(badBlock, MAX_BYTES)).toThrow(/block checksum/);
  });

  it("with our own content checksum are verified", () => {
    const written = compressLz4(text, { contentChecksum: true });
    expect(read(written)).toBe(text.toString());
    expect(lz4.decompressFrameSync(Buffer.from(written)).equals(text)).toBe(true);
    written[written.length - 2]! ^= 4;
    expect(() => decompressLz4(written, MAX_BYTES)).toThrow(/content checksum/);
  });

  it("one behind the other, with a skippable frame between, give all their content", () => {
    const skippable = Buffer.concat([uint32(0x184d2a53), uint32(3), Uint8Array.of(1, 2, 3)]);
    const joined = Buffer.concat([compressLz4(abcd), skippable, compressLz4(text)]);
    expect(read(joined)).toBe(`abcdefgh${text.toString()}`);
  });

  it("with linked blocks are read, matches reaching into the block before", () => {
    const linked = frame(0x40, 0x40, [], [block(abcd, true), block(matchTenBack), END]);
    expect(read(linked)).toBe("abcdefghXYabcdefghZ");
  });

  it("whose independent block reaches into the block before are refused", () => {
    const cheating = frame(0x60, 0x40, [], [block(abcd, true), block(matchTenBack), END]);
    expect(() => decompressLz4(cheating, MAX_BYTES)).toThrow(/points before the data/);
  });

  it("never let matches reach into an earlier frame", () => {
    const cheating = frame(0x40, 0x40, [], [block(matchTenBack), END]);
    expect(() => decompressLz4(Buffer.concat([compressLz4(abcd), cheating]), MAX_BYTES)).toThrow(
      /points before the data/,
    );
  });

  it("with a declared content size are held to it", () => {
    const size = (value: number): number[] => [value, 0, 0, 0, 0, 0, 0, 0];
    expect(read(frame(0x68, 0x40, size(8), [block(abcd, true), END]))).toBe("abcdefgh");
    expect(() =>
      decompressLz4(frame(0x68, 0x40, size(9), [block(abcd, true), END]), MAX_BYTES),
    ).toThrow(/size it declares/);
    const huge = frame(0x68, 0x40, [0, 0, 0, 0, 0, 0, 0, 0x80], [block(abcd, true), END]);
    expect(() => decompressLz4(huge, MAX_BYTES)).toThrow(/beyond the limit/);
  });

  it.each([
    ["a wrong version", frame(0x20, 0x40, [], [END]), /version/],
    ["a dictionary", frame(0x61, 0x40, [1, 2, 3, 4], [END]), /dictionary/],
    ["reserved bits", frame(0x62, 0x40, [], [END]), /reserved/],
    ["a block size class below 4", frame(0x60, 0x30, [], [END]), /reserved/],
    [
      "a wrong header checksum",
      Uint8Array.of(4, 0x22, 0x4d, 0x18, 0x60, 0x40, 0, 0, 0, 0, 0),
      /header checksum/,
    ],
    [
      "a block above its class",
      frame(0x60, 0x40, [], [uint32(65_537), new Uint8Array(65_537), END]),
      /allows 65536/,
    ],
    ["no end mark", frame(0x60, 0x40, [], [block(abcd, true)]), /needs 4 bytes/],
    [
      "bytes behind it",
      Buffer.concat([compressLz4(abcd), Uint8Array.of(1, 2, 3, 4)]),
      /no LZ4 frame/,
    ],
    [
      "a block without last literals",
      frame(0x60, 0x40, [], [block(Uint8Array.of(0x10, 65, 1, 0)), END]),
      /last literals/,
    ],
    ["only a skippable frame", Buffer.concat([uint32(0x184d2a50), uint32(0)]), /no LZ4 frame/],
  ])("with %s are refused", (_name, bytes, reason) => {
    expect(() => decompressLz4(bytes, MAX_BYTES)).toThrow(reason);
  });

  it("without any block hold nothing", () => {
    expect(decompressLz4(compressLz4(new Uint8Array(0)), 0).length).toBe(0);
  });
});
