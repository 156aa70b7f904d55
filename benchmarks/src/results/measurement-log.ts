import { summarise } from "../statistics/summary.ts";
import type { Measurement } from "./measurement.ts";
import { formatNumber } from "./number-format.ts";

/** What identifies a cell; `samples` grow while rounds run. */
export type Cell = Omit<Measurement, "samples" | "notes">;

/** Collects samples round by round; cells stand in the order in which they were first seen. */
export class MeasurementLog {
  readonly missing: string[] = [];
  readonly #cells = new Map<
    string,
    { cell: Cell; samples: Record<string, number[]>; notes: Record<string, string> }
  >();
  readonly #onSample: (line: string) => void;

  constructor(onSample: (line: string) => void) {
    this.#onSample = onSample;
  }

  add(cell: Cell, series: string, value: number, note?: string): void {
    if (!Number.isFinite(value)) throw new Error(`${cell.id}: ${series} measured ${value}`);
    let entry = this.#cells.get(cell.id);
    if (entry === undefined) {
      entry = { cell, samples: {}, notes: {} };
      this.#cells.set(cell.id, entry);
    }
    (entry.samples[series] ??= []).push(value);
    if (note !== undefined) entry.notes[series] = note;
    this.#onSample(`${cell.title}: ${series} ${formatNumber(value)} ${cell.unit}`);
  }

  /** A part that cannot run here is reported and does not end the run: the rest is still worth having. */
  addMissing(what: string, error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    const line = `${what}: ${reason.split("\n")[0]}`;
    this.missing.push(line);
    this.#onSample(`missing: ${line}`);
  }

  median(id: string, series: string): number | undefined {
    const values = this.#cells.get(id)?.samples[series];
    return values === undefined ? undefined : summarise(values).median;
  }

  measurements(): Measurement[] {
    return [...this.#cells.values()].map(({ cell, samples, notes }) => ({
      ...cell,
      samples,
      ...(Object.keys(notes).length > 0 && { notes }),
    }));
  }
}
