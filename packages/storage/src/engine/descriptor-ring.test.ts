import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";
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
    const seen = reader.noteSignal();
    writer.publish();
    expect(reader.waitBeyond(seen)).toBeUndefined();
    const sleeping = reader.waitBeyond(reader.noteSignal());
    writer.wake();
    expect(await sleeping).toBe("ok");
  });

  it("shows the stop flag and wakes the reader with it", () => {
    const memory = createRingMemory(8);
    const [writer, reader] = [new DescriptorRing(memory), new DescriptorRing(memory)];
    const seen = reader.noteSignal();
    expect(reader.stopped).toBe(false);
    writer.stop();
    expect(reader.stopped).toBe(true);
    expect(reader.waitBeyond(seen)).toBeUndefined();
  });

  it("loses no wake-up between two threads that go to sleep after each entry", async () => {
    const [requests, answers] = [createRingMemory(8), createRingMemory(8)];
    const worker = new Worker(new URL("../../test-support/ring-echo.ts", import.meta.url), {
      workerData: { requests, answers },
    });
    const ended = new Promise((resolve) => worker.once("exit", resolve));
    const [writer, reader] = [new DescriptorRing(requests), new DescriptorRing(answers)];
    const deadline = performance.now() + STRESS_MS;
    let number = 0;
    while (performance.now() < deadline) {
      number += 1;
      writer.setInt(writer.next(), 0, number);
      writer.publish();
      // Between nothing and a few microseconds, so that publishing meets every step of the reader's falling asleep.
      for (let spin = number % 997; spin > 0; spin -= 1) reader.int(0, 0);
      expect(await nextAnswer(reader)).toBe(number);
    }
    writer.stop();
    await ended;
    expect(number).toBeGreaterThan(50);
  });

  it("refuses a capacity that its positions cannot wrap around", () => {
    expect(() => createRingMemory(12)).toThrow("power of two");
  });
});

/** Long enough for thousands of round trips on a machine of one's own. */
const STRESS_MS = 1_500;
/** A thread that sleeps for this long although it has work was not woken. */
const LOST_MS = 5_000;

async function nextAnswer(reader: DescriptorRing): Promise<number> {
  const deadline = performance.now() + LOST_MS;
  while (performance.now() < deadline) {
    const seen = reader.noteSignal();
    const entry = reader.take();
    if (entry !== -1) return reader.int(entry, 0);
    const waiting = reader.waitBeyond(seen);
    if (waiting === undefined) continue;
    const gaveUp = new AbortController();
    await Promise.race([
      waiting,
      sleep(LOST_MS, undefined, { signal: gaveUp.signal }).catch(() => {}),
    ]);
    gaveUp.abort();
  }
  throw new Error("a wake-up was lost");
}
