import type { FileSystem } from "@ottla/runtime";
import { dirname, join } from "node:path";
import {
  formatCheckpointLines,
  parseCheckpointLines,
  parseCheckpointNumber,
  replaceFileNow,
} from "./checkpoint-file.ts";
import type { TopicPartition } from "../engine/storage-engine.ts";
import { CLEANER_CHECKPOINT, OffsetCheckpoint } from "./offset-checkpoint.ts";

/**
 * Lies in the directory of a partition that was compacted: below the offset in it, offsets may be missing. Written
 * before the first swap that makes a hole there, so that recovery can tell holes from damage whatever the
 * cleanup.policy is at the time. In Kafka's text form: a line "0", a line "1", the offset.
 */
export const SPARSE_MARK = "ottla-sparse-below";

export function writeSparseMarkNow(
  fileSystem: FileSystem,
  directory: string,
  offset: number,
): void {
  const known = readSparseMark(fileSystem, directory);
  if (typeof known === "number" && known >= offset) return;
  replaceFileNow(fileSystem, join(directory, SPARSE_MARK), formatCheckpointLines([[offset]]));
}

/** The offset, "damaged", or undefined when there is no mark. */
function readSparseMark(fileSystem: FileSystem, directory: string): number | "damaged" | undefined {
  const path = join(directory, SPARSE_MARK);
  if (!fileSystem.existsSync(path)) return undefined;
  const rows = parseCheckpointLines(fileSystem.readFileSync(path));
  return parseCheckpointNumber(rows?.[0]?.[0]) ?? "damaged";
}

/** Where offsets of a log may be missing. */
export interface Sparseness {
  /** Below this offset; 0 for a log that we never compacted. */
  readonly below: number;
  /** It was compacted by somebody who left no mark: any of its sealed segments may have holes. */
  readonly unknown: boolean;
}

/**
 * Kafka notes in the cleaner's checkpoint how far it cleaned, but only afterwards: it may have died before. A log
 * that has an entry there and no mark was compacted by Kafka.
 */
export function readSparseness(
  fileSystem: FileSystem,
  directory: string,
  topicPartition: TopicPartition,
): Sparseness {
  const mark = readSparseMark(fileSystem, directory);
  if (typeof mark === "number") return { below: mark, unknown: false };
  if (mark === "damaged") return { below: 0, unknown: true };
  const table = new OffsetCheckpoint(fileSystem, dirname(directory), CLEANER_CHECKPOINT).read();
  return { below: 0, unknown: table?.get(topicPartition) !== undefined };
}
