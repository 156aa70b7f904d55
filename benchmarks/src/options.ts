import { parseArgs } from "node:util";
import type { OttlaProgram } from "./brokers/ottla-broker.ts";
import {
  DIMENSIONS,
  EFFORTS,
  PARTS,
  PLANS,
  type Dimension,
  type Effort,
  type Part,
  type Plan,
} from "./plans.ts";

export interface Options extends Plan {
  readonly parts: ReadonlySet<Part>;
  readonly effort: Effort;
  /** Sets the number of records of a produce run instead of `bytesPerRun`. */
  readonly records: number | undefined;
  readonly dimensions: ReadonlySet<Dimension>;
  readonly program: OttlaProgram;
  readonly ottlaOverrides: readonly string[];
  readonly clients: ReadonlySet<ClientName>;
  readonly results: string | undefined;
  readonly baseline: string | undefined;
  readonly saveBaseline: string | undefined;
  /** Measures nothing: renews what the README shows of the stored results. */
  readonly readmeOnly: boolean;
}

export const CLIENTS = ["java", "librdkafka"] as const;
export type ClientName = (typeof CLIENTS)[number];

export const USAGE = `npm run bench -- [option...]

  --plan NAME            ${EFFORTS.join(", ")}: how many rounds, cells and records; landing takes a quarter of an hour
  --quick, --full        the same as --plan quick and --plan full
  --only PART            ${PARTS.join(", ")}; may be repeated
  --client NAME          ${CLIENTS.join(" or ")}; may be repeated
  --rounds N             rounds of each cell
  --size BYTES           size of record values; may be repeated
  --partitions N         partitions of the topic; may be repeated
  --records N            records of each produce run
  --scale DIMENSION      what grows in the scale part: ${DIMENSIONS.join(", ")}; may be repeated
  --many-partitions N    partitions of the start with many of them
  --log-megabytes N      what these partitions hold
  --rate N               records/s of the latency part; may be repeated
  --seconds N            length of each latency run
  --program NAME         bundle (what users get, the default) or source
  --override NAME=VALUE  a setting of Ottla; may be repeated
  --results DIRECTORY    where results go; by default benchmarks/results, and nowhere with --only
  --compare FILE         compares this run with an earlier results.json; ends with 1 when something became worse
  --save-baseline FILE   also keeps this run for later comparisons
  --readme               measures nothing; renews report, plots and the README's tables from results.json
`;

export class UsageError extends Error {}

export function parseOptions(parameters: readonly string[]): Options {
  const values = parse(parameters);
  const effort = effortOf(values);
  const plan = PLANS[effort];
  const { manyPartitions } = plan;
  const logMegabytes = count("--log-megabytes", values["log-megabytes"]);
  return {
    ...plan,
    effort,
    rounds: count("--rounds", values.rounds) ?? plan.rounds,
    recordSizes: counts("--size", values.size) ?? plan.recordSizes,
    partitionCounts: counts("--partitions", values.partitions) ?? plan.partitionCounts,
    records: count("--records", values.records),
    latencyRates: counts("--rate", values.rate) ?? plan.latencyRates,
    latencySeconds: count("--seconds", values.seconds) ?? plan.latencySeconds,
    manyPartitions: {
      partitions:
        count("--many-partitions", values["many-partitions"]) ?? manyPartitions.partitions,
      logBytes: logMegabytes === undefined ? manyPartitions.logBytes : logMegabytes * 1e6,
    },
    parts: oneOf("--only", PARTS, values.only, plan.defaultParts),
    dimensions: oneOf("--scale", DIMENSIONS, values.scale, DIMENSIONS),
    clients: oneOf("--client", CLIENTS, values.client, CLIENTS),
    program: one("--program", ["bundle", "source"], values.program) ?? "bundle",
    ottlaOverrides: values.override ?? [],
    results: values.results,
    baseline: values.compare,
    saveBaseline: values["save-baseline"],
    readmeOnly: values.readme,
  };
}

function effortOf(values: { quick: boolean; full: boolean; plan?: string | undefined }): Effort {
  const named = one("--plan", EFFORTS, values.plan);
  const given = [named, values.quick && "quick", values.full && "full"].filter(Boolean);
  if (given.length > 1) throw new UsageError("--plan, --quick and --full exclude each other");
  return (given[0] || "normal") as Effort;
}

function parse(parameters: readonly string[]) {
  try {
    return parseArgs({
      args: [...parameters],
      options: {
        quick: { type: "boolean", default: false },
        full: { type: "boolean", default: false },
        readme: { type: "boolean", default: false },
        plan: { type: "string" },
        scale: { type: "string", multiple: true },
        "many-partitions": { type: "string" },
        "log-megabytes": { type: "string" },
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

function one<Name extends string>(
  option: string,
  known: readonly Name[],
  given: string | undefined,
): Name | undefined {
  if (given === undefined || known.includes(given as Name)) return given as Name | undefined;
  throw new UsageError(`${option} ${given}: expected ${known.join(", ")}`);
}

function oneOf<Name extends string>(
  option: string,
  known: readonly Name[],
  given: readonly string[] | undefined,
  otherwise: readonly Name[],
): ReadonlySet<Name> {
  return new Set(given?.map((name) => one(option, known, name)!) ?? otherwise);
}

export function recordsOf(
  { records, bytesPerRun }: Options,
  recordBytes: number,
  client: ClientName,
): number {
  return records ?? Math.ceil(bytesPerRun[client] / recordBytes);
}
