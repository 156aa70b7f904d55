import { expect, test } from "vitest";
import { SeededRandom } from "./seeded-random.ts";
import { SimulatedClock } from "./simulated-clock.ts";

test("timers fire in order of their due time, also those set by others", () => {
  const clock = new SimulatedClock(1000);
  const fired: string[] = [];
  clock.setTimer(20, () => fired.push(`b@${clock.nowMs()}`));
  clock.setTimer(10, () => {
    fired.push(`a@${clock.nowMs()}`);
    clock.setTimer(5, () => fired.push(`c@${clock.nowMs()}`));
  });
  clock.setTimer(15, () => fired.push("cancelled")).cancel();
  clock.advance(20);
  expect(fired).toEqual(["a@1010", "c@1015", "b@1020"]);
  expect(clock.pendingTimers).toBe(0);
});

test("a sleep ends when its time has come, or with the reason of its signal", async () => {
  const clock = new SimulatedClock();
  const done = clock.sleep(50);
  await clock.advanceAsync(50);
  await done;
  const abort = new AbortController();
  const sleeping = clock.sleep(50, abort.signal);
  abort.abort(new Error("stopped"));
  await expect(sleeping).rejects.toThrow("stopped");
  expect(clock.pendingTimers).toBe(0);
});

test("a jump of the wall clock moves no timer", () => {
  const clock = new SimulatedClock(0);
  let fired = false;
  clock.setTimer(10, () => (fired = true));
  clock.setWallClock(1_000_000);
  expect([fired, clock.monotonicMs(), clock.nowMs()]).toEqual([false, 0, 1_000_000]);
});

test("the same seed gives the same randomness, spread over its range", () => {
  const draw = (seed: number): number[] => {
    const random = new SeededRandom(seed);
    return Array.from({ length: 1000 }, () => random.nextInt(10));
  };
  expect(draw(5)).toEqual(draw(5));
  expect(draw(5)).not.toEqual(draw(6));
  expect(new Set(draw(5)).size).toBe(10);
});
