import { writeSparseMarkNow } from "../checkpoint/sparse-mark.ts";
import type { LogMaintenance } from "../log/log-maintenance.ts";
import { Segment } from "../segment/segment.ts";
import {
  CLEANED_SUFFIX,
  DELETED_SUFFIX,
  SEGMENT_SUFFIXES,
  segmentFilePath,
  SNAPSHOT_SUFFIX,
  SWAP_SUFFIX,
} from "../segment/segment-files.ts";
import { CLEANED_FILE_SUFFIXES, removeCleanedFiles } from "./cleaned-segment.ts";
import type { CleanedGroup, SegmentToClean } from "./cleaner-task.ts";

/** Cleaned files that wait to take the place of a group of segments. */
export interface SwapRequest {
  readonly inputs: readonly SegmentToClean[];
  readonly cleaned: CleanedGroup;
  /** The plan's count of cuts. */
  readonly cuts: number;
  /** End of the range that is cleaned. */
  readonly upperBoundOffset: number;
}

export type SwapOutcome =
  /** `removedPaths` are to be unlinked after file.delete.delay.ms. */
  | { readonly kind: "swapped"; readonly removedPaths: readonly string[]; readonly delayMs: number }
  /** The log has changed under the clean (retention, truncation): nothing was done, the `.cleaned` files are gone. */
  | { readonly kind: "superseded" };

/**
 * Puts a cleaned segment in the place of its inputs. It runs between two appends, in one go. Each step is on disk
 * before the next one begins, because names that no sync covers survive a power loss in any combination:
 *
 * 1. `.cleaned` becomes `.swap`; from here on a start completes the swap.
 * 2. The files of the inputs become `.deleted`. Were one left while the new segment has its name, two segments
 *    would hold the same offsets.
 * 3. `.swap` becomes the segment.
 *
 * The `.cleaned` files were synced when they were written. A failure of step 1 is undone; a later one is fatal, as
 * only a start can tell what stands.
 */
export function swapSegments(log: LogMaintenance, request: SwapRequest): SwapOutcome {
  log.checkOpen();
  const { parts } = log;
  const { fileSystem, directory } = parts;
  const { baseOffset } = request.cleaned;
  const inputs = standingInputs(log, request);
  if (inputs === undefined) {
    removeCleanedFiles(fileSystem, directory, baseOffset);
    return { kind: "superseded" };
  }
  markSparse(log, request.upperBoundOffset);
  markAsSwap(log, baseOffset);
  try {
    const removedPaths = moveInputsAway(log, inputs);
    fileSystem.syncDirectoryNow(directory);
    for (const suffix of CLEANED_FILE_SUFFIXES)
      renameExisting(log, segmentFilePath(directory, baseOffset, suffix), SWAP_SUFFIX, "");
    fileSystem.syncDirectoryNow(directory);
    adopt(log, inputs, request.cleaned);
    return { kind: "swapped", removedPaths, delayMs: log.config.fileDeleteDelayMs };
  } catch (cause) {
    throw log.fail(`putting a cleaned segment in place at offset ${baseOffset} failed`, cause);
  }
}

/** The inputs as they stand in the log, or undefined unless all of them stand and are what was cleaned. */
function standingInputs({ parts }: LogMaintenance, request: SwapRequest): Segment[] | undefined {
  const { segments } = parts;
  if (segments.cuts !== request.cuts) return undefined;
  const [first] = request.inputs;
  if (first === undefined) return undefined;
  const place = segments.floorIndex(first.baseOffset);
  const standing: Segment[] = [];
  for (const [index, input] of request.inputs.entries()) {
    const segment = segments.at(place + index);
    const next = segments.at(place + index + 1);
    if (
      segment?.baseOffset !== input.baseOffset ||
      segment.sizeBytes !== input.sizeBytes ||
      next?.baseOffset !== input.nextBaseOffset
    )
      return undefined;
    standing.push(segment);
  }
  return standing;
}

