import { summarise } from "../statistics/summary.ts";
import { advantage, type Measurement, type Results } from "./measurement.ts";
import { formatPercent, formatRatio } from "./number-format.ts";

/** A change within this share beyond the spread of both runs is noise until shown otherwise. */
export const TOLERANCE = 0.15;

const OURS = "ottla";
const REFERENCE = "kafka";

export interface ComparedCell {
  readonly id: string;
  /** Now against the baseline; above 1 is better. */
  readonly ratio: number;
  /** Sum of the spreads of everything the ratio is made of. */
  readonly spread: number;
  /** `relative`: our ratio to Kafka in both runs, which survives a change of machine. */
  readonly basis: "relative" | "absolute";
  readonly verdict: "worse" | "better" | "same";
}

export interface Comparison {
  readonly cells: readonly ComparedCell[];
  /** In the baseline and not in this run, or the other way round. */
  readonly unmatched: readonly string[];
}

export function compareResults(baseline: Results, current: Results): Comparison {
  const before = new Map(baseline.measurements.map((measurement) => [measurement.id, measurement]));
  const now = new Map(current.measurements.map((measurement) => [measurement.id, measurement]));
  const cells: ComparedCell[] = [];
  const unmatched: string[] = [];
  for (const [id, measurement] of now) {
    // Limits belong to the machine, not to us.
    if (measurement.section === "limits") continue;
    const earlier = before.get(id);
    const cell = earlier && compareCell(earlier, measurement);
    if (cell === undefined) unmatched.push(`${id} is new`);
    else cells.push(cell);
  }
  for (const [id, { section }] of before) {
    if (!now.has(id) && section !== "limits") unmatched.push(`${id} was not measured`);
  }
  return { cells, unmatched };
}

function compareCell(before: Measurement, now: Measurement): ComparedCell | undefined {
  const oursBefore = before.samples[OURS];
  const oursNow = now.samples[OURS];
  if (oursBefore === undefined || oursNow === undefined) return undefined;
  const theirsBefore = before.samples[REFERENCE];
  const theirsNow = now.samples[REFERENCE];
  const isRelative = theirsBefore !== undefined && theirsNow !== undefined;
  const runs = [oursBefore, oursNow, ...(isRelative ? [theirsBefore, theirsNow] : [])].map(
    summarise,
  );
  const spread = runs.reduce((sum, run) => sum + run.spread, 0);
  const own = advantage(now.better, runs[1]!.median, runs[0]!.median);
  const ratio = isRelative ? own / advantage(now.better, runs[3]!.median, runs[2]!.median) : own;
  return {
    id: now.id,
    ratio,
    spread,
    basis: isRelative ? "relative" : "absolute",
    verdict: verdictOf(ratio, spread),
  };
}

function verdictOf(ratio: number, spread: number): ComparedCell["verdict"] {
  const margin = TOLERANCE + spread;
  if (ratio < 1 - margin) return "worse";
  return ratio > 1 + margin ? "better" : "same";
}

export function renderComparison({ cells, unmatched }: Comparison): string {
  const width = Math.max(0, ...cells.map(({ id }) => id.length));
  const lines = cells.map(({ id, ratio, spread, basis, verdict }) =>
    [
      id.padEnd(width),
      formatRatio(ratio).padStart(8),
      `spread ${formatPercent(spread)}`.padStart(13),
      basis,
      verdict === "same" ? "" : verdict.toUpperCase(),
    ]
      .join("  ")
      .trimEnd(),
  );
  const worse = cells.filter(({ verdict }) => verdict === "worse").length;
  return [
    ...unmatched,
    ...lines,
    `${cells.length} cells compared, ${worse} worse by more than ${formatPercent(TOLERANCE)} beyond the spread`,
  ].join("\n");
}

/** Reads a stored result, and says what is wrong with one that is not ours. */
export function parseResults(text: string, name: string): Results {
  const value: unknown = JSON.parse(text);
  if (typeof value !== "object" || value === null || !("format" in value) || value.format !== 1) {
    throw new Error(`${name} is not a result file of this version`);
  }
  return value as Results;
}
