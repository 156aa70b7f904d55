const THOUSANDS = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

/** Three significant digits; large figures in full with separators. */
export function formatNumber(value: number): string {
  const size = Math.abs(value);
  if (size >= 100) return THOUSANDS.format(value);
  if (size >= 10) return value.toFixed(1);
  if (size >= 1) return value.toFixed(2);
  if (size >= 0.01) return value.toFixed(3);
  return value === 0 ? "0" : value.toPrecision(2);
}

export function formatRatio(value: number): string {
  return `${value >= 10 ? value.toFixed(0) : value.toFixed(2)} ×`;
}

export function formatPercent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
