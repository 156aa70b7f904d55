import { constants, createZstdCompress, zstdCompressSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { compressZstd, decompressZstd } from "./zstd.ts";
import { scanZstdFrames } from "./zstd-frames.ts";

const MAX_BYTES = 1 << 20;
const text = Buffer.from("zstandard frames of known and unknown size. ".repeat(5000));
const skippable = Uint8Array.of(0x50, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 1, 1);

/** A streaming encoder does not know the size, as Java's does not. */
async function streamed(bytes: Uint8Array): Promise<Uint8Array> {
  const encoder = createZstdCompress({ params: { [constants.ZSTD_c_checksumFlag]: 1 } });
  encoder.write(bytes.subarray(0, 1000));
  encoder.end(bytes.subarray(1000));
  const chunks: Uint8Array[] = [];
  for await (const chunk of encoder) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks);
}

describe("zstd", () => {
  it("is written as one frame that declares its size", () => {
    expect(scanZstdFrames(compressZstd(text))).toEqual({ frames: 1, declaredBytes: text.length });
  });

  it("is read without a declared size and with a checksum", async () => {
    const bytes = await streamed(text);
    expect(scanZstdFrames(bytes).declaredBytes).toBe(0);
    expect(Buffer.compare(decompressZstd(bytes, MAX_BYTES), text)).toBe(0);
  });

  it("is read from several frames with a skippable one between", async () => {
    const joined = Buffer.concat([
      compressZstd(text),
      skippable,
      await streamed(text),
      zstdCompressSync("end"),
    ]);
    expect(Buffer.from(decompressZstd(joined, MAX_BYTES)).toString()).toBe(
      `${text.toString().repeat(2)}end`,
    );
  });

  it("refuses a damaged checksum", async () => {
    const bytes = Uint8Array.from(await streamed(text));
    bytes[bytes.length - 1]! ^= 1;
    expect(() => decompressZstd(bytes, MAX_BYTES)).toThrow(/zstd/);
  });

  it("refuses bytes behind the last frame, which the native decoder would ignore", () => {
    expect(() =>
      decompressZstd(Buffer.concat([compressZstd(text), Uint8Array.of(1, 2, 3, 4, 5)]), MAX_BYTES),
    ).toThrow(/no zstd frame/);
  });

  it("refuses a frame that declares more than the limit", () => {
    expect(() => decompressZstd(compressZstd(text), text.length - 1)).toThrow(/beyond the limit/);
  });

  it("refuses data of skippable frames only", () => {
    expect(() => decompressZstd(skippable, MAX_BYTES)).toThrow(/no zstd frame/);
  });
});
