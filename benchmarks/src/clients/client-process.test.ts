import { expect, it } from "vitest";
import { runClient, usageOf } from "./client-process.ts";

const sample = (seconds: number, clientSeconds: number, busySeconds: number) => ({
  atMs: seconds * 1000,
  clientSeconds,
  busySeconds,
});

it("takes the processors of the time after the client's start", () => {
  const samples = [sample(10, 0, 50), sample(12, 4, 54), sample(16, 6, 60)];
  expect(usageOf(samples, 2000)).toEqual({ clientCores: 0.5, busyCores: 1.5 });
});

it("takes the whole run where it is shorter than twice the start", () => {
  const samples = [sample(0, 0, 0), sample(2, 4, 4), sample(3, 6, 6)];
  expect(usageOf(samples, 2000)).toEqual({ clientCores: 2, busyCores: 2 });
});

it("knows nothing of a run without two samples", () => {
  expect(usageOf([], 0)).toBeUndefined();
  expect(usageOf([sample(1, 1, 1)], 0)).toBeUndefined();
});

it("passes the output on, and the client's own words when it fails", async () => {
  const { stdout } = await runClient(process.execPath, ["-p", "6 * 7"], 0);
  expect(stdout).toBe("42\n");
  const failing = runClient(
    process.execPath,
    ["-e", "console.error('no\\nbroker'); process.exit(3)"],
    0,
  );
  await expect(failing).rejects.toThrow(/^broker$/);
});
