import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Writes out what the last run left in the page cache, or the next one would pay for it at its first fsync. */
export async function settleDisk(): Promise<void> {
  await run("sync");
}
