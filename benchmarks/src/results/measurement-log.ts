import { summarise } from "../statistics/summary.ts";
import type { Column, Measurement } from "./measurement.ts";
import { formatNumber } from "./number-format.ts";

/** What identifies a cell; `samples` grow while rounds run. */
export type Cell = Omit<Measurement, "samples" | "notes" | "columns">;

interface Entry {
  readonly cell: Cell;
  readonly samples: Record<string, number[]>;
  readonly notes: Record<string, string>;
  readonly columns: Record<string, { unit: Column["unit"]; samples: number[] }>;
}

/** Collects samples round by round; cells stand in the order in which they were first seen. */
export class MeasurementLog {
  readonly missing: string[] = [];
  readonly #cells = new Map<string, Entry>();
  readonly #onSample: (line: string) => void;

  constructor(onSample: (line: string) => void) {
    this.#onSample = onSample;
  }

  add(cell: Cell, series: string, value: number, note?: string): void {
    if (!Number.isFinite(value)) throw new Error(`${cell.id}: ${series} measured ${value}`);
    const entry = this.#entry(cell);
    (entry.samples[series] ??= []).push(value);
    if (note !== undefined) entry.notes[series] = note;
    this.#onSample(`${cell.title}: ${series} ${formatNumber(value)} ${cell.unit}`);
  }

  /** A figure of the same cell that is nobody's result. */
  addColumn(cell: Cell, title: string, unit: Column["unit"], value: number): void {
    if (!Number.isFinite(value)) throw new Error(`${cell.id}: ${title} is ${value}`);
    (this.#entry(cell).columns[title] ??= { unit, samples: [] }).samples.push(value);
  }

  #entry(cell: Cell): Entry {
    let entry = this.#cells.get(cell.id);
    if (entry === undefined) {
      entry = { cell, samples: {}, notes: {}, columns: {} };
      this.#cells.set(cell.id, entry);
    }
    return entry;
  }

  /** A part that cannot run here is reported and does not end the run: the rest is still worth having. */
  addMissing(what: string, error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    const line = `${what}: ${reason.split("\n")[0]}`;
    this.missing.push(line);
    this.#onSample(`missing: ${line}`);
  }

  /** Runs one piece of a part; when it fails that is reported, and the rest goes on. */
  async attempt(what: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.addMissing(what, error);
    }
  }

  median(id: string, series: string): number | undefined {
    const values = this.#cells.get(id)?.samples[series];
    return values === undefined ? undefined : summarise(values).median;
  }

  measurements(): Measurement[] {
    return [...this.#cells.values()].map(({ cell, samples, notes, columns }) => ({
      ...cell,
      samples,
      ...(Object.keys(notes).length > 0 && { notes }),
      ...(Object.keys(columns).length > 0 && { columns }),
    }));
  }
}
