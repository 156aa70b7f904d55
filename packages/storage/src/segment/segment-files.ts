import { join } from "node:path";

/** Kafka names every file of a segment by its base offset in twenty digits. */
const OFFSET_DIGITS = 20;

/** Offsets relative to the base offset are 32-bit signed in Kafka's indexes. */
export const MAX_RELATIVE_OFFSET = 2 ** 31 - 1;

export const LOG_SUFFIX = ".log";
export const OFFSET_INDEX_SUFFIX = ".index";
export const TIME_INDEX_SUFFIX = ".timeindex";
export const TRANSACTION_INDEX_SUFFIX = ".txnindex";
export const SNAPSHOT_SUFFIX = ".snapshot";
export const DELETED_SUFFIX = ".deleted";
export const TEMPORARY_SUFFIX = ".tmp";
/** Kafka's cleaner leaves these when it dies: an output not yet chosen, and one chosen but not renamed. */
export const CLEANED_SUFFIX = ".cleaned";
export const SWAP_SUFFIX = ".swap";

export const LEADER_EPOCH_CHECKPOINT = "leader-epoch-checkpoint";
export const PARTITION_METADATA = "partition.metadata";

/** The files that belong to a segment and leave with it. */
export const SEGMENT_SUFFIXES = [
  LOG_SUFFIX,
  OFFSET_INDEX_SUFFIX,
  TIME_INDEX_SUFFIX,
  TRANSACTION_INDEX_SUFFIX,
  SNAPSHOT_SUFFIX,
] as const;

export function segmentFileName(baseOffset: number, suffix: string): string {
  return String(baseOffset).padStart(OFFSET_DIGITS, "0") + suffix;
}

export function segmentFilePath(directory: string, baseOffset: number, suffix: string): string {
  return join(directory, segmentFileName(baseOffset, suffix));
}

/** The base offset in a file name with this suffix, or undefined when it is not one. */
export function parseBaseOffset(name: string, suffix: string): number | undefined {
  if (name.length !== OFFSET_DIGITS + suffix.length || !name.endsWith(suffix)) return undefined;
  const digits = name.slice(0, OFFSET_DIGITS);
  if (!/^\d+$/.test(digits)) return undefined;
  const offset = Number(digits);
  return Number.isSafeInteger(offset) ? offset : undefined;
}
