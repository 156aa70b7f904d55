import { renderBarChart, type Bar, type BarGroup } from "../plot/bar-chart.ts";
import { renderLineChart, type LinePanel, type LinePoint } from "../plot/line-chart.ts";
import type { Dimension } from "../plans.ts";
import { DIMENSION_TITLES } from "../scale/dimensions.ts";
import { summarise } from "../statistics/summary.ts";
import { advantage, type Measurement, type Section } from "./measurement.ts";
import { formatNumber, formatRatio } from "./number-format.ts";

export interface Plot {
  readonly section: Section;
  readonly fileName: string;
  readonly svg: string;
}

const PLOT_TITLES: Partial<Readonly<Record<Section, string>>> = {
  produce: "Produce throughput, acks=all",
  consume: "Consume throughput from the page cache",
  latency: "Latency at a fixed rate",
  cpu: "Processor time of the broker",
  start: "Start of the process",
  memory: "Resident memory of the broker",
  background: "Producing beside compaction",
};

const LEGEND: Readonly<Record<string, string>> = {
  ottla: "Ottla, fsync before each acknowledgement",
  kafka: "Apache Kafka, no fsync (its default)",
  "kafka-fsync": "Apache Kafka, fsync (log.flush.interval.messages=1)",
};

/** Bars for each section, and curves for what was measured along a dimension. */
export function renderPlots(measurements: readonly Measurement[], subtitle: string): Plot[] {
  return [...renderBarCharts(measurements, subtitle), ...renderCurves(measurements, subtitle)];
}

/** One chart for each section and unit; a section with one unit has one chart named after it. */
function renderBarCharts(measurements: readonly Measurement[], subtitle: string): Plot[] {
  const groups = new Map<string, Measurement[]>();
  for (const measurement of measurements) {
    if (PLOT_TITLES[measurement.section] === undefined) continue;
    const key = `${measurement.section} ${measurement.unit}`;
    groups.set(key, [...(groups.get(key) ?? []), measurement]);
  }
  return [...groups.values()].map((group) => {
    const { section, unit } = group[0]!;
    const isOnly =
      [...groups.values()].filter(([first]) => first!.section === section).length === 1;
    return {
      section,
      fileName: isOnly
        ? `${section}.svg`
        : `${section}-${unit.replaceAll(/[^a-z]+/gi, "-").toLowerCase()}.svg`,
      svg: renderPlot(group, PLOT_TITLES[section]!, subtitle),
    };
  });
}

type PointMeasurement = Measurement & Required<Pick<Measurement, "point">>;

/** One chart for each dimension, one panel for each figure. */
function renderCurves(measurements: readonly Measurement[], subtitle: string): Plot[] {
  const points = measurements.filter((one): one is PointMeasurement => one.point !== undefined);
  const dimensions = Map.groupBy(points, ({ point }) => point.dimension);
  return [...dimensions].map(([dimension, members]) => {
    const series = [...new Set(members.flatMap(({ samples }) => Object.keys(samples)))];
    const figures = Map.groupBy(members, ({ point }) => point.figure);
    const panels = [...figures].map(([figure, cells]): LinePanel => ({
      title: `${figure}, ${cells[0]!.unit}`,
      lines: series.map((name) => cells.flatMap((cell) => linePoint(cell, name))),
    }));
    const xTitle = DIMENSION_TITLES[dimension as Dimension] ?? dimension;
    const names = series.map((name) => LEGEND[name] ?? name);
    return {
      section: members[0]!.section,
      fileName: `scale-${dimension}.svg`,
      svg: renderLineChart({
        title: `Costs against ${dimension.replaceAll("-", " ")}`,
        subtitle,
        xTitle,
        series: names,
        panels,
      }),
    };
  });
}

function linePoint({ point, samples }: PointMeasurement, series: string): LinePoint[] {
  const values = samples[series];
  if (values === undefined) return [];
  const { median, min, max } = summarise(values);
  return [{ x: point.x, y: median, min, max }];
}

function renderPlot(measurements: readonly Measurement[], title: string, subtitle: string): string {
  const series = [...new Set(measurements.flatMap(({ samples }) => Object.keys(samples)))];
  const { unit, better } = measurements[0]!;
  return renderBarChart({
    title,
    subtitle,
    axisTitle: `${unit}, ${better} is better; lines show the range of the rounds, × how Ottla compares`,
    series: series.map((name) => LEGEND[name] ?? name),
    groups: measurements.map((measurement) => groupOf(measurement, series)),
  });
}

function groupOf(measurement: Measurement, series: readonly string[]): BarGroup {
  const ours = measurement.samples[series[0]!];
  return {
    label: measurement.title,
    bars: series.map((name, index) => {
      const samples = measurement.samples[name];
      return samples && barOf(measurement, samples, index > 0 ? ours : undefined);
    }),
  };
}

function barOf(
  { better }: Measurement,
  samples: readonly number[],
  ours: readonly number[] | undefined,
): Bar {
  const { median, min, max } = summarise(samples);
  const ratio = ours && advantage(better, summarise(ours).median, median);
  const text =
    ratio === undefined ? formatNumber(median) : `${formatNumber(median)} (${formatRatio(ratio)})`;
  return { value: median, min, max, text };
}
