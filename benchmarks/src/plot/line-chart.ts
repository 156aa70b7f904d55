import {
  colourOf,
  escapeText,
  GRID_COLOUR,
  niceCeiling,
  openSvg,
  renderLegend,
  round,
  TEXT_COLOUR,
  tickText,
} from "./svg.ts";

/** Panels side by side over the same logarithmic axis, each with its own figure from zero on; SVG without dependencies. */
export interface LineChart {
  readonly title: string;
  readonly subtitle: string;
  /** What the horizontal axis counts. */
  readonly xTitle: string;
  readonly series: readonly string[];
  readonly panels: readonly LinePanel[];
}

export interface LinePanel {
  /** With the unit. */
  readonly title: string;
  /** In the order of `series`; a series that was not measured has no points. */
  readonly lines: readonly (readonly LinePoint[])[];
}

export interface LinePoint {
  /** Above zero. */
  readonly x: number;
  readonly y: number;
  readonly min: number;
  readonly max: number;
}

const PANEL_WIDTH = 250;
const PANEL_HEIGHT = 190;
const PANEL_LEFT = 62;
const PANEL_RIGHT = 14;
const LEGEND = { top: 62, lineHeight: 18 };
const PANEL_TITLE_HEIGHT = 34;
const AXIS_HEIGHT = 56;
const TICKS = 4;

/** Space on both sides of the outermost points. */
const X_MARGIN = 8;

export function renderLineChart(chart: LineChart): string {
  const { panels, series } = chart;
  const step = PANEL_LEFT + PANEL_WIDTH + PANEL_RIGHT;
  const top = LEGEND.top + series.length * LEGEND.lineHeight + PANEL_TITLE_HEIGHT;
  const height = top + PANEL_HEIGHT + AXIS_HEIGHT;
  const xs = [...new Set(panels.flatMap(({ lines }) => lines.flat().map(({ x }) => x)))].sort(
    (a, b) => a - b,
  );
  return [
    ...openSvg(chart.title, chart.subtitle, panels.length * step, height),
    ...renderLegend(series, LEGEND),
    ...panels.flatMap((panel, index) =>
      renderPanel(panel, { left: index * step + PANEL_LEFT, top, xs, xTitle: chart.xTitle }),
    ),
    "</svg>",
    "",
  ].join("\n");
}

interface PanelPlace {
  readonly left: number;
  readonly top: number;
  readonly xs: readonly number[];
  readonly xTitle: string;
}

function renderPanel(panel: LinePanel, place: PanelPlace): string[] {
  const { left, top, xs } = place;
  const highest = niceCeiling(Math.max(0, ...panel.lines.flat().map(({ max }) => max)));
  const y = (value: number): number => round(top + PANEL_HEIGHT * (1 - value / highest));
  const low = Math.log(xs[0] ?? 1);
  const span = Math.log(xs.at(-1) ?? 1) - low || 1;
  const x = (value: number): number =>
    round(left + X_MARGIN + ((Math.log(value) - low) / span) * (PANEL_WIDTH - 2 * X_MARGIN));
  return [
    `<text x="${left}" y="${top - 12}" font-weight="600" fill="${TEXT_COLOUR}">${escapeText(panel.title)}</text>`,
    ...renderAxes(place, highest, x, y),
    ...panel.lines.flatMap((line, index) => renderLine(line, colourOf(index), x, y)),
  ];
}

type Scale = (value: number) => number;

function renderAxes(
  { left, top, xs, xTitle }: PanelPlace,
  highest: number,
  x: Scale,
  y: Scale,
): string[] {
  const right = left + PANEL_WIDTH;
  const bottom = top + PANEL_HEIGHT;
  const lines: string[] = [];
  for (let tick = 0; tick <= TICKS; tick++) {
    const value = (highest / TICKS) * tick;
    const at = y(value);
    lines.push(
      `<line x1="${left}" y1="${at}" x2="${right}" y2="${at}" stroke="${GRID_COLOUR}" stroke-opacity="${tick === 0 ? 0.9 : 0.3}"/>`,
      `<text x="${left - 6}" y="${at + 4}" text-anchor="end" font-size="11" fill="${TEXT_COLOUR}">${tickText(value)}</text>`,
    );
  }
  for (const value of spaced(xs, x)) {
    lines.push(
      `<line x1="${x(value)}" y1="${bottom}" x2="${x(value)}" y2="${bottom + 4}" stroke="${GRID_COLOUR}"/>`,
      `<text x="${x(value)}" y="${bottom + 18}" text-anchor="middle" font-size="11" fill="${TEXT_COLOUR}">${shortCount(value)}</text>`,
    );
  }
  lines.push(
    `<text x="${round((left + right) / 2)}" y="${bottom + 40}" text-anchor="middle" font-size="12" fill="${TEXT_COLOUR}">${escapeText(xTitle)}</text>`,
  );
  return lines;
}

/** Labels that would touch the one before are left out; their points remain. */
const LABEL_WIDTH = 26;

function spaced(xs: readonly number[], x: Scale): number[] {
  const kept: number[] = [];
  for (const value of xs) {
    const last = kept.at(-1);
    if (last === undefined || x(value) - x(last) >= LABEL_WIDTH) kept.push(value);
  }
  return kept;
}

/** 10,000 as 10k; powers of 1024 as Ki and Mi. */
function shortCount(value: number): string {
  if (value >= 2 ** 20 && value % 2 ** 20 === 0) return `${value / 2 ** 20}Mi`;
  if (value >= 1024 && value % 1024 === 0) return `${value / 1024}Ki`;
  return value >= 1000 ? `${Number((value / 1000).toPrecision(3))}k` : String(value);
}

function renderLine(line: readonly LinePoint[], colour: string, x: Scale, y: Scale): string[] {
  if (line.length === 0) return [];
  const sorted = [...line].sort((a, b) => a.x - b.x);
  const points = sorted.map((point) => `${x(point.x)},${y(point.y)}`).join(" ");
  const ranges = sorted
    .filter(({ min, max }) => max > min)
    .map(({ x: at, min, max }) => `M${x(at)} ${y(min)}V${y(max)}`)
    .join("");
  return [
    `<polyline points="${points}" fill="none" stroke="${colour}" stroke-width="2"/>`,
    ...(ranges === "" ? [] : [`<path d="${ranges}" stroke="${colour}" stroke-opacity="0.5"/>`]),
    ...sorted.map(
      (point) => `<circle cx="${x(point.x)}" cy="${y(point.y)}" r="3" fill="${colour}"/>`,
    ),
  ];
}
