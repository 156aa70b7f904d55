import type { FileSystem } from "@ottla/runtime";
import { partitionDirectory } from "../engine/directory-names.ts";
import type { TopicPartition } from "../engine/storage-engine.ts";
import { LOG_SUFFIX, parseBaseOffset, segmentFilePath } from "../segment/segment-files.ts";

/** Bytes that recovery reads: of each log the segment of the recovery point and all after it. */
export function measureRecovery(
  fileSystem: FileSystem,
  directory: string,
  partitions: readonly (TopicPartition & { readonly recoveryPoint: number })[],
): number {
  let total = 0;
  for (const partition of partitions) {
    const path = partitionDirectory(directory, partition);
    const bases = fileSystem
      .listSync(path)
      .map((name) => parseBaseOffset(name, LOG_SUFFIX))
      .filter((base) => base !== undefined);
    const first = bases.findLastIndex((base) => base <= partition.recoveryPoint);
    for (const base of bases.slice(Math.max(0, first)))
      total += fileSystem.statSync(segmentFilePath(path, base, LOG_SUFFIX)).sizeBytes;
  }
  return total;
}
