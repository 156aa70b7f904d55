import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const example = fileURLToPath(new URL("../../examples/ten-lines.ts", import.meta.url));

it("the example of the README runs, and finds its record again when it runs a second time", async () => {
  const directory = mkdtempSync(join(tmpdir(), "ottla-example-"));
  const run = async (): Promise<string> => {
    const args = ["--conditions=@ottla/source", example, join(directory, "data")];
    return (await promisify(execFile)(process.execPath, args)).stdout;
  };
  try {
    expect(await run()).toBe("durable at offset 0\nbatch at 0: 1 records\n");
    expect(await run()).toBe("durable at offset 1\nbatch at 0: 1 records\nbatch at 1: 1 records\n");
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