/** From here on recovery has to expect holes. */
function markSparse(log: LogMaintenance, offset: number): void {
  try {
    writeSparseMarkNow(log.parts.fileSystem, log.parts.directory, offset);
  } catch (cause) {
    // A full disk harms nothing; a sync that failed is the end of any trust in the directory.
    if (isNoSpace(cause)) throw cause;
    throw log.fail(`marking ${log.parts.directory} as compacted failed`, cause);
  }
}

function isNoSpace(error: unknown): boolean {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  return code === "ENOSPC" || code === "EDQUOT";
}

/** Step 1. The log file goes last, so that without a sync in between most crashes leave nothing to complete. */
function markAsSwap(log: LogMaintenance, baseOffset: number): void {
  const { fileSystem, directory } = log.parts;
  try {
    for (const suffix of CLEANED_FILE_SUFFIXES) {
      const path = segmentFilePath(directory, baseOffset, suffix);
      renameExisting(log, path, CLEANED_SUFFIX, SWAP_SUFFIX);
    }
  } catch (cause) {
    takeBack(log, baseOffset, cause);
    throw cause;
  }
  try {
    fileSystem.syncDirectoryNow(directory);
  } catch (cause) {
    throw log.fail(`syncing ${directory} failed`, cause);
  }
}

/** A `.swap` must not outlive the `.cleaned` file of its log, or a start would take it for one half put in place. */
function takeBack(log: LogMaintenance, baseOffset: number, cause: unknown): void {
  const { fileSystem, directory } = log.parts;
  try {
    for (const suffix of CLEANED_FILE_SUFFIXES)
      fileSystem.removeSync(segmentFilePath(directory, baseOffset, suffix) + SWAP_SUFFIX);
    fileSystem.syncDirectoryNow(directory);
    removeCleanedFiles(fileSystem, directory, baseOffset);
  } catch {
    throw log.fail(`taking back a cleaned segment at offset ${baseOffset} failed`, cause);
  }
}

/** Step 2. The producer snapshot at the base of the group stays: it is about the offset, not about the segment. */
function moveInputsAway({ parts }: LogMaintenance, inputs: readonly Segment[]): string[] {
  const { fileSystem, directory } = parts;
  const removedPaths: string[] = [];
  for (const [index, { baseOffset }] of inputs.entries()) {
    for (const suffix of SEGMENT_SUFFIXES) {
      if (suffix === SNAPSHOT_SUFFIX && index === 0) continue;
      const path = segmentFilePath(directory, baseOffset, suffix);
      if (!fileSystem.existsSync(path)) continue;
      const target = freeDeletedName(parts.fileSystem, path);
      fileSystem.renameSync(path, target);
      removedPaths.push(target);
    }
  }
  return removedPaths;
}

/** A file of an earlier clean may still wait under the plain name; to rename over it would free its blocks here and now. */
function freeDeletedName(fileSystem: { existsSync(path: string): boolean }, path: string): string {
  let target = path + DELETED_SUFFIX;
  for (let count = 1; fileSystem.existsSync(target); count++)
    target = `${path}.${count}${DELETED_SUFFIX}`;
  return target;
}

function renameExisting({ parts }: LogMaintenance, path: string, from: string, to: string): void {
  if (parts.fileSystem.existsSync(path + from)) parts.fileSystem.renameSync(path + from, path + to);
}

function adopt(log: LogMaintenance, inputs: readonly Segment[], cleaned: CleanedGroup): void {
  const { fileSystem, directory, segments, transactions } = log.parts;
  const { baseOffset, sizeBytes, maxTimestamp, offsetOfMaxTimestamp } = cleaned;
  const sealed = { maxTimestamp, offsetOfMaxTimestamp };
  const segment = new Segment({ fileSystem, directory, baseOffset, sizeBytes, sealed });
  segments.replaceSealed(inputs, segment);
  const removed = inputs.map((input) => input.baseOffset);
  transactions.segmentsReplaced(removed, [baseOffset]);
  for (const input of inputs) {
    log.unsynced.drop(input);
    // Reads that are under way keep the descriptor until they are done.
    input.close();
  }
}
