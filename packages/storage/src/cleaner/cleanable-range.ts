import type { LogMaintenance } from "../log/log-maintenance.ts";
import { readFirstTimestamp } from "../recovery/segment-recovery.ts";
import type { Segment } from "../segment/segment.ts";

/** Which part of a log the next clean would touch, and whether it is time for it. */
export interface CleanableRange {
  /** All below was cleaned before; retained records are copied. */
  readonly firstDirtyOffset: number;
  /** Base offset of the first segment that stays as it is. */
  readonly firstUncleanableOffset: number;
  /** The checkpoint named an offset that is not in the log: what it should say instead is `firstDirtyOffset`. */
  readonly resetsCheckpoint: boolean;
  readonly cleanBytes: number;
  readonly cleanableBytes: number;
  /** Some record waits longer than max.compaction.lag.ms. */
  readonly overdue: boolean;
  readonly due: boolean;
}

/** The share of the log that the clean would look at for the first time. */
export function dirtyRatio({ cleanBytes, cleanableBytes }: CleanableRange): number {
  const total = cleanBytes + cleanableBytes;
  return total === 0 ? 0 : cleanableBytes / total;
}

/**
 * The range ends before the active segment, before the last stable offset (which lies below the high watermark
 * and the recovery point), and before the first segment with a record younger than min.compaction.lag.ms; always
 * at the base of a segment, so that only sealed ones are touched. It is due when its share of the log passes
 * min.cleanable.dirty.ratio, or when max.compaction.lag.ms has passed (KIP-354).
 */
export function cleanableRange(
  log: LogMaintenance,
  checkpoint: number | undefined,
  nowMs: number,
): CleanableRange {
  const { parts, config, logStartOffset } = log;
  const { segments, producerState } = parts;
  const known = checkpoint ?? logStartOffset;
  // The log was cut, or its start moved on: what was clean is not known any more, or gone.
  const isInLog = known >= logStartOffset && known <= log.logEndOffset;
  const firstDirtyOffset = isInLog ? known : logStartOffset;
  const stableOffset = producerState.lastStableOffset(log.recoveryPoint);
  const stableSegment = segments.at(segments.floorIndex(stableOffset))!;
  let end = Math.min(stableSegment.baseOffset, segments.active.baseOffset);
  let cleanBytes = 0;
  let cleanableBytes = 0;
  let overdue = false;
  for (const segment of segments.all()) {
    if (segment.baseOffset >= end) break;
    if (segment.baseOffset < firstDirtyOffset && endOf(log, segment) <= firstDirtyOffset) {
      cleanBytes += segment.sizeBytes;
      continue;
    }
    if (isYoung(log, segment, nowMs)) {
      end = segment.baseOffset;
      break;
    }
    overdue ||= isOverdue(segment, config.maxCompactionLagMs, nowMs);
    cleanableBytes += segment.sizeBytes;
  }
  const range = {
    firstDirtyOffset,
    firstUncleanableOffset: Math.max(firstDirtyOffset, end),
    resetsCheckpoint: checkpoint !== undefined && !isInLog,
    cleanBytes,
    cleanableBytes,
    overdue,
  };
  const ratio = dirtyRatio({ ...range, due: false });
  const due = cleanableBytes > 0 && (overdue || ratio > config.minCleanableDirtyRatio);
  return { ...range, due };
}

function endOf({ parts, logEndOffset }: LogMaintenance, segment: Segment): number {
  const all = parts.segments.all();
  return all[parts.segments.floorIndex(segment.baseOffset) + 1]?.baseOffset ?? logEndOffset;
}

function isYoung({ parts, config }: LogMaintenance, segment: Segment, nowMs: number): boolean {
  if (config.minCompactionLagMs <= 0) return false;
  const newest =
    segment.maxTimestamp >= 0
      ? segment.maxTimestamp
      : parts.fileSystem.statSync(segment.path).modifiedMs;
  return newest > nowMs - config.minCompactionLagMs;
}

function isOverdue(segment: Segment, maxLagMs: number, nowMs: number): boolean {
  if (maxLagMs === Number.MAX_SAFE_INTEGER || segment.sizeBytes === 0) return false;
  const oldest = readFirstTimestamp(segment);
  return oldest !== undefined && oldest > 0 && oldest < nowMs - Math.max(0, maxLagMs);
}

/**
 * Seals the active segment when its first record is older than max.compaction.lag.ms, so that it can be compacted
 * although nobody writes any more. Returns whether it did.
 */
export function rollOverdue(log: LogMaintenance, nowMs: number): boolean {
  const { active } = log.parts.segments;
  const { maxCompactionLagMs } = log.config;
  if (maxCompactionLagMs === Number.MAX_SAFE_INTEGER || active.sizeBytes === 0 || !log.idle)
    return false;
  const { firstTimestamp } = active;
  if (firstTimestamp === undefined || firstTimestamp <= 0) return false;
  if (firstTimestamp >= nowMs - Math.max(0, maxCompactionLagMs)) return false;
  log.roll();
  return true;
}
