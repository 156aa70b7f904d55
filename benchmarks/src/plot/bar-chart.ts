import {
  colourOf,
  escapeText,
  GRID_COLOUR as GRID,
  niceCeiling,
  openSvg,
  renderLegend,
  round,
  TEXT_COLOUR as TEXT,
  tickText,
} from "./svg.ts";

/** Grouped horizontal bars as SVG, without dependencies. */
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

const PLOT_WIDTH = 480;
/** Labels stand left of the bars; letters of this font are seldom wider on average. */
const LABEL_LETTER = 7;
const LABEL_MARGIN = 26;
const LEFT_MIN = 230;
const RIGHT = 150;
const LEGEND_TOP = 62;
const LEGEND_LINE = 18;
const BAR = 15;
const BAR_GAP = 3;
const GROUP_GAP = 16;
const AXIS_HEIGHT = 52;
const TICKS = 5;

export function renderBarChart(chart: BarChart): string {
  const { series, groups } = chart;
  const top = niceCeiling(
    Math.max(0, ...groups.flatMap(({ bars }) => bars.map((bar) => bar?.max ?? 0))),
  );
  const longest = Math.max(0, ...groups.map(({ label }) => label.length));
  const left = Math.max(LEFT_MIN, longest * LABEL_LETTER + LABEL_MARGIN);
  const width = left + PLOT_WIDTH + RIGHT;
  const x = (value: number): number => left + (value / top) * PLOT_WIDTH;
  const groupHeight = series.length * (BAR + BAR_GAP) + GROUP_GAP;
  const plotTop = LEGEND_TOP + series.length * LEGEND_LINE + 14;
  const bottom = plotTop + groups.length * groupHeight;
  const height = bottom + AXIS_HEIGHT;
  return [
    ...openSvg(chart.title, chart.subtitle, width, height),
    ...renderLegend(series, { top: LEGEND_TOP, lineHeight: LEGEND_LINE }),
    ...renderAxis({ top, x, plotTop, bottom, title: chart.axisTitle }),
    ...groups.flatMap((group, index) =>
      renderGroup(group, plotTop + index * groupHeight, groupHeight, x),
    ),
    "</svg>",
    "",
  ].join("\n");
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
  const left = x(0);
  const lines = [
    `<text x="${left - 10}" y="${y + (height - GROUP_GAP) / 2 + 4}" text-anchor="end" fill="${TEXT}">${escapeText(group.label)}</text>`,
  ];
  for (const [index, bar] of group.bars.entries()) {
    const barY = y + index * (BAR + BAR_GAP);
    const middle = barY + BAR / 2;
    if (bar === undefined) {
      lines.push(
        `<text x="${left + 6}" y="${middle + 4}" font-size="11" fill="${TEXT}">not measured</text>`,
      );
      continue;
    }
    const width = round(Math.max(1, x(bar.value) - left));
    lines.push(
      `<rect x="${left}" y="${barY}" width="${width}" height="${BAR}" rx="2" fill="${colourOf(index)}"/>`,
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
