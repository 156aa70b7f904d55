import { describe, expect, it } from "vitest";
import { BoundedQueue } from "./bounded-queue.ts";

describe("BoundedQueue", () => {
  it("gives items back in the order they came, over many fillings", () => {
    const queue = new BoundedQueue<number>(10_000);
    let taken = 0;
    for (let next = 0; next < 9000; next += 1) {
      expect(queue.offer(next)).toBe(true);
      if (next % 3 !== 0) expect(queue.take()).toBe(taken++);
    }
    while (queue.length > 0) expect(queue.take()).toBe(taken++);
    expect(taken).toBe(9000);
    expect(queue.take()).toBeUndefined();
    expect(queue.weight).toBe(0);
  });

  it("refuses what would exceed its weight and takes it once there is room", () => {
    const queue = new BoundedQueue<string>(10, (item) => item.length);
    expect(queue.offer("1234567")).toBe(true);
    expect(queue.offer("1234")).toBe(false);
    expect(queue.weight).toBe(7);
    queue.take();
    expect(queue.offer("1234")).toBe(true);
  });

  it("takes one item that is heavier than the bound, alone", () => {
    const queue = new BoundedQueue<string>(2, (item) => item.length);
    expect(queue.offer("abc")).toBe(true);
    expect(queue.offer("")).toBe(false);
  });
});
