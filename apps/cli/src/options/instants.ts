const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};
const DAY_MS = 86_400_000;

/** Milliseconds since the epoch, an ISO 8601 time (UTC unless it names a zone), `now`, or `-1h` for an hour ago. */
export function parseInstant(text: string, nowMs: number): number | undefined {
  if (text === "now") return nowMs;
  if (/^\d+$/.test(text)) return Number(text);
  const ago = /^-(\d+(?:\.\d+)?)(ms|s|m|h|d|w)$/.exec(text);
  if (ago !== null) return Math.round(nowMs - Number(ago[1]) * (UNIT_MS[ago[2] ?? ""] ?? 0));
  if (!/^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?)?$/.test(text))
    return undefined;
  const zoned = !text.includes("T") || /(?:Z|[+-]\d\d:?\d\d)$/.test(text) ? text : `${text}Z`;
  const timestampMs = Date.parse(zoned.replace(/([+-]\d\d)(\d\d)$/, "$1:$2"));
  return Number.isNaN(timestampMs) ? undefined : timestampMs;
}

/** A duration of ISO 8601 with days at most, such as `P1DT2H30M`, in milliseconds. */
export function parseIsoDuration(text: string): number | undefined {
  const match =
    /^([+-]?)P(?:(\d+)D)?(?:T(?=\d)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/i.exec(text);
  if (match === null || /^[+-]?P$/i.test(text)) return undefined;
  const [, sign, days = "0", hours = "0", minutes = "0", seconds = "0"] = match;
  const milliseconds =
    Number(days) * DAY_MS +
    Number(hours) * 3_600_000 +
    Number(minutes) * 60_000 +
    Math.round(Number(seconds) * 1_000);
  return sign === "-" ? -milliseconds : milliseconds;
}
