import { summarise } from "../statistics/summary.ts";
import { advantage, type Measurement } from "./measurement.ts";
import { formatNumber, formatRatio } from "./number-format.ts";

/** What we set out to reach, which cells tell, and how they are judged. */
interface Target {
  readonly title: string;
  readonly cells: RegExp;
  readonly judgement: Judgement;
}

type Judgement =
  /** Our advantage over a rival, cell by cell; above 1 is better. */
  | { readonly kind: "ratio"; readonly rival: string; readonly atLeast: number }
  /** Our own figure, in the unit of the cells. */
  | { readonly kind: "figure"; readonly atMost: number }
  /** The figure as a share of the one at the least x of its curve. */
  | { readonly kind: "growth"; readonly atLeast: number; readonly upTo: number };

const OURS = "ottla";

const PRODUCE = /^produce\/(java|librdkafka)\//;
const PRODUCE_LATENCY = /^latency\/[^/]+\/produce\/p99\//;
const END_TO_END_LATENCY = /^latency\/[^/]+\/end-to-end\/p99\//;

const TARGETS: readonly Target[] = [
  ratio("produce throughput with fsync, against Kafka without", PRODUCE, "kafka", 1.5),
  ratio("produce throughput, against Kafka with fsync", PRODUCE, "kafka-fsync", 5),
  ratio("consume throughput from the page cache", /^consume\//, "kafka", 1.2),
  ratio("p99 of produce at 10,000 and 50,000 records/s", PRODUCE_LATENCY, "kafka", 2),
  ratio("p99 end to end at 10,000 and 50,000 records/s", END_TO_END_LATENCY, "kafka", 2),
  ratio("processor time for each GB produced", /^cpu\/produce\//, "kafka", 1.25),
  ratio("processor time for each GB consumed", /^cpu\/consume\//, "kafka", 1.25),
  ratio("process start to the first acknowledged record", /^start\/(new|again)$/, "kafka", 15),
  figure("the same, in seconds", /^start\/(new|again)$/, 0.25),
  figure("`startOttla()` in process, in ms", /^start\/in-process\/.*\/(first|later)$/, 50),
  figure("idle memory, in MB", /^memory\/idle$/, 90),
  ratio("memory under produce load", /^memory\/produce$/, "kafka", 4),
  figure(
    "10,000 partitions, start after a clean stop, in s",
    /^start\/many\/10000\/clean\/all$/,
    3,
  ),
  figure("the same after kill -9, in s", /^start\/many\/10000\/killed\/all$/, 10),
  growth(
    "connections, 1 to 10,000: throughput kept",
    /^scale\/connections\/.*\/throughput$/,
    10_000,
  ),
  growth("partitions, 1 to 2,000: throughput kept", /^scale\/partitions\/.*\/throughput$/, 2000),
];

function ratio(title: string, cells: RegExp, rival: string, atLeast: number): Target {
  return { title, cells, judgement: { kind: "ratio", rival, atLeast } };
}

function figure(title: string, cells: RegExp, atMost: number): Target {
  return { title, cells, judgement: { kind: "figure", atMost } };
}

/** "Within 20 %" is 0.8 of the throughput with one. */
function growth(title: string, cells: RegExp, upTo: number): Target {
  return { title, cells, judgement: { kind: "growth", atLeast: 0.8, upTo } };
}

interface Judged {
  readonly measurement: Measurement;
  readonly value: number;
}

/** One row for each target: what was wanted, what was measured from the worst to the best cell, and in how many it was reached. */
export function renderTargets(measurements: readonly Measurement[]): string[] {
  const rows = TARGETS.map(({ title, cells, judgement }) => {
    const judged = measurements
      .filter(({ id }) => cells.test(id))
      .flatMap((measurement) => judge(measurement, judgement, measurements));
    return [title, wanted(judgement), range(judgement, judged), reached(judgement, judged)];
  });
  return [["", "target", "measured", "reached in"], [":--", "--:", "--:", "--:"], ...rows].map(
    (row) => `| ${row.join(" | ")} |`,
  );
}

function judge(
  measurement: Measurement,
  judgement: Judgement,
  all: readonly Measurement[],
): Judged[] {
  const ours = medianOf(measurement, OURS);
  if (ours === undefined) return [];
  switch (judgement.kind) {
    case "figure":
      return [{ measurement, value: ours }];
    case "ratio": {
      const theirs = medianOf(measurement, judgement.rival);
      if (theirs === undefined) return [];
      return [{ measurement, value: advantage(measurement.better, ours, theirs) }];
    }
    case "growth": {
      const first = firstOfCurve(measurement, all);
      const { point } = measurement;
      if (first === undefined || point === undefined || point.x > judgement.upTo) return [];
      return first === measurement ? [] : [{ measurement, value: ours / medianOf(first, OURS)! }];
    }
    default:
      return judgement satisfies never;
  }
}

function firstOfCurve(
  { point }: Measurement,
  all: readonly Measurement[],
): Measurement | undefined {
  const curve = all.filter(
    (other) =>
      other.point?.dimension === point?.dimension &&
      other.point?.figure === point?.figure &&
      other.samples[OURS] !== undefined,
  );
  return curve.toSorted((a, b) => a.point!.x - b.point!.x)[0];
}

function medianOf({ samples }: Measurement, series: string): number | undefined {
  const values = samples[series];
  return values === undefined ? undefined : summarise(values).median;
}

function isReached(judgement: Judgement, value: number): boolean {
  return judgement.kind === "figure" ? value <= judgement.atMost : value >= judgement.atLeast;
}

function wanted(judgement: Judgement): string {
  if (judgement.kind === "figure") return `≤ ${judgement.atMost}`;
  if (judgement.kind === "growth") return `≥ ${judgement.atLeast * 100} %`;
  return `≥ ${judgement.atLeast} ×`;
}

function range(judgement: Judgement, judged: readonly Judged[]): string {
  if (judged.length === 0) return "not measured";
  const values = judged.map(({ value }) => value).toSorted((a, b) => a - b);
  const [worst, middle, best] = [values[0]!, summarise(values).median, values.at(-1)!].map(
    (value) => textOf(judgement, value),
  );
  return values.length === 1 ? worst! : `${worst} to ${best}, median ${middle}`;
}

function textOf({ kind }: Judgement, value: number): string {
  if (kind === "ratio") return formatRatio(value);
  return kind === "growth" ? `${Math.round(value * 100)} %` : formatNumber(value);
}

function reached(judgement: Judgement, judged: readonly Judged[]): string {
  if (judged.length === 0) return "–";
  const count = judged.filter(({ value }) => isReached(judgement, value)).length;
  return `${count === judged.length ? "**all**" : count} of ${judged.length}`;
}
