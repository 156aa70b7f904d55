import { write } from "node:fs";
import { isatty } from "node:tty";
import { setTimeout as sleep } from "node:timers/promises";

const STDOUT = 1;
/** A pipe that somebody made non-blocking answers "full" instead of waiting. */
const FULL_PIPE_PAUSE_MS = 5;

/** The reader of our output has gone, as `head` does when it has seen enough. */
export class OutputClosedError extends Error {
  override readonly name = "OutputClosedError";
}

/**
 * Writes to the standard output through the thread pool. Node's own stream blocks the whole process while
 * a slow reader such as `less` does not read, and then a consumer would miss its heartbeats.
 */
export async function writeOutput(bytes: Uint8Array): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    try {
      done += await writeSome(bytes, done);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "EPIPE") throw new OutputClosedError("the reader of the output has gone");
      if (code !== "EAGAIN") throw error;
      await sleep(FULL_PIPE_PAUSE_MS);
    }
  }
}

export function isOutputTerminal(): boolean {
  return isatty(STDOUT);
}

function writeSome(bytes: Uint8Array, from: number): Promise<number> {
  return new Promise((resolve, reject) => {
    write(STDOUT, bytes, from, bytes.length - from, null, (error, written) => {
      if (error === null) resolve(written);
      else reject(error);
    });
  });
}

export function printLines(lines: readonly string[]): Promise<void> {
  return lines.length === 0 ? Promise.resolve() : writeOutput(Buffer.from(`${lines.join("\n")}\n`));
}
