import { parseArgs } from "node:util";
import type { OttlaProgram } from "./brokers/ottla-broker.ts";

export const PARTS = ["limits", "micro", "start", "memory", "e2e"] as const;
export type Part = (typeof PARTS)[number];

const EFFORTS = ["quick", "normal", "full"] as const;
type Effort = (typeof EFFORTS)[number];

/** How much is measured; each figure can be set by itself as well. */
export interface Plan {
  readonly rounds: number;
  readonly recordSizes: readonly number[];
  readonly partitionCounts: readonly number[];
  /** Of values, for each produce run; `--records` sets the number of records instead. */
  readonly bytesPerRun: number;
  readonly records: number | undefined;
  readonly latencyRates: readonly number[];
  readonly latencySeconds: number;
  readonly microTimeMs: number;
}

export interface Options extends Plan {
  readonly parts: ReadonlySet<Part>;
  readonly effort: Effort;
  readonly program: OttlaProgram;
  readonly ottlaOverrides: readonly string[];
  readonly clients: ReadonlySet<ClientName>;
  readonly results: string | undefined;
  readonly baseline: string | undefined;
  readonly saveBaseline: string | undefined;
}

export const CLIENTS = ["java", "librdkafka"] as const;
export type ClientName = (typeof CLIENTS)[number];

const MEBIBYTE = 2 ** 20;
const ALL_SIZES = [100, 1024, 10 * 1024];

const PLANS: Readonly<Record<Effort, Omit<Plan, "records">>> = {
  quick: {
    rounds: 1,
    recordSizes: [1024],
    partitionCounts: [1],
    bytesPerRun: 64 * MEBIBYTE,
    latencyRates: [10_000],
    latencySeconds: 5,
    microTimeMs: 20,
  },
  normal: {
    rounds: 3,
    recordSizes: ALL_SIZES,
    partitionCounts: [1, 16],
    bytesPerRun: 256 * MEBIBYTE,
    latencyRates: [10_000, 50_000],
    latencySeconds: 10,
    microTimeMs: 100,
  },
  full: {
    rounds: 5,
    recordSizes: ALL_SIZES,
    partitionCounts: [1, 16],
    bytesPerRun: 1024 * MEBIBYTE,
    latencyRates: [10_000, 50_000],
    latencySeconds: 20,
    microTimeMs: 250,
  },
};

export const USAGE = `npm run bench -- [option...]

  --quick, --full        fewer or more rounds, cells and records than by default
  --only PART            ${PARTS.join(", ")}; may be repeated
  --client NAME          ${CLIENTS.join(" or ")}; may be repeated
  --rounds N             rounds of each cell
  --size BYTES           size of record values; may be repeated
  --partitions N         partitions of the topic; may be repeated
  --records N            records of each produce run
  --rate N               records/s of the latency part; may be repeated
  --seconds N            length of each latency run
  --program NAME         bundle (what users get, the default) or source
  --override NAME=VALUE  a setting of Ottla; may be repeated
  --results DIRECTORY    where results go; by default benchmarks/results, and nowhere with --only
  --compare FILE         compares this run with an earlier results.json; ends with 1 when something became worse
  --save-baseline FILE   also keeps this run for later comparisons
`;

export class UsageError extends Error {}

export function parseOptions(parameters: readonly string[]): Options {
  const values = parse(parameters);
  if (values.quick && values.full) throw new UsageError("--quick and --full exclude each other");
  const effort = values.quick ? "quick" : values.full ? "full" : "normal";
  const plan = PLANS[effort];
  return {
    ...plan,
    effort,
    rounds: count("--rounds", values.rounds) ?? plan.rounds,
    recordSizes: counts("--size", values.size) ?? plan.recordSizes,
    partitionCounts: counts("--partitions", values.partitions) ?? plan.partitionCounts,
    records: count("--records", values.records),
    latencyRates: counts("--rate", values.rate) ?? plan.latencyRates,
    latencySeconds: count("--seconds", values.seconds) ?? plan.latencySeconds,
    parts: oneOf("--only", PARTS, values.only),
    clients: oneOf("--client", CLIENTS, values.client),
    program: [
      ...oneOf("--program", ["bundle", "source"] as const, [values.program ?? "bundle"]),
    ][0]!,
    ottlaOverrides: values.override ?? [],
    results: values.results,
    baseline: values.compare,
    saveBaseline: values["save-baseline"],
  };
}

function parse(parameters: readonly string[]) {
  try {
    return parseArgs({
      args: [...parameters],
      options: {
        quick: { type: "boolean", default: false },
        full: { type: "boolean", default: false },
        only: { type: "string", multiple: true },
        client: { type: "string", multiple: true },
        rounds: { type: "string" },
        size: { type: "string", multiple: true },
        partitions: { type: "string", multiple: true },
        records: { type: "string" },
        rate: { type: "string", multiple: true },
        seconds: { type: "string" },
        program: { type: "string" },
        override: { type: "string", multiple: true },
        results: { type: "string" },
        compare: { type: "string" },
        "save-baseline": { type: "string" },
      },
    }).values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function count(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1)
    throw new UsageError(`${name} ${text}: expected a whole number above 0`);
  return value;
}

function counts(name: string, texts: readonly string[] | undefined): number[] | undefined {
  return texts?.map((text) => count(name, text)!);
}

/** All of them unless some are named. */
function oneOf<Name extends string>(
  option: string,
  known: readonly Name[],
  given: readonly string[] | undefined,
): ReadonlySet<Name> {
  for (const name of given ?? []) {
    if (!known.includes(name as Name))
      throw new UsageError(`${option} ${name}: expected ${known.join(", ")}`);
  }
  return new Set((given as readonly Name[] | undefined) ?? known);
}

export function recordsOf({ records, bytesPerRun }: Plan, recordBytes: number): number {
  return records ?? Math.ceil(bytesPerRun / recordBytes);
}
