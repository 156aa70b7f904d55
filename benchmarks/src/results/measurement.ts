/** The one shape that all results have, so that tables, plots and comparisons need no special cases. */

export const SECTIONS = [
  "produce",
  "consume",
  "latency",
  "cpu",
  "start",
  "memory",
  "scale",
  "background",
  "micro",
  "limits",
] as const;
export type Section = (typeof SECTIONS)[number];

/** Who is measured end to end. `kafka` is Kafka's default, which leaves syncing to the operating system. */
export const TARGETS = ["ottla", "kafka", "kafka-fsync"] as const;
export type TargetName = (typeof TARGETS)[number];

/** A figure beside the values, such as the limit of the machine for this cell. */
export interface Column {
  readonly unit: "MB/s" | "%" | "processors" | "ms";
  /** One value for each round. */
  readonly samples: readonly number[];
}

/** Where a measurement stands on a curve. */
export interface CurvePoint {
  /** What grows. */
  readonly dimension: string;
  readonly x: number;
  /** What was measured of it: one plot of several. */
  readonly figure: string;
}

export interface Measurement {
  /** Stable: comparisons find a cell by it. */
  readonly id: string;
  readonly section: Section;
  readonly title: string;
  readonly unit: string;
  readonly better: "higher" | "lower";
  /** One value for each round, by who was measured. */
  readonly samples: Readonly<Record<string, readonly number[]>>;
  /** More about a series than its values: tinybench's percentiles, for example. */
  readonly notes?: Readonly<Record<string, string>>;
  /** By title. */
  readonly columns?: Readonly<Record<string, Column>>;
  readonly point?: CurvePoint;
}

export interface Results {
  /** Of this format; a comparison refuses another one. */
  readonly format: 1;
  readonly date: string;
  readonly command: string;
  readonly machine: Readonly<Record<string, string>>;
  readonly versions: Readonly<Record<string, string>>;
  readonly settings: Readonly<Record<string, string>>;
  readonly measurements: readonly Measurement[];
  /** What was asked for and could not be measured, with the reason. */
  readonly missing: readonly string[];
}

/** How much better `ours` is than `theirs`; above 1 is better whichever direction counts. */
export function advantage(better: Measurement["better"], ours: number, theirs: number): number {
  return better === "higher" ? ours / theirs : theirs / ours;
}
