import { baseOffsetAt, lastOffsetAt } from "@ottla/protocol";
import type { FileSystem } from "@ottla/runtime";
import { readFully, scanBatches } from "../segment/batch-scanner.ts";
import { Segment } from "../segment/segment.ts";
import {
  OFFSET_INDEX_SUFFIX,
  segmentFilePath,
  SEGMENT_SUFFIXES,
  TEMPORARY_SUFFIX,
  TIME_INDEX_SUFFIX,
} from "../segment/segment-files.ts";
import type { Segments } from "../segment/segments.ts";
import { StorageError } from "./storage-error.ts";
import type { UnsyncedFiles } from "./unsynced-files.ts";

const COPY_CHUNK_BYTES = 1 << 20;

export interface TruncateParts {
  readonly fileSystem: FileSystem;
  readonly directory: string;
  readonly segments: Segments;
}

export interface TruncateOptions {
  readonly offset: number;
  readonly logStartOffset: number;
  readonly indexIntervalBytes: number;
}

/**
 * Removes whole batches from the end until none reaches `offset`; newest segments go first. Returns the offset of
 * the next record: `offset`, or the base of the batch that held it.
 *
 * The active segment is cut in place. One that was sealed may have a hard link in a snapshot of the directory: a
 * shorter copy takes its name, and when nothing has to be cut from it, it stays sealed and a new segment follows.
 */
export function truncateSegments(
  parts: TruncateParts,
  unsynced: UnsyncedFiles,
  { offset, logStartOffset, indexIntervalBytes }: TruncateOptions,
): number {
  const { fileSystem, directory, segments } = parts;
  let sealed = false;
  while (segments.count > 1 && segments.active.baseOffset > offset) {
    const segment = segments.removeLast();
    unsynced.drop(segment);
    segment.close();
    removeSegmentFiles(fileSystem, directory, segment.baseOffset);
    sealed = true;
  }
  unsynced.namesChanged();
  const cut = findCut(segments.active, offset);
  const endOffset = Math.max(cut.spanningBase ?? offset, logStartOffset);
  let writable = !sealed;
  if (cut.position < segments.active.sizeBytes) {
    if (sealed) {
      unsynced.drop(segments.active);
      replaceActive(parts, cut.position, indexIntervalBytes);
    } else {
      segments.active.truncateTo(cut.position, indexIntervalBytes);
    }
    writable = true;
  }
  // A hole before the new end, which compaction leaves, must not be lost: recovery finds the end by the last batch.
  if (!writable || cut.keptEnd !== endOffset) {
    if (segments.active.baseOffset !== endOffset)
      segments.add(Segment.create(fileSystem, directory, endOffset));
  }
  unsynced.add(segments.active);
  return endOffset;
}

/** Removes every segment, newest first, and starts an empty one at `offset`. */
export function replaceAllSegments(
  { fileSystem, directory, segments }: TruncateParts,
  unsynced: UnsyncedFiles,
  offset: number,
): void {
  for (const segment of segments.all().toReversed()) {
    unsynced.drop(segment);
    segment.close();
    removeSegmentFiles(fileSystem, directory, segment.baseOffset);
  }
  segments.startOver(Segment.create(fileSystem, directory, offset));
  unsynced.add(segments.active);
  unsynced.namesChanged();
}

interface Cut {
  readonly position: number;
  /** Offset after the last batch that stays. */
  readonly keptEnd: number;
  /** Base offset of the batch that begins before the offset and reaches it. */
  readonly spanningBase: number | undefined;
}

function findCut(segment: Segment, offset: number): Cut {
  let keptEnd = segment.baseOffset;
  let spanningBase: number | undefined;
  const { position } = scanBatches(segment.handle, {
    startPosition: offset === 0 ? 0 : segment.offsetIndex.positionFor(offset - 1),
    endPosition: segment.sizeBytes,
    check: "headers",
    visit: (bytes, at) => {
      const lastOffset = lastOffsetAt(bytes, at);
      if (lastOffset >= offset) {
        const baseOffset = baseOffsetAt(bytes, at);
        if (baseOffset < offset) spanningBase = baseOffset;
        return false;
      }
      keptEnd = lastOffset + 1;
      return undefined;
    },
  });
  return { position, keptEnd, spanningBase };
}

/** Puts a synced copy of the first bytes in the place of the active segment's log, and drops its other files. */
function replaceActive(
  { fileSystem, directory, segments }: TruncateParts,
  sizeBytes: number,
  indexIntervalBytes: number,
): void {
  const { active } = segments;
  const temporary = active.path + TEMPORARY_SUFFIX;
  copyPrefix(fileSystem, active, temporary, sizeBytes);
  fileSystem.renameSync(temporary, active.path);
  active.close();
  for (const suffix of SEGMENT_SUFFIXES) {
    // The snapshot is as of the segment's start; who holds the transaction index cuts it.
    if (suffix !== OFFSET_INDEX_SUFFIX && suffix !== TIME_INDEX_SUFFIX) continue;
    fileSystem.removeSync(segmentFilePath(directory, active.baseOffset, suffix));
  }
  const copy = new Segment({ fileSystem, directory, baseOffset: active.baseOffset, sizeBytes });
  copy.rebuildIndexes(indexIntervalBytes);
  segments.replaceActive(copy);
}

function copyPrefix(
  fileSystem: FileSystem,
  segment: Segment,
  path: string,
  sizeBytes: number,
): void {
  fileSystem.removeSync(path);
  const copy = fileSystem.openSync(path, "create");
  try {
    const chunk = new Uint8Array(Math.min(COPY_CHUNK_BYTES, Math.max(1, sizeBytes)));
    for (let position = 0; position < sizeBytes;) {
      const length = readFully(segment.handle, chunk, position, sizeBytes - position);
      const written = length === 0 ? 0 : copy.writeSync([chunk.subarray(0, length)], position);
      if (written === 0 || written !== length)
        throw new StorageError(`copying ${segment.path} ended at ${position}`, {
          fatal: false,
          path,
        });
      position += length;
    }
    copy.dataSyncNow();
  } finally {
    copy.closeSync();
  }
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
