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
import { completeSwaps } from "./swap-pass.ts";

/** Makes the directory of a new partition and syncs its name. */
export function createPartitionDirectory(fileSystem: FileSystem, directory: string): void {
  if (fileSystem.existsSync(directory)) return;
  fileSystem.makeDirectorySync(directory);
  fileSystem.syncDirectoryNow(dirname(directory));
}

/**
 * Pass 1. What was never completed, or was already deleted, goes; a clean that was decided upon is completed first.
 * `names` are those that stay.
 */
export function removeLeftovers(
  fileSystem: FileSystem,
  directory: string,
): { readonly names: readonly string[]; readonly changed: boolean } {
  const found = fileSystem.listSync(directory);
  const completed = completeSwaps(fileSystem, directory, found);
  const names = completed ? fileSystem.listSync(directory) : found;
  const kept = names.filter((name) => !isLeftover(name));
  for (const name of names) if (isLeftover(name)) fileSystem.removeSync(join(directory, name));
  return { names: kept, changed: completed || kept.length < names.length };
}

function isLeftover(name: string): boolean {
  return [TEMPORARY_SUFFIX, CLEANED_SUFFIX, SWAP_SUFFIX, DELETED_SUFFIX].some((suffix) =>
    name.endsWith(suffix),
  );
}

export interface SyncedOffsets {
  readonly recoveryPoint: number;
  readonly logStartOffset: number;
}

/** Pass 3. Segments by base offset, at least one, of the names that pass 1 left. */
export function listSegments(
  fileSystem: FileSystem,
  directory: string,
  names: readonly string[],
  { recoveryPoint, logStartOffset }: SyncedOffsets,
): Segment[] {
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
