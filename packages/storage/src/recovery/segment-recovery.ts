import {
  baseOffsetAt,
  batchSizeAt,
  DecodeError,
  lastOffsetAt,
  maxTimestampAt,
  partitionLeaderEpochAt,
  RECORD_BATCH_OVERHEAD,
} from "@ottla/protocol";
import { readFully, scanBatches, type ScanEnd } from "../segment/batch-scanner.ts";
import type { Segment } from "../segment/segment.ts";
import type { LeaderEpochCache } from "../state/leader-epoch-cache.ts";

export interface SegmentCheck {
  readonly indexIntervalBytes: number;
  /** Whether compaction may have left a hole in front of an offset. */
  readonly mayMissBefore: (offset: number) => boolean;
  /** After a failed sync: what lies at or beyond it reads well from the page cache but may not be on disk. */
  readonly trustedEndOffset: number;
  readonly leaderEpochs: LeaderEpochCache;
  /** Told about each sound batch. */
  readonly onBytesChecked?: ((bytes: number) => void) | undefined;
}

export interface CheckedSegment {
  /** Offset after the last sound batch. */
  readonly endOffset: number;
  /** Where the sound part ends; the file's size when there is no damage. */
  readonly soundBytes: number;
  readonly damage: string | undefined;
}

/** Reads every batch, checks CRC and offsets, and builds indexes and epochs from what is sound. */
export function checkSegment(segment: Segment, check: SegmentCheck): CheckedSegment {
  const fileSizeBytes = segment.sizeBytes;
  segment.resetIndexes();
  segment.sizeBytes = 0;
  let expectedOffset = segment.baseOffset;
  const end: ScanEnd = scanBatches(segment.handle, {
    startPosition: 0,
    endPosition: fileSizeBytes,
    check: "full",
    visit: (bytes, at) => {
      const batch = readOffsets(bytes, at);
      if (batch === undefined) return "a 64-bit field beyond 2^53";
      const { baseOffset, lastOffset, maxTimestamp } = batch;
      if (baseOffset < expectedOffset || (baseOffset > expectedOffset && !check.mayMissBefore(baseOffset)))
        return `batch at offset ${baseOffset} where ${expectedOffset} was expected`;
      if (lastOffset < baseOffset)
        return `batch of offset ${baseOffset} that ends at ${lastOffset}`;
      if (lastOffset >= check.trustedEndOffset)
        return "beyond the last successful sync, after one failed";
      const sizeBytes = batchSizeAt(bytes, at);
      segment.noteBatch(lastOffset, sizeBytes, maxTimestamp, check.indexIntervalBytes);
      check.onBytesChecked?.(sizeBytes);
      check.leaderEpochs.assign(partitionLeaderEpochAt(bytes, at), baseOffset);
      expectedOffset = lastOffset + 1;
      return undefined;
    },
  });
  segment.sizeBytes = fileSizeBytes;
  return { endOffset: expectedOffset, soundBytes: end.position, damage: end.damage };
}

function readOffsets(
  bytes: Uint8Array,
  at: number,
): { baseOffset: number; lastOffset: number; maxTimestamp: number } | undefined {
  try {
    return {
      baseOffset: baseOffsetAt(bytes, at),
      lastOffset: lastOffsetAt(bytes, at),
      maxTimestamp: maxTimestampAt(bytes, at),
    };
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}

/** Finds the end of a segment that is known to be sound, from its last index entry on. Undefined when it is not sound after all. */
export function findEndOffset(segment: Segment): number | undefined {
  let endOffset = segment.baseOffset;
  const index = segment.offsetIndex;
  const startPosition = index.entryCount === 0 ? 0 : index.positionAt(index.entryCount - 1);
  const end = scanBatches(segment.handle, {
    startPosition,
    endPosition: segment.sizeBytes,
    check: "headers",
    visit: (bytes, at) => {
      const batch = readOffsets(bytes, at);
      if (batch === undefined || batch.baseOffset < endOffset) return "offsets go back";
      endOffset = batch.lastOffset + 1;
      return undefined;
    },
  });
  return end.damage === undefined ? endOffset : undefined;
}

/** The greatest timestamp of the first batch, from which the segment's age counts. */
export function readFirstTimestamp(segment: Segment): number | undefined {
  return readFirstHeader(segment)?.maxTimestamp;
}

/** Base offset of the first batch; undefined for an empty segment. */
export function readFirstOffset(segment: Segment): number | undefined {
  return readFirstHeader(segment)?.baseOffset;
}

function readFirstHeader(segment: Segment): ReturnType<typeof readOffsets> {
  const header = new Uint8Array(RECORD_BATCH_OVERHEAD);
  const length = readFully(segment.handle, header, 0, segment.sizeBytes);
  return length < header.length ? undefined : readOffsets(header, 0);
}

/** Reads the epochs of a whole segment from its batch headers. */
export function readSegmentEpochs(segment: Segment, leaderEpochs: LeaderEpochCache): void {
  scanBatches(segment.handle, {
    startPosition: 0,
    endPosition: segment.sizeBytes,
    check: "headers",
    visit: (bytes, at) => {
      leaderEpochs.assign(partitionLeaderEpochAt(bytes, at), baseOffsetAt(bytes, at));
      return undefined;
    },
  });
}
