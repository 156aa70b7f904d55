import { isatty } from "node:tty";
import { writeQuietly } from "./closed-pipe.ts";

const STDERR = 2;
/** What is done sooner needs no progress. */
const SHOW_AFTER_MS = 500;
const SHOW_EVERY_MS = 100;
const CLEAR_LINE = "\r\u001b[K";

/** One line on standard error that is written over and over, only when that is a terminal. */
export class StatusLine {
  readonly #isShown = isatty(STDERR);
  #nextMs = performance.now() + SHOW_AFTER_MS;
  #isDirty = false;

  show(text: string): void {
    const nowMs = performance.now();
    if (!this.#isShown || nowMs < this.#nextMs) return;
    this.#nextMs = nowMs + SHOW_EVERY_MS;
    this.#isDirty = true;
    const columns = process.stderr.columns ?? 80;
    writeQuietly(process.stderr, CLEAR_LINE + text.slice(0, columns - 1));
  }

  /** Takes the line away, so that what follows stands alone. */
  clear(): void {
    if (this.#isDirty) writeQuietly(process.stderr, CLEAR_LINE);
    this.#isDirty = false;
  }
}
