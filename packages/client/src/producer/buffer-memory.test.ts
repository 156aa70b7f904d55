import { SimulatedClock } from "@ottla/testkit";
import { expect, test } from "vitest";
import { systemRuntime } from "../client-runtime.ts";
import { BufferMemory } from "./buffer-memory.ts";

const never = new AbortController().signal;

function newMemory(totalBytes: number) {
  const clock = new SimulatedClock();
  const runtime = {
    ...systemRuntime,
    monotonicMs: () => clock.monotonicMs(),
    setTimer: (delayMs: number, callback: () => void) => clock.setTimer(delayMs, callback),
  };
  return { clock, memory: new BufferMemory(runtime, totalBytes) };
}

test("who comes first is served first, even if a later one would fit", async () => {
  const { memory } = newMemory(100);
  expect(memory.tryTake(80)).toBe(true);
  const order: string[] = [];
  const large = memory.take(50, 1_000, never).then(() => order.push("large"));
  const small = memory.take(10, 1_000, never).then(() => order.push("small"));
  expect(memory.tryTake(10)).toBe(false);
  memory.release(80);
  await Promise.all([large, small]);
  expect(order).toEqual(["large", "small"]);
  expect(memory.usedBytes).toBe(60);
});

test("a wait that is too long fails, takes nothing and lets the next one through", async () => {
  const { clock, memory } = newMemory(100);
  memory.tryTake(90);
  const large = memory.take(50, 200, never);
  const small = memory.take(10, 1_000, never);
  const failed = expect(large).rejects.toThrow("no room for a record in the buffer within 200 ms");
  clock.advance(200);
  await failed;
  await small;
  expect(memory.usedBytes).toBe(100);
  expect(clock.pendingTimers).toBe(0);
});

test("an abort ends the wait", async () => {
  const { memory } = newMemory(10);
  memory.tryTake(10);
  const abort = new AbortController();
  const waiting = memory.take(5, 1_000, abort.signal);
  abort.abort(new Error("enough"));
  await expect(waiting).rejects.toThrow("enough");
  expect(memory.hasWaiters).toBe(false);
});
