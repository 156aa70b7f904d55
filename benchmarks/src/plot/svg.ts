/**
 * What all charts share. Colours and text have enough contrast on light and on dark pages, because a file in a
 * repository is shown on both.
 */
export const TEXT_COLOUR = "#7a828c";
export const GRID_COLOUR = "#8b949e";

const COLOURS = ["#2f81c7", "#d9822b", "#8a63b8", "#3a9a6b", "#b5485d"];

export function colourOf(index: number): string {
  return COLOURS[index % COLOURS.length]!;
}

/** The next of 1, 2, 2.5, 5 and 10 times a power of ten, so that five ticks have short labels. */
export function niceCeiling(value: number): number {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  const step = [1, 2, 2.5, 5, 10].find((factor) => factor * power >= value) ?? 10;
  return step * power;
}

export function tickText(value: number): string {
  return Number(value.toPrecision(6)).toLocaleString("en-US");
}

/** To tenths of a pixel. */
export function round(value: number): number {
  return Math.round(value * 10) / 10;
}

export function escapeText(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

export function openSvg(title: string, subtitle: string, width: number, height: number): string[] {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="13" role="img">`,
    `<title>${escapeText(title)}</title>`,
    `<text x="16" y="28" font-size="18" font-weight="600" fill="${TEXT_COLOUR}">${escapeText(title)}</text>`,
    `<text x="16" y="48" fill="${TEXT_COLOUR}">${escapeText(subtitle)}</text>`,
  ];
}

export interface LegendPlace {
  readonly top: number;
  readonly lineHeight: number;
}

export function renderLegend(
  series: readonly string[],
  { top, lineHeight }: LegendPlace,
): string[] {
  return series.flatMap((name, index) => {
    const y = top + index * lineHeight;
    return [
      `<rect x="16" y="${y}" width="12" height="12" rx="2" fill="${colourOf(index)}"/>`,
      `<text x="34" y="${y + 11}" fill="${TEXT_COLOUR}">${escapeText(name)}</text>`,
    ];
  });
}
