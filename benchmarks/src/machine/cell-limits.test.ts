import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { syncedWriteRate, writePattern } from "./cell-limits.ts";

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), "ottla-limits-"));
});

afterEach(() => {
  rmSync(directory, { recursive: true });
});

it("gives Java five requests with a batch of each partition, in whole records", () => {
  expect(writePattern("java", 100, 16)).toEqual({
    files: 16,
    batchBytes: 16_300,
    windowBytes: 5 * 16 * 16_300,
  });
  expect(writePattern("java", 10_240, 1)).toMatchObject({
    batchBytes: 10_240,
    windowBytes: 51_200,
  });
});

it("gives a record that is larger than a batch a batch of its own", () => {
  expect(writePattern("java", 1_000_000, 1).batchBytes).toBe(1_000_000);
});

it("gives librdkafka a window of its queue", () => {
  expect(writePattern("librdkafka", 1024, 1)).toEqual({
    files: 1,
    batchBytes: 999_424,
    windowBytes: 102_400_000,
  });
});

it("writes a rate and leaves no file", () => {
  const rate = syncedWriteRate(directory, writePattern("java", 1024, 3), 500_000);
  expect(rate).toBeGreaterThan(0);
  expect(readdirSync(directory)).toEqual([]);
});
