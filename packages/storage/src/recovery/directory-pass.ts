import type { FileSystem } from "@ottla/runtime";
import { dirname, join } from "node:path";
import { removeSegmentFiles } from "../log/truncate-segments.ts";
import { Segment } from "../segment/segment.ts";
import {
  CLEANED_SUFFIX,
  DELETED_SUFFIX,
  LOG_SUFFIX,
  parseBaseOffset,
  SEGMENT_SUFFIXES,
  SNAPSHOT_SUFFIX,
  SWAP_SUFFIX,
  TEMPORARY_SUFFIX,
} from "../segment/segment-files.ts";
import { PartitionDamage } from "./partition-damage.ts";

/** Makes the directory of a new partition and syncs its name. */
export function createPartitionDirectory(fileSystem: FileSystem, directory: string): void {
  if (fileSystem.existsSync(directory)) return;
  fileSystem.makeDirectorySync(directory);
  fileSystem.syncDirectoryNow(dirname(directory));
}

/** Pass 1. What was never completed, or was already deleted, goes. */
export function removeLeftovers(fileSystem: FileSystem, directory: string): void {
  for (const name of fileSystem.listSync(directory)) {
    // An output of Kafka's cleaner that was chosen but not put in place; we cannot tell what it replaces.
    if (name.endsWith(SWAP_SUFFIX))
      throw new PartitionDamage(
        `${join(directory, name)}: an unfinished compaction by another broker; start and stop that broker first`,
      );
    const leftover = [TEMPORARY_SUFFIX, CLEANED_SUFFIX, DELETED_SUFFIX].some((suffix) =>
      name.endsWith(suffix),
    );
    if (leftover) fileSystem.removeSync(join(directory, name));
  }
}

export interface SyncedOffsets {
  readonly recoveryPoint: number;
  readonly logStartOffset: number;
}

/** Pass 3. Segments by base offset; at least one. */
export function listSegments(
  fileSystem: FileSystem,
  directory: string,
  { recoveryPoint, logStartOffset }: SyncedOffsets,
): Segment[] {
  const names = fileSystem.listSync(directory);
  const bases = names
    .map((name) => parseBaseOffset(name, LOG_SUFFIX))
    .filter((base) => base !== undefined);
  if (bases.length === 0) {
    if (recoveryPoint > 0)
      throw new PartitionDamage(
        `${directory} has no segment although offsets up to ${recoveryPoint} were synced`,
      );
    return [createFirstSegment(fileSystem, directory)];
  }
  removeOrphans(fileSystem, directory, names, new Set(bases));
  // Segments below the log start are on their way out; power loss may have left only some of them.
  const firstNeeded = Math.max(
    0,
    bases.findLastIndex((base) => base <= logStartOffset),
  );
  for (const base of bases.slice(0, firstNeeded)) removeSegmentFiles(fileSystem, directory, base);
  return bases.slice(firstNeeded).map((baseOffset) => {
    const segment = new Segment({ fileSystem, directory, baseOffset, sizeBytes: 0 });
    segment.sizeBytes = fileSystem.statSync(segment.path).sizeBytes;
    return segment;
  });
}

function createFirstSegment(fileSystem: FileSystem, directory: string): Segment {
  const segment = Segment.create(fileSystem, directory, 0);
  segment.dataSyncNow();
  fileSystem.syncDirectoryNow(directory);
  return segment;
}

/** Index files without a log; snapshots stand for themselves. */
function removeOrphans(
  fileSystem: FileSystem,
  directory: string,
  names: readonly string[],
  bases: ReadonlySet<number>,
): void {
  for (const suffix of SEGMENT_SUFFIXES) {
    if (suffix === LOG_SUFFIX || suffix === SNAPSHOT_SUFFIX) continue;
    for (const name of names) {
      const base = parseBaseOffset(name, suffix);
      if (base !== undefined && !bases.has(base)) fileSystem.removeSync(join(directory, name));
    }
  }
}
