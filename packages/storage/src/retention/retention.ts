import type { FileSystem } from "@ottla/runtime";
import type { LogConfig } from "../log/log-config.ts";
import type { Segment } from "../segment/segment.ts";
import type { Segments } from "../segment/segments.ts";

export interface RetentionInput {
  readonly fileSystem: FileSystem;
  readonly config: LogConfig;
  readonly nowMs: number;
  readonly highWatermark: number;
  readonly logStartOffset: number;
  readonly logEndOffset: number;
}

export interface RetentionPlan {
  /** How many of the oldest segments go. */
  readonly expiredSegments: number;
  /** The active segment is among them and has to be replaced first. */
  readonly rollFirst: boolean;
}

/**
 * Which of the oldest segments expire: those wholly below the log start; and, with cleanup.policy=delete,
 * those whose greatest timestamp is older than retention.ms, and those without which the log still has
 * retention.bytes. Only segments wholly below the high watermark, oldest first, without gaps.
 */
export function planRetention(segments: Segments, input: RetentionInput): RetentionPlan {
  const { config, highWatermark, logStartOffset, logEndOffset } = input;
  const deletes = config.cleanupPolicy.includes("delete");
  const all = segments.all();
  let excessBytes = config.retentionBytes < 0 ? 0 : segments.sizeBytes() - config.retentionBytes;
  let expiredSegments = 0;
  for (const [index, segment] of all.entries()) {
    const endOffset = all[index + 1]?.baseOffset ?? logEndOffset;
    // An active segment without records has nothing to expire; one that compaction emptied goes with its neighbours.
    const isEmptyActive = segment.sizeBytes === 0 && index === all.length - 1;
    if (isEmptyActive || endOffset > highWatermark) break;
    const bySize = deletes && config.retentionBytes >= 0 && excessBytes >= segment.sizeBytes;
    const expired = endOffset <= logStartOffset || bySize || (deletes && isOld(segment, input));
    if (!expired) break;
    excessBytes -= segment.sizeBytes;
    expiredSegments++;
  }
  return { expiredSegments, rollFirst: expiredSegments === all.length };
}

function isOld(segment: Segment, { fileSystem, config, nowMs }: RetentionInput): boolean {
  if (config.retentionMs < 0) return false;
  // Records without timestamps age by the file's last change, as in Kafka.
  const newest =
    segment.maxTimestamp >= 0 ? segment.maxTimestamp : fileSystem.statSync(segment.path).modifiedMs;
  return nowMs - newest > config.retentionMs;
}
