import { expect, it } from "vitest";
import { parseOptions, recordsOf, UsageError } from "./options.ts";

it("measures every part, size and client unless told otherwise", () => {
  const options = parseOptions([]);
  expect([...options.parts]).toEqual([
    "limits",
    "micro",
    "start",
    "memory",
    "scale",
    "background",
    "e2e",
  ]);
  expect([...options.clients]).toEqual(["java", "librdkafka"]);
  expect(options.recordSizes).toEqual([100, 1024, 10240]);
  expect(options.program).toBe("bundle");
});

it("lets single figures override an effort", () => {
  const options = parseOptions([
    "--quick",
    "--rounds",
    "4",
    "--size",
    "100",
    "--size",
    "200",
    "--only",
    "e2e",
  ]);
  expect(options).toMatchObject({ rounds: 4, recordSizes: [100, 200], partitionCounts: [1] });
  expect([...options.parts]).toEqual(["e2e"]);
});

it("leaves the parts that a plan does not name to be asked for", () => {
  expect(parseOptions(["--plan", "landing"]).parts).not.toContain("micro");
  expect([...parseOptions(["--plan", "landing", "--only", "micro"]).parts]).toEqual(["micro"]);
});

it("takes the size of the log that is recovered in megabytes", () => {
  const { manyPartitions } = parseOptions(["--log-megabytes", "250", "--many-partitions", "10"]);
  expect(manyPartitions).toEqual({ partitions: 10, logBytes: 250e6 });
});

it("derives the number of records from the bytes of a run unless it is given", () => {
  expect(recordsOf(parseOptions(["--quick"]), 1024, "java")).toBe(65_536);
  expect(recordsOf(parseOptions(["--quick", "--records", "7"]), 1024, "java")).toBe(7);
});

it.each([
  ["--rounds", "0"],
  ["--only", "everything"],
  ["--size", "1k"],
  ["--program", "binary"],
  ["--wrong"],
  ["--quick", "--full"],
  ["--quick", "--plan", "landing"],
  ["--plan", "endless"],
  ["--scale", "up"],
])("refuses %s %s", (...parameters) => {
  expect(() => parseOptions(parameters)).toThrow(UsageError);
});
