import type { FileSystem } from "@ottla/runtime";
import { DELETED_SUFFIX, segmentFilePath, SEGMENT_SUFFIXES } from "./segment-files.ts";

/** A segment that left its log. Its files stand under their own names until `Log.dropFiles` renames them. */
export interface SegmentFiles {
  readonly baseOffset: number;
  readonly sizeBytes: number;
  /** The names after `Log.dropFiles`, to be unlinked after `fileDeleteDelayMs`. */
  readonly paths: readonly string[];
}

export function segmentFiles(
  directory: string,
  baseOffset: number,
  sizeBytes: number,
): SegmentFiles {
  const paths = SEGMENT_SUFFIXES.map(
    (suffix) => segmentFilePath(directory, baseOffset, suffix) + DELETED_SUFFIX,
  );
  return { baseOffset, sizeBytes, paths };
}

/** Renames all files of these segments to `.deleted`. Repeating it is harmless. */
export function dropSegmentFiles(
  fileSystem: FileSystem,
  directory: string,
  files: readonly SegmentFiles[],
): void {
  for (const { baseOffset } of files) {
    for (const suffix of SEGMENT_SUFFIXES) {
      const path = segmentFilePath(directory, baseOffset, suffix);
      if (fileSystem.existsSync(path)) fileSystem.renameSync(path, path + DELETED_SUFFIX);
    }
  }
}
