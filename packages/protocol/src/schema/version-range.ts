/** An inclusive range of message versions. A range with `max < min` is empty ("none"). */
export interface VersionRange {
  readonly min: number;
  readonly max: number;
}

/** Versions are int16 on the wire, so an open range ("3+") ends here. */
const MAX_VERSION = 32_767;

export const NO_VERSIONS: VersionRange = { min: 0, max: -1 };

const RANGE_PATTERN = /^(\d+)(?:(\+)|-(\d+))?$/;

/** Reads Kafka's notation: "none", "4", "0-3" or "2+". */
export function parseVersions(text: string): VersionRange {
  if (text === "none") return NO_VERSIONS;
  const match = RANGE_PATTERN.exec(text);
  if (match === null) throw new TypeError(`"${text}" is not a version range`);
  const min = Number(match[1]);
  const max = match[2] === "+" ? MAX_VERSION : Number(match[3] ?? match[1]);
  if (max < min) throw new TypeError(`version range "${text}" ends before it begins`);
  return { min, max };
}

export function includesVersion(range: VersionRange, version: number): boolean {
  return version >= range.min && version <= range.max;
}

export function formatVersions(range: VersionRange): string {
  if (range.max < range.min) return "none";
  if (range.max === MAX_VERSION) return `${range.min}+`;
  return range.min === range.max ? `${range.min}` : `${range.min}-${range.max}`;
}
