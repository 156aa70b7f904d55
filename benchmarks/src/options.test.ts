import { expect, it } from "vitest";
import { parseOptions, recordsOf, UsageError } from "./options.ts";

it("measures every part, size and client unless told otherwise", () => {
  const options = parseOptions([]);
  expect([...options.parts]).toEqual(["limits", "micro", "start", "memory", "e2e"]);
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

it("derives the number of records from the bytes of a run unless it is given", () => {
  expect(recordsOf(parseOptions(["--quick"]), 1024)).toBe(65_536);
  expect(recordsOf(parseOptions(["--quick", "--records", "7"]), 1024)).toBe(7);
});

it.each([
  ["--rounds", "0"],
  ["--only", "everything"],
  ["--size", "1k"],
  ["--program", "binary"],
  ["--wrong"],
  ["--quick", "--full"],
])("refuses %s %s", (...parameters) => {
  expect(() => parseOptions(parameters)).toThrow(UsageError);
});
