import { readFileSync } from "node:fs";
import { UsageError } from "../failure/exit.ts";
import { parseInstant, parseIsoDuration } from "../options/instants.ts";
import { keyOf } from "./group-offsets.ts";

/** Where the offsets of a group shall go. */
export type ResetTarget =
  | { readonly kind: "earliest" | "latest" | "current" }
  | { readonly kind: "offset"; readonly offset: number }
  | { readonly kind: "shift"; readonly by: number }
  | { readonly kind: "timestamp"; readonly timestampMs: number }
  /** By topic and partition, as `keyOf` writes them. */
  | { readonly kind: "file"; readonly offsets: ReadonlyMap<string, number> };

export interface ResetFlags {
  readonly toEarliest?: true;
  readonly toLatest?: true;
  readonly toCurrent?: true;
  readonly toOffset?: number;
  readonly shiftBy?: number;
  readonly toDatetime?: string;
  readonly byDuration?: string;
  readonly fromFile?: string;
}

const CHOICES =
  "--to-earliest, --to-latest, --to-current, --to-offset, --shift-by, --to-datetime, --by-duration, --from-file";

/** Kafka's flags for it, of which there must be one. */
export function targetOfFlags(flags: ResetFlags, groupId: string, nowMs: number): ResetTarget {
  const targets: ResetTarget[] = [];
  if (flags.toEarliest) targets.push({ kind: "earliest" });
  if (flags.toLatest) targets.push({ kind: "latest" });
  if (flags.toCurrent) targets.push({ kind: "current" });
  if (flags.toOffset !== undefined) targets.push({ kind: "offset", offset: flags.toOffset });
  if (flags.shiftBy !== undefined) targets.push({ kind: "shift", by: flags.shiftBy });
  if (flags.toDatetime !== undefined)
    targets.push({ kind: "timestamp", timestampMs: instant(flags.toDatetime, nowMs) });
  if (flags.byDuration !== undefined)
    targets.push({ kind: "timestamp", timestampMs: nowMs - duration(flags.byDuration) });
  if (flags.fromFile !== undefined)
    targets.push({ kind: "file", offsets: readOffsetsFile(flags.fromFile, groupId) });
  const [target] = targets;
  if (target === undefined || targets.length > 1)
    throw new UsageError(`say where to: exactly one of ${CHOICES}`);
  return target;
}

/** `beginning`, `end`, `current`, an offset, `@TIME` or `@-1h`. */
export function parseResetTarget(text: string, nowMs: number): ResetTarget {
  if (text === "beginning" || text === "earliest") return { kind: "earliest" };
  if (text === "end" || text === "latest") return { kind: "latest" };
  if (text === "current") return { kind: "current" };
  if (/^\d+$/.test(text)) return { kind: "offset", offset: Number(text) };
  if (text.startsWith("@"))
    return { kind: "timestamp", timestampMs: instant(text.slice(1), nowMs) };
  throw new UsageError(
    `"${text}" is no place: use beginning, end, current, an offset, or @ and a time (@-1h, @2026-01-31T12:00:00Z)`,
  );
}

export function describeReset(target: ResetTarget): string {
  return target.kind === "shift" ? `a shift by ${target.by}` : `a reset to ${target.kind}`;
}

function instant(text: string, nowMs: number): number {
  const timestampMs = parseInstant(text, nowMs);
  if (timestampMs === undefined)
    throw new UsageError(
      `"${text}" is no time: use YYYY-MM-DDThh:mm:ss.sss, with Z or +hh:mm for a zone`,
    );
  return timestampMs;
}

function duration(text: string): number {
  const durationMs = parseIsoDuration(text);
  if (durationMs === undefined)
    throw new UsageError(`"${text}" is no duration: use PnDTnHnMnS, for example PT1H30M`);
  return durationMs;
}

/** Lines of `topic,partition,offset` or `group,topic,partition,offset`, as --export writes them. */
export function parseOffsets(text: string, groupId: string, path: string): Map<string, number> {
  const offsets = new Map<string, number>();
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === "") continue;
    const match = /^(?:"?([^",]+)"?,)?"?([^",]+)"?,(\d+),(\d+)$/.exec(line.trim());
    if (match === null)
      throw new UsageError(`${path}, line ${index + 1}: "${line}" is not topic,partition,offset`);
    const [, group = groupId, topic = "", partition, offset] = match;
    if (group === groupId)
      offsets.set(keyOf({ topic, partition: Number(partition) }), Number(offset));
  }
  if (offsets.size === 0) throw new UsageError(`${path} has no offsets of group ${groupId}`);
  return offsets;
}

function readOffsetsFile(path: string, groupId: string): Map<string, number> {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new UsageError(
      `cannot read ${path} (${(error as NodeJS.ErrnoException).code}): name a file that --export has written`,
    );
  }
  return parseOffsets(text, groupId, path);
}
