import { expect, it } from "vitest";
import { busySecondsOf } from "./processor-time.ts";

it("counts what worked and leaves out idling, waiting and stolen time", () => {
  const stat = "cpu  100 10 50 9999 777 5 35 400 60 0\ncpu0 1 1 1 1 1 1 1 1 1 1\nintr 5\n";
  expect(busySecondsOf(stat)).toBeCloseTo(2);
});

it("refuses another file", () => {
  expect(() => busySecondsOf("MemTotal: 5 kB")).toThrow("not /proc/stat");
});
