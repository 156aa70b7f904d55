import type { FileSystem } from "@ottla/runtime";
import type { TopicPartition } from "../engine/storage-engine.ts";
import {
  DELETED_SUFFIX,
  LOG_SUFFIX,
  segmentFilePath,
  SNAPSHOT_SUFFIX,
} from "../segment/segment-files.ts";
import { Segment, type IndexBytes } from "../segment/segment.ts";
import { Segments } from "../segment/segments.ts";
import type { EpochEntry } from "../state/leader-epoch-cache.ts";
import { encodeProducerSnapshot } from "../state/producer-snapshot.ts";
import type { LogParts } from "./log-parts.ts";

/**
 * What a log was like when all of it was synced and its index files and snapshot were in order, and how to see
 * that nothing was touched since: a name that came or went changes the directory's time, a byte that came or went
 * changes size and time of the active segment. With it a log is opened without opening a file.
 */
export interface LogStamp extends TopicPartition {
  readonly topicId: string;
  readonly directoryModifiedMs: number;
  readonly activeModifiedMs: number;
  readonly logEndOffset: number;
  readonly segments: readonly StampedSegment[];
  /** Of the first batch of the active segment. */
  readonly firstTimestamp: number | undefined;
  readonly leaderEpochs: readonly EpochEntry[];
  /** A producer snapshot as of the log end; absent when there is no producer. */
  readonly producers: Uint8Array | undefined;
  /** Base offsets of the segments that have a transaction index. */
  readonly abortedIn: readonly number[];
  /** The indexes of the active segment, when no file holds them yet: from one thread to another, and on disk if they are small. */
  readonly activeIndexes?: IndexBytes;
}

export interface StampedSegment {
  readonly baseOffset: number;
  readonly sizeBytes: number;
  readonly maxTimestamp: number;
  readonly offsetOfMaxTimestamp: number;
}

/**
 * The stamp of a log that is synced; the earlier one when nothing was touched since. Undefined when its index files
 * lag behind, or while files of removed segments wait for their end, which only a full look takes up again.
 */
export function renewStamp(
  parts: LogParts,
  earlier: LogStamp | undefined,
  logEndOffset: number,
): LogStamp | undefined {
  if (!parts.segments.active.indexesStored && earlier?.activeIndexes === undefined)
    return undefined;
  const stamp = makeStamp(parts, earlier, logEndOffset);
  return parts.segments.active.indexesStored || stamp === earlier ? stamp : undefined;
}

/** How another thread can go on with a log that is synced, without its files being put in order first. */
export function handOverStamp(parts: LogParts, logEndOffset: number): LogStamp | undefined {
  const stamp = makeStamp(parts, undefined, logEndOffset);
  const { active } = parts.segments;
  // The transaction index of the active segment would have to come along.
  if (stamp === undefined || stamp.abortedIn.includes(active.baseOffset)) return undefined;
  return active.indexesStored ? stamp : { ...stamp, activeIndexes: active.copyIndexes() };
}

function makeStamp(
  parts: LogParts,
  earlier: LogStamp | undefined,
  logEndOffset: number,
): LogStamp | undefined {
  const { fileSystem, directory, segments, leaderEpochs, producerState } = parts;
  const { active } = segments;
  const touched = lastTouched(fileSystem, directory, active);
  if (
    earlier !== undefined &&
    earlier.logEndOffset === logEndOffset &&
    earlier.directoryModifiedMs === touched.directoryModifiedMs &&
    earlier.activeModifiedMs === touched.activeModifiedMs
  )
    return earlier;
  if (fileSystem.listSync(directory).some((name) => name.endsWith(DELETED_SUFFIX)))
    return undefined;
  const { topic, partition } = parts.topicPartition;
  const producers = producerState.entriesBefore(logEndOffset);
  return {
    topic,
    partition,
    topicId: parts.topicId,
    ...touched,
    logEndOffset,
    segments: segments
      .all()
      .map(({ baseOffset, sizeBytes, maxTimestamp, offsetOfMaxTimestamp }) => ({
        baseOffset,
        sizeBytes,
        maxTimestamp,
        offsetOfMaxTimestamp,
      })),
    firstTimestamp: active.firstTimestamp,
    leaderEpochs: leaderEpochs.entries(),
    producers: producers.length === 0 ? undefined : encodeProducerSnapshot(producers),
    abortedIn: parts.transactions.baseOffsets(),
  };
}

function lastTouched(
  fileSystem: FileSystem,
  directory: string,
  active: Segment,
): Pick<LogStamp, "directoryModifiedMs" | "activeModifiedMs"> {
  return {
    directoryModifiedMs: fileSystem.statSync(directory).modifiedMs,
    activeModifiedMs: fileSystem.statSync(active.path).modifiedMs,
  };
}

/** The segments of a stamped log, none of them opened; undefined when something was touched since. */
export function stampedSegments(
  fileSystem: FileSystem,
  directory: string,
  stamp: LogStamp,
): Segments | undefined {
  const last = stamp.segments.length - 1;
  const segments = stamp.segments.map(
    ({ maxTimestamp, offsetOfMaxTimestamp, ...rest }, index) =>
      new Segment({
        fileSystem,
        directory,
        ...rest,
        sealed: { maxTimestamp, offsetOfMaxTimestamp },
        ...(index === last && stamp.activeIndexes && { indexes: stamp.activeIndexes }),
      }),
  );
  const active = segments.at(-1);
  const size = stamp.segments.at(-1)?.sizeBytes;
  if (active === undefined) return undefined;
  try {
    const directoryStatus = fileSystem.statSync(directory);
    if (directoryStatus.modifiedMs !== stamp.directoryModifiedMs) return undefined;
    const { sizeBytes, modifiedMs } = fileSystem.statSync(active.path);
    if (sizeBytes !== size || modifiedMs !== stamp.activeModifiedMs) return undefined;
    if (wasRolled(fileSystem, directory, stamp.logEndOffset, active)) return undefined;
  } catch (error) {
    // A missing name is something that was touched: the passes of the loader judge it.
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  active.firstTimestamp = stamp.firstTimestamp;
  return new Segments(segments);
}

/** A roll in the same tick of the file system's clock as the stamp leaves no other trace than its name. */
function wasRolled(
  fileSystem: FileSystem,
  directory: string,
  logEndOffset: number,
  active: Segment,
): boolean {
  if (logEndOffset === active.baseOffset) return false;
  return fileSystem.existsSync(segmentFilePath(directory, logEndOffset, LOG_SUFFIX));
}

/** Beyond this the index files of a log are written; below it its stamp can hold them. */
const STAMPED_INDEX_BYTES_MAX = 2048;

/** True when a start after a crash can do with this stamp alone. */
export function fitsFile({ activeIndexes }: LogStamp): boolean {
  if (activeIndexes === undefined) return true;
  return activeIndexes.offsets.length + activeIndexes.times.length <= STAMPED_INDEX_BYTES_MAX;
}

/** Removes the snapshot of an earlier stop in the middle of a segment, once there is a later one. Those at segment bases stay. */
export function removeSnapshot(
  fileSystem: FileSystem,
  directory: string,
  segments: Segments,
  offset: number,
  laterOffset: number,
): void {
  if (offset === laterOffset || segments.at(segments.floorIndex(offset))?.baseOffset === offset)
    return;
  fileSystem.removeSync(segmentFilePath(directory, offset, SNAPSHOT_SUFFIX));
}
