import { compressSync } from "snappy";
import { describe, expect, it } from "vitest";
import { DecodeError } from "../errors/decode-error.ts";
import { compressSnappy, decompressSnappy } from "./snappy.ts";

const MAX_BYTES = 1 << 20;
const text = Buffer.from("one producer frames its blocks, another does not. ".repeat(2000));

describe("snappy", () => {
  it("is written in xerial framing with blocks of 32 KiB", () => {
    const written = compressSnappy(text);
    expect(Buffer.from(written.subarray(0, 16)).toString("hex")).toBe(
      "82534e41505059000000000100000001",
    );
    const view = new DataView(written.buffer, written.byteOffset);
    let blocks = 0;
    for (let at = 16; at < written.length; at += 4 + view.getInt32(at)) blocks++;
    expect(blocks).toBe(Math.ceil(text.length / 32_768));
    expect(Buffer.compare(decompressSnappy(written, MAX_BYTES), text)).toBe(0);
  });

  it("is read as one raw block too, as librdkafka writes it", () => {
    expect(Buffer.compare(decompressSnappy(compressSync(text), MAX_BYTES), text)).toBe(0);
  });

  it("is read where two framed streams were joined", () => {
    const joined = Buffer.concat([compressSnappy(text), compressSnappy(Buffer.from("tail"))]);
    expect(Buffer.from(decompressSnappy(joined, MAX_BYTES)).toString()).toBe(
      `${text.toString()}tail`,
    );
  });

  it.each([
    [
      "a frame that needs a newer version",
      "82534e4150505900000000020000000200000001",
      /needs version 2/,
    ],
    ["a frame cut in its header", "82534e415050590000000001", /inside its header/],
    [
      "a frame cut in a block length",
      "82534e415050590000000001000000010000",
      /inside a block length/,
    ],
    ["a negative block length", "82534e41505059000000000100000001ffffffff00", /does not fit/],
    ["a block longer than the frame", "82534e4150505900000000010000000100000009aa", /does not fit/],
    ["an endless length", "ffffffffffffff", /valid length/],
  ])("refuses %s", (_name, hex, reason) => {
    const bytes = Buffer.from(hex, "hex");
    expect(() => decompressSnappy(bytes, MAX_BYTES)).toThrow(DecodeError);
    expect(() => decompressSnappy(bytes, MAX_BYTES)).toThrow(reason);
  });
});
