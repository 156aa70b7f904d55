import { lastOffsetAt } from "@ottla/protocol";
import type { FileSystem } from "@ottla/runtime";
import { scanBatches } from "../segment/batch-scanner.ts";
import { segmentFilePath, SEGMENT_SUFFIXES } from "../segment/segment-files.ts";
import type { Segments } from "../segment/segments.ts";
import type { UnsyncedFiles } from "./unsynced-files.ts";

export interface TruncateParts {
  readonly fileSystem: FileSystem;
  readonly directory: string;
  readonly segments: Segments;
}

/** Removes whole batches from the end until none reaches `offset`; newest segments go first. */
export function truncateSegments(
  parts: TruncateParts,
  unsynced: UnsyncedFiles,
  offset: number,
  indexIntervalBytes: number,
): void {
  const { fileSystem, directory, segments } = parts;
  while (segments.count > 1 && segments.active.baseOffset > offset) {
    const segment = segments.removeLast();
    unsynced.drop(segment);
    segment.close();
    removeSegmentFiles(fileSystem, directory, segment.baseOffset);
  }
  unsynced.namesChanged();
  const { active } = segments;
  const end = scanBatches(active.handle, {
    startPosition: active.offsetIndex.positionFor(offset),
    endPosition: active.sizeBytes,
    check: "headers",
    visit: (bytes, at) => (lastOffsetAt(bytes, at) >= offset ? false : undefined),
  });
  active.truncateTo(end.position, indexIntervalBytes);
  unsynced.add(active);
}

export function removeSegmentFiles(
  fileSystem: FileSystem,
  directory: string,
  baseOffset: number,
): void {
  // The log goes last: while it stands, a next start finds the segment and removes the rest again.
  for (const suffix of [...SEGMENT_SUFFIXES].reverse())
    fileSystem.removeSync(segmentFilePath(directory, baseOffset, suffix));
}
