import { summarise } from "../statistics/summary.ts";
import {
  advantage,
  SECTIONS,
  type Column,
  type Measurement,
  type Results,
  type Section,
} from "./measurement.ts";
import { formatNumber, formatPercent, formatRatio } from "./number-format.ts";

const SECTION_TITLES: Readonly<Record<Section, string>> = {
  produce: "Produce",
  consume: "Consume",
  latency: "Latency",
  cpu: "Processor time of the broker",
  start: "Start",
  memory: "Memory of the broker",
  scale: "Costs against what grows",
  background: "Producing while the broker works in the background",
  micro: "Parts",
  limits: "Limits of this machine",
};

/** The whole report. `plots` are file names beside it, by section. */
export function renderMarkdown(
  results: Results,
  plots: ReadonlyMap<Section, readonly string[]>,
): string {
  const lines = [
    "# Benchmark results",
    "",
    `Measured on ${results.date} by \`${results.command}\`. Read the ratios: absolute figures belong to this machine and hour.`,
    "A ratio above 1 means that Ottla is better, whichever direction counts. Each cell is the median of its rounds;",
    "± is the distance between the extremes, as a share of the median.",
    "",
  ];
  for (const section of SECTIONS) {
    const measurements = results.measurements.filter(
      (measurement) => measurement.section === section,
    );
    if (measurements.length === 0) continue;
    lines.push(`## ${SECTION_TITLES[section]}`, "");
    for (const group of bySeries(measurements)) lines.push(...renderTable(group), "");
    lines.push(...renderClientBound(measurements));
    for (const plot of plots.get(section) ?? [])
      lines.push(`![${SECTION_TITLES[section]}](${plot})`, "");
  }
  if (results.missing.length > 0) {
    lines.push("## Not measured", "", ...results.missing.map((line) => `- ${line}`), "");
  }
  lines.push("## Settings", "", ...renderFacts(results.settings), "");
  lines.push(
    "## Machine and versions",
    "",
    ...renderFacts({ ...results.machine, ...results.versions }),
    "",
  );
  return lines.join("\n");
}

/** A client that uses so much of what all use, on processors of which so little is idle, sets the rate itself. */
const CLIENT_SHARE_MIN = 0.5;
const BUSY_SHARE_MIN = 0.85;

/** Names the cells in which rates of brokers are rates of clients, or their ratio would be believed. */
function renderClientBound(measurements: readonly Measurement[]): string[] {
  const bound = measurements.filter(({ columns = {} }) => {
    const client = columns["client with ottla"];
    const all = columns["all with ottla"];
    const processors = columns["processors"];
    if (client === undefined || all === undefined || processors === undefined) return false;
    const [used, busy, whole] = [client, all, processors].map(
      ({ samples }) => summarise(samples).median,
    );
    return used! >= CLIENT_SHARE_MIN * busy! && busy! >= BUSY_SHARE_MIN * whole!;
  });
  if (bound.length === 0) return [];
  const titles = bound.map(({ title }) => title).join("; ");
  return [
    `In ${bound.length} of ${measurements.length} cells the processors are busy and mostly with the client, so that these ratios say more about the client than about the broker: ${titles}.`,
    "",
  ];
}

/** Neighbours with other rivals stand in tables of their own. One that lacks a series stays with those that have it. */
function bySeries(measurements: readonly Measurement[]): Measurement[][] {
  const groups: { series: Set<string>; members: Measurement[] }[] = [];
  for (const measurement of measurements) {
    const names = new Set(Object.keys(measurement.samples));
    const group = groups.at(-1);
    const shared =
      group === undefined ? 0 : [...names].filter((name) => group.series.has(name)).length;
    const isSame = group !== undefined && shared === names.size && shared === group.series.size;
    // End to end all are measured against the same brokers: what one lacks is a run that failed.
    if (group !== undefined && (isSame || measurement.section !== "micro")) {
      for (const name of names) group.series.add(name);
      group.members.push(measurement);
    } else {
      groups.push({ series: names, members: [measurement] });
    }
  }
  return groups.map(({ members }) => members);
}

/** One row for each measurement and one column for each series; ratios when the first series has rivals. */
export function renderTable(measurements: readonly Measurement[]): string[] {
  const series = [...new Set(measurements.flatMap(({ samples }) => Object.keys(samples)))];
  const [first, ...rivals] = series;
  if (first === undefined) return [];
  const hasNotes = measurements.some(({ notes }) => notes !== undefined);
  const columns = [...new Set(measurements.flatMap((row) => Object.keys(row.columns ?? {})))];
  const header = [
    "",
    ...series,
    ...rivals.map((rival) => `${first} / ${rival}`),
    "unit",
    ...columns,
    ...(hasNotes ? ["more"] : []),
  ];
  const rows = measurements.map((measurement) => [
    measurement.title,
    ...series.map((name) => renderSamples(measurement.samples[name])),
    ...rivals.map((rival) => renderRatio(measurement, first, rival)),
    `${measurement.unit}, ${measurement.better} is better`,
    ...columns.map((name) => renderColumn(measurement.columns?.[name])),
    ...(hasNotes ? [renderNotes(measurement)] : []),
  ]);
  const alignment = header.map((_, column) => (column === 0 ? ":--" : "--:"));
  return [header, alignment, ...rows].map((row) => `| ${row.map(escapeCell).join(" | ")} |`);
}

function renderSamples(samples: readonly number[] | undefined): string {
  if (samples === undefined || samples.length === 0) return "–";
  const { median, spread, rounds } = summarise(samples);
  return rounds === 1 ? formatNumber(median) : `${formatNumber(median)} ± ${formatPercent(spread)}`;
}

function renderColumn(column: Column | undefined): string {
  if (column === undefined) return "–";
  return `${formatNumber(summarise(column.samples).median)} ${column.unit}`;
}

function renderRatio({ samples, better }: Measurement, first: string, rival: string): string {
  const ours = samples[first];
  const theirs = samples[rival];
  if (ours === undefined || theirs === undefined) return "–";
  return `**${formatRatio(advantage(better, summarise(ours).median, summarise(theirs).median))}**`;
}

function renderNotes({ notes = {} }: Measurement): string {
  return Object.entries(notes)
    .map(([name, note]) => `${name} ${note}`)
    .join("; ");
}

function renderFacts(facts: Readonly<Record<string, string>>): string[] {
  return Object.entries(facts).map(([name, value]) => `- ${name}: ${value}`);
}

function escapeCell(text: string): string {
  return text.replaceAll("|", "\\|");
}
