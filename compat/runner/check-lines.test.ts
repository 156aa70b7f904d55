import { expect, test } from "vitest";
import { CheckLines } from "./check-lines.ts";

function taken(lines: readonly string[], end = { exitCode: 0, timedOut: false }): CheckLines {
  const checks = new CheckLines();
  for (const line of lines) checks.take(line);
  checks.end(end);
  return checks;
}

function failures(checks: CheckLines): string[] {
  return checks.checks.filter((check) => !check.passed).map((check) => check.text);
}

test("passed and failed lines become checks, with the detail of a failed one", () => {
  const checks = taken(["noise", "ok - a # b", "ok 2 - c", "not ok - d # e # f", "okay - no"], {
    exitCode: 1,
    timedOut: false,
  });
  expect(checks.checks).toEqual([
    { passed: true, text: "a # b", detail: "" },
    { passed: true, text: "c", detail: "" },
    { passed: false, text: "d", detail: "e # f" },
  ]);
});

test("a suite that says nothing has failed", () => {
  expect(failures(taken([]))).toEqual(["the suite runs at least one check"]);
});

test("a bad exit after passed checks is a failure", () => {
  expect(failures(taken(["ok - a"], { exitCode: 3, timedOut: false }))).toEqual([
    "the suite exits with 0",
  ]);
});

test("a suite that exits with 0 in spite of a failed check has two failures", () => {
  expect(failures(taken(["not ok - a"]))).toHaveLength(2);
});

test("running out of time is a failure even when all checks so far passed", () => {
  const checks = taken(["ok - a"], { exitCode: 1, timedOut: true });
  expect(failures(checks)).toEqual(["the suite ends within its time limit"]);
});

test("fewer checks than planned are a failure, as many as planned are not", () => {
  expect(failures(taken(["1..2", "ok - a"]))).toEqual(["the suite runs every planned check"]);
  expect(failures(taken(["1..2", "ok - a", "ok - b"]))).toEqual([]);
});
