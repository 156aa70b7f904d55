import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FrameLengthError, FrameReader } from "./frame-reader.ts";

function framed(body: Uint8Array): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length);
  return Buffer.concat([length, body]);
}

function drain(reader: FrameReader): Buffer[] {
  const frames: Buffer[] = [];
  for (let parts = reader.next(); parts; parts = reader.next()) frames.push(Buffer.concat(parts));
  return frames;
}

describe("FrameReader", () => {
  test("gives back the frames that were sent, however the stream is cut", () => {
    const bodies = fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { maxLength: 8 });
    fc.assert(
      fc.property(bodies, fc.infiniteStream(fc.integer({ min: 1, max: 200 })), (sent, cuts) => {
        const stream = Buffer.concat(sent.map(framed));
        const reader = new FrameReader(() => 1024);
        const received: Buffer[] = [];
        for (let at = 0; at < stream.length; ) {
          const size = cuts.next().value as number;
          reader.push(stream.subarray(at, at + size));
          received.push(...drain(reader));
          at += size;
        }
        expect(received.map((frame) => [...frame])).toEqual(sent.map((body) => [...body]));
        expect(reader.bufferedBytes).toBe(0);
      }),
    );
  });

  test.each([0, -1, 1025, 0x7fffffff])("refuses an announced length of %i bytes without waiting for them", (length) => {
    const reader = new FrameReader(() => 1024);
    const announced = Buffer.alloc(4);
    announced.writeInt32BE(length);
    reader.push(announced);
    expect(() => reader.next()).toThrow(FrameLengthError);
  });
});
