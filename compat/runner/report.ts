/** What the runner prints at the end: the failures, a table, one line with the sums. */
import { styleText } from "node:util";
import type { SuiteResult } from "./run-suite.ts";

const brokerLogCharacters = 3000;

export interface Sums {
  readonly passed: number;
  readonly failed: number;
}

export function sums(results: readonly SuiteResult[]): Sums {
  const checks = results.flatMap((result) => result.checks);
  const passed = checks.filter((check) => check.passed).length;
  return { passed, failed: checks.length - passed };
}

/** The failed checks of one suite with their details, then the end of what it and the broker printed. */
export function failureReport(result: SuiteResult): string {
  const failed = result.checks.filter((check) => !check.passed);
  if (failed.length === 0) return "";
  const indented = (text: string): string => text.trimEnd().replaceAll(/^/gm, "    | ");
  const lines = [
    styleText("red", `${result.suite} on ${result.target}: ${failed.length} failed`),
    ...failed.map(
      (check) => `  not ok - ${check.text}${check.detail === "" ? "" : ` # ${check.detail}`}`,
    ),
  ];
  if (result.output.length > 0)
    lines.push("  the suite's last lines:", indented(result.output.join("\n")));
  const log = result.brokerLog.slice(-brokerLogCharacters);
  if (log.trim() !== "") lines.push("  the broker's last lines:", indented(log));
  return `${lines.join("\n")}\n`;
}

export function table(results: readonly SuiteResult[]): string {
  const rows = [
    ["suite", "target", "passed", "failed", "seconds", ""],
    ...results.map((result) => {
      const { passed, failed } = sums([result]);
      const note = result.skipped === undefined ? "" : `skipped: ${result.skipped}`;
      return [
        result.suite,
        result.target,
        `${passed}`,
        `${failed}`,
        result.seconds.toFixed(1),
        note,
      ];
    }),
  ];
  const widths = [0, 1, 2, 3, 4].map((column) =>
    Math.max(...rows.map((row) => (row[column] ?? "").length)),
  );
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return column < 2 ? cell.padEnd(width) : cell.padStart(width);
      })
      .join("  ")
      .trimEnd();
  return `${rows.map(line).join("\n")}\n`;
}

export function summaryLine(results: readonly SuiteResult[]): string {
  const { passed, failed } = sums(results);
  return `${passed} passed, ${failed} failed\n`;
}

export function jsonReport(results: readonly SuiteResult[]): string {
  const suites = results.map(({ suite, target, seconds, skipped, checks }) => ({
    suite,
    target,
    seconds: Number(seconds.toFixed(1)),
    ...(skipped === undefined ? {} : { skipped }),
    checks,
  }));
  return `${JSON.stringify({ ...sums(results), suites }, undefined, 2)}\n`;
}
