import { expect, it } from "vitest";
import { parseCpuSeconds, parseStatusBytes, processUsage } from "./process-usage.ts";

it("adds user and system time, also when the name has spaces and parentheses", () => {
  const stat =
    "42 (my (odd) name) S 1 42 42 0 -1 4194560 59449 0 1 0 1352 871 0 0 20 0 28 0 448885 23386 64435";
  expect(parseCpuSeconds(stat)).toBeCloseTo(22.23);
});

it("refuses what is not a process status", () => {
  expect(() => parseCpuSeconds("42 (x) S")).toThrow("not a process status");
});

it("reads memory in bytes", () => {
  const status = "Name:\tnode\nVmHWM:\t  265392 kB\nVmRSS:\t  258088 kB\n";
  expect(parseStatusBytes(status, "VmRSS")).toBe(258088 * 1024);
  expect(() => parseStatusBytes(status, "VmSwap")).toThrow("no VmSwap");
});

it.runIf(process.platform === "linux")("sees this process work", () => {
  const before = processUsage(process.pid);
  const until = performance.now() + 100;
  while (performance.now() < until) Math.sqrt(until);
  const after = processUsage(process.pid);
  expect(after.cpuSeconds).toBeGreaterThan(before.cpuSeconds);
  expect(after.residentBytesMax).toBeGreaterThanOrEqual(after.residentBytes);
});
