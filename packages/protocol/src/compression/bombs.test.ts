import { gzipSync } from "node:zlib";
import { compressSync } from "snappy";
import { describe, expect, it } from "vitest";
import { DecodeError } from "../errors/decode-error.ts";
import { CompressionType, compress, decompress } from "./index.ts";

const ONE_MIB = 1 << 20;
const TARGET_BYTES = 2 ** 30;
/** The bound, the compressed input and what the process needs anyway; far below the gigabyte. */
const MAX_GROWTH_KIB = 96 * 1024;

function repeated(part: Uint8Array, times: number): Uint8Array {
  return Buffer.concat(Array.from({ length: times }, () => part));
}

/** A zstd frame without a content size: 128 KiB blocks of one repeated byte, four bytes each. */
function zstdBomb(windowDescriptor: number, blocks: number): Uint8Array {
  const blockBytes = 128 * 1024;
  const block = (last: number): number[] => {
    const header = (blockBytes << 3) | (1 << 1) | last;
    return [header & 0xff, (header >> 8) & 0xff, (header >> 16) & 0xff, 0x41];
  };
  const head = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0x00, windowDescriptor);
  const body = repeated(Uint8Array.from(block(0)), blocks - 1);
  return Buffer.concat([head, body, Uint8Array.from(block(1))]);
}

function lz4Bomb(): Uint8Array {
  const frame = compress(CompressionType.LZ4, new Uint8Array(64 * 1024));
  const block = frame.subarray(7, frame.length - 4);
  return Buffer.concat([
    frame.subarray(0, 7),
    repeated(block, TARGET_BYTES / (64 * 1024)),
    frame.subarray(frame.length - 4),
  ]);
}

function xerialBomb(): Uint8Array {
  const header = compress(CompressionType.SNAPPY, new Uint8Array(0));
  const raw = compressSync(new Uint8Array(ONE_MIB));
  const length = new Uint8Array(4);
  new DataView(length.buffer).setInt32(0, raw.length);
  return Buffer.concat([header, repeated(Buffer.concat([length, raw]), 256)]);
}

const bombs: [string, CompressionType, () => Uint8Array][] = [
  [
    "gzip members",
    CompressionType.GZIP,
    () => repeated(gzipSync(new Uint8Array(ONE_MIB)), TARGET_BYTES / ONE_MIB),
  ],
  ["one gzip member", CompressionType.GZIP, () => gzipSync(new Uint8Array(16 * ONE_MIB))],
  ["a zstd frame of unknown size", CompressionType.ZSTD, () => zstdBomb(0x58, 8192)],
  ["a zstd frame with a window of 128 MiB", CompressionType.ZSTD, () => zstdBomb(0x88, 8192)],
  ["an LZ4 frame", CompressionType.LZ4, lz4Bomb],
  ["snappy in xerial blocks", CompressionType.SNAPPY, xerialBomb],
  ["one snappy block", CompressionType.SNAPPY, () => compressSync(new Uint8Array(16 * ONE_MIB))],
];

describe("a decompression bomb", () => {
  it.each(bombs)("of %s ends with a DecodeError within the bound", (_name, type, make) => {
    const bomb = make();
    const before = process.resourceUsage().maxRSS;
    expect(() => decompress(type, bomb, ONE_MIB)).toThrow(DecodeError);
    expect(process.resourceUsage().maxRSS - before).toBeLessThan(MAX_GROWTH_KIB);
  });

  it("that claims a size which its bytes cannot produce is refused before any allocation", () => {
    const snappyClaim = Uint8Array.of(0xff, 0xff, 0xff, 0x7f, 0x00, 0x41);
    expect(() => decompress(CompressionType.SNAPPY, snappyClaim, 2 ** 31)).toThrow(
      /claims 268435455/,
    );
  });

  it("with a window beyond the decoder's limit is refused", () => {
    expect(() => decompress(CompressionType.ZSTD, zstdBomb(0xf8, 2), ONE_MIB)).toThrow(DecodeError);
  });
});
