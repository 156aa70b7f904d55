/**
 * Grouped horizontal bars as SVG, without dependencies. Colours and text have enough contrast on light and on
 * dark pages, because a file in a repository is shown on both.
 */
export interface BarGroup {
  readonly label: string;
  /** In the order of `series`; undefined where nothing was measured. */
  readonly bars: readonly (Bar | undefined)[];
}

export interface Bar {
  readonly value: number;
  readonly min: number;
  readonly max: number;
  /** Written behind the bar. */
  readonly text: string;
}

export interface BarChart {
  readonly title: string;
  readonly subtitle: string;
  readonly axisTitle: string;
  readonly series: readonly string[];
  readonly groups: readonly BarGroup[];
}

const WIDTH = 860;
const LEFT = 230;
const RIGHT = 150;
const LEGEND_TOP = 62;
const LEGEND_LINE = 18;
const BAR = 15;
const BAR_GAP = 3;
const GROUP_GAP = 16;
const AXIS_HEIGHT = 52;
const TICKS = 5;

const COLOURS = ["#2f81c7", "#d9822b", "#8a63b8", "#3a9a6b", "#b5485d"];
const TEXT = "#7a828c";
const GRID = "#8b949e";

export function renderBarChart(chart: BarChart): string {
  const { series, groups } = chart;
  const top = niceCeiling(
    Math.max(0, ...groups.flatMap(({ bars }) => bars.map((bar) => bar?.max ?? 0))),
  );
  const plotWidth = WIDTH - LEFT - RIGHT;
  const x = (value: number): number => LEFT + (value / top) * plotWidth;
  const groupHeight = series.length * (BAR + BAR_GAP) + GROUP_GAP;
  const plotTop = LEGEND_TOP + series.length * LEGEND_LINE + 14;
  const bottom = plotTop + groups.length * groupHeight;
  const height = bottom + AXIS_HEIGHT;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" font-family="system-ui, sans-serif" font-size="13" role="img">`,
    `<title>${escapeText(chart.title)}</title>`,
    `<text x="16" y="28" font-size="18" font-weight="600" fill="${TEXT}">${escapeText(chart.title)}</text>`,
    `<text x="16" y="48" fill="${TEXT}">${escapeText(chart.subtitle)}</text>`,
    ...renderLegend(series),
    ...renderAxis({ top, x, plotTop, bottom, title: chart.axisTitle }),
    ...groups.flatMap((group, index) =>
      renderGroup(group, plotTop + index * groupHeight, groupHeight, x),
    ),
    "</svg>",
    "",
  ].join("\n");
}

function renderLegend(series: readonly string[]): string[] {
  return series.flatMap((name, index) => {
    const y = LEGEND_TOP + index * LEGEND_LINE;
    return [
      `<rect x="16" y="${y}" width="12" height="12" rx="2" fill="${colourOf(index)}"/>`,
      `<text x="34" y="${y + 11}" fill="${TEXT}">${escapeText(name)}</text>`,
    ];
  });
}

interface Axis {
  readonly top: number;
  readonly x: (value: number) => number;
  readonly plotTop: number;
  readonly bottom: number;
  readonly title: string;
}

function renderAxis({ top, x, plotTop, bottom, title }: Axis): string[] {
  const lines: string[] = [];
  for (let tick = 0; tick <= TICKS; tick++) {
    const value = (top / TICKS) * tick;
    const at = round(x(value));
    lines.push(
      `<line x1="${at}" y1="${plotTop - 6}" x2="${at}" y2="${bottom}" stroke="${GRID}" stroke-opacity="${tick === 0 ? 0.9 : 0.3}"/>`,
      `<text x="${at}" y="${bottom + 18}" text-anchor="middle" fill="${TEXT}">${tickText(value)}</text>`,
    );
  }
  lines.push(
    `<text x="${round(x(top / 2))}" y="${bottom + 40}" text-anchor="middle" fill="${TEXT}">${escapeText(title)}</text>`,
  );
  return lines;
}

function renderGroup(
  group: BarGroup,
  y: number,
  height: number,
  x: (value: number) => number,
): string[] {
  const lines = [
    `<text x="${LEFT - 10}" y="${y + (height - GROUP_GAP) / 2 + 4}" text-anchor="end" fill="${TEXT}">${escapeText(group.label)}</text>`,
  ];
  for (const [index, bar] of group.bars.entries()) {
    const barY = y + index * (BAR + BAR_GAP);
    const middle = barY + BAR / 2;
    if (bar === undefined) {
      lines.push(
        `<text x="${LEFT + 6}" y="${middle + 4}" font-size="11" fill="${TEXT}">not measured</text>`,
      );
      continue;
    }
    const width = round(Math.max(1, x(bar.value) - LEFT));
    lines.push(
      `<rect x="${LEFT}" y="${barY}" width="${width}" height="${BAR}" rx="2" fill="${colourOf(index)}"/>`,
    );
    if (bar.max > bar.min) {
      lines.push(
        `<path d="M${round(x(bar.min))} ${middle}H${round(x(bar.max))}M${round(x(bar.min))} ${middle - 4}v8M${round(x(bar.max))} ${middle - 4}v8" stroke="${GRID}" stroke-width="1.5" fill="none"/>`,
      );
    }
    const textX = round(Math.max(x(bar.value), x(bar.max)) + 6);
    lines.push(
      `<text x="${textX}" y="${middle + 4}" font-size="11.5" fill="${TEXT}">${escapeText(bar.text)}</text>`,
    );
  }
  return lines;
}

function colourOf(index: number): string {
  return COLOURS[index % COLOURS.length]!;
}

/** The next of 1, 2, 2.5, 5 and 10 times a power of ten, so that five ticks have short labels. */
export function niceCeiling(value: number): number {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  const step = [1, 2, 2.5, 5, 10].find((factor) => factor * power >= value) ?? 10;
  return step * power;
}

function tickText(value: number): string {
  return Number(value.toPrecision(6)).toLocaleString("en-US");
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escapeText(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
