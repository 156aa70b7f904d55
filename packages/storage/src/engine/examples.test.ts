import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, it } from "vitest";

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "ottla-example-"));
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

async function run(example: string): Promise<string> {
  const path = fileURLToPath(new URL(`../../examples/${example}`, import.meta.url));
  const args = ["--conditions=@ottla/source", path, join(directory, "data")];
  return (await promisify(execFile)(process.execPath, args)).stdout;
}

it("the example of the README runs, and finds its record again when it runs a second time", async () => {
  expect(await run("ten-lines.ts")).toBe("durable at offset 0\nbatch at 0: 1 records\n");
  expect(await run("ten-lines.ts")).toBe(
    "durable at offset 1\nbatch at 0: 1 records\nbatch at 1: 1 records\n",
  );
});

it("the example of a table in a compacted log keeps the last value of each key", async () => {
  expect(await run("key-value-store.ts")).toBe(
    "tea: 29 cups\ncompaction made the log smaller: true\n",
  );
});

it("the example of a snapshot shows two histories with one beginning", async () => {
  expect(await run("snapshot-and-branch.ts")).toBe(
    [
      "main: once upon a time",
      "main: they lived happily",
      "branch: once upon a time",
      "branch: there was a dragon",
      "findings in the branch: 0",
      "",
    ].join("\n"),
  );
});
