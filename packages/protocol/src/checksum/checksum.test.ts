import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { crc32c, xxhash32 } from "./index.ts";

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);

function shared(bytes: Uint8Array, lead = 0): Uint8Array {
  const view = new Uint8Array(new SharedArrayBuffer(bytes.length + lead), lead);
  view.set(bytes);
  return view;
}

/** CRC-32C by its definition, bit by bit (reflected polynomial 82F63B78). */
function crcByDefinition(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}

describe("crc32c", () => {
  it("gives the published check value", () => {
    expect(crc32c(ascii("123456789"))).toBe(0xe3069283);
  });

  it("equals the definition, whole, continued and in shared memory at odd places", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(300), fc.nat(9), (bytes, cut, lead) => {
        const expected = crcByDefinition(bytes);
        expect(crc32c(bytes)).toBe(expected);
        expect(crc32c(bytes.subarray(cut), crc32c(bytes.subarray(0, cut)))).toBe(expected);
        expect(crc32c(shared(bytes, lead))).toBe(expected);
      }),
    );
  });
});

describe("xxhash32", () => {
  it("gives the published values for short and long input", () => {
    expect(xxhash32(ascii(""))).toBe(0x02cc5d05);
    expect(xxhash32(ascii("a"))).toBe(0x550d7456);
    expect(xxhash32(ascii("abc"))).toBe(0x32d153ff);
    expect(xxhash32(ascii("Nobody inspects the spammish repetition"))).toBe(0xe2293b2f);
  });

  it("hashes a range like a slice", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(100), fc.nat(100), (bytes, a, b) => {
        const start = Math.min(a, b, bytes.length);
        const end = Math.min(Math.max(a, b), bytes.length);
        expect(xxhash32(bytes, 7, start, end)).toBe(xxhash32(bytes.slice(start, end), 7));
      }),
    );
  });
});
