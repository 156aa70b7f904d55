import { isatty } from "node:tty";
import type { SingleBar } from "cli-progress";

const STDERR = 2;
/** What is done sooner needs no progress. */
const SHOW_AFTER_MS = 500;

export interface ProgressState {
  readonly records: number;
  readonly bytes: number;
}

/**
 * Progress of a long transfer on standard error, only when that is a terminal. With a known total it is a
 * bar, otherwise a running count.
 */
export class Progress {
  readonly #isShown: boolean;
  readonly #total: number | undefined;
  readonly #startMs = performance.now();
  #bar: SingleBar | undefined;
  #isLoading = false;
  #isOver = false;

  /** `total` counts the same thing as the `done` of `update`. */
  constructor(options: { readonly isWanted: boolean; readonly total?: number | undefined }) {
    this.#isShown = options.isWanted && isatty(STDERR);
    this.#total = options.total;
  }

  update(done: number, state: ProgressState): void {
    if (!this.#isShown || this.#isOver) return;
    const elapsedMs = performance.now() - this.#startMs;
    if (elapsedMs < SHOW_AFTER_MS) return;
    if (this.#bar === undefined) {
      if (!this.#isLoading) void this.#load();
      return;
    }
    this.#bar.update(
      this.#total === undefined ? 0 : Math.min(done, this.#total),
      describe(state, elapsedMs),
    );
  }

  /** Takes the line away, so that what follows stands alone. */
  stop(): void {
    this.#isOver = true;
    this.#bar?.stop();
  }

  async #load(): Promise<void> {
    this.#isLoading = true;
    const { default: progress } = await import("cli-progress");
    if (this.#isOver) return;
    const counts = "{records} records  {size}  {rate}/s";
    this.#bar = new progress.SingleBar({
      format: this.#total === undefined ? `  ${counts}` : `  {bar} {percentage}%  ${counts}`,
      barCompleteChar: "█",
      barIncompleteChar: "░",
      barsize: 24,
      hideCursor: true,
      clearOnComplete: true,
      stream: process.stderr,
      gracefulExit: false,
    });
    this.#bar.start(this.#total ?? 1, 0, describe({ records: 0, bytes: 0 }, 1));
  }
}

function describe({ records, bytes }: ProgressState, elapsedMs: number): Record<string, string> {
  return {
    records: formatCount(records),
    size: formatBytes(bytes),
    rate: formatCount(Math.round((records * 1000) / Math.max(1, elapsedMs))),
  };
}

export function formatCount(count: number): string {
  return count.toLocaleString("en-US");
}

export function formatBytes(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}
