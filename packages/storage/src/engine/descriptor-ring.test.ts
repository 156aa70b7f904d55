import { describe, expect, it } from "vitest";
import { createRingMemory, DescriptorRing } from "./descriptor-ring.ts";

describe("DescriptorRing", () => {
  it("carries entries in order, many times around, and shows nothing before it is published", () => {
    const memory = createRingMemory(8);
    const [writer, reader] = [new DescriptorRing(memory), new DescriptorRing(memory)];
    let expected = 0;
    for (let round = 0; round < 1000; round += 1) {
      const count = 1 + (round % 8);
      for (let index = 0; index < count; index += 1) {
        const entry = writer.next();
        writer.setInt(entry, 7, -(expected + index) - 1);
        writer.setFloat(entry, 0, (expected + index) * 2 ** 32);
        writer.setFloat(entry, 7, 0.5);
      }
      expect(reader.take()).toBe(-1);
      writer.publish();
      for (let index = 0; index < count; index += 1) {
        const entry = reader.take();
        expect([reader.int(entry, 7), reader.float(entry, 0), reader.float(entry, 7)]).toEqual([
          -expected - 1,
          expected * 2 ** 32,
          0.5,
        ]);
        expected += 1;
      }
      expect(reader.take()).toBe(-1);
    }
  });

  it("does not sleep through a wake-up that came between draining and waiting", async () => {
    const memory = createRingMemory(8);
    const [writer, reader] = [new DescriptorRing(memory), new DescriptorRing(memory)];
    const seen = reader.signal;
    writer.publish();
    expect(reader.waitBeyond(seen)).toBeUndefined();
    const sleeping = reader.waitBeyond(reader.signal);
    writer.wake();
    expect(await sleeping).toBe("ok");
  });

  it("shows the stop flag and wakes the reader with it", () => {
    const memory = createRingMemory(8);
    const [writer, reader] = [new DescriptorRing(memory), new DescriptorRing(memory)];
    const seen = reader.signal;
    expect(reader.stopped).toBe(false);
    writer.stop();
    expect(reader.stopped).toBe(true);
    expect(reader.waitBeyond(seen)).toBeUndefined();
  });

  it("refuses a capacity that its positions cannot wrap around", () => {
    expect(() => createRingMemory(12)).toThrow("power of two");
  });
});
