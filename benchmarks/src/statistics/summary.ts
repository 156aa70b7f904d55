/** What several rounds of one measurement come to. */
export interface Summary {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  /** Distance of the extremes as a share of the median; 0 for a single round, which says nothing about noise. */
  readonly spread: number;
  readonly rounds: number;
}

/** Linear between neighbours; `quantile` from 0 to 1. */
export function quantile(values: readonly number[], share: number): number {
  if (values.length === 0) throw new Error("no values");
  const sorted = [...values].sort((a, b) => a - b);
  const position = (sorted.length - 1) * share;
  const below = sorted[Math.floor(position)]!;
  const above = sorted[Math.ceil(position)]!;
  return below + (above - below) * (position - Math.floor(position));
}

export function summarise(values: readonly number[]): Summary {
  const median = quantile(values, 0.5);
  const min = Math.min(...values);
  const max = Math.max(...values);
  const spread = median === 0 ? 0 : (max - min) / Math.abs(median);
  return { median, min, max, spread, rounds: values.length };
}
