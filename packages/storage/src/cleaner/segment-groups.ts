import { MAX_RELATIVE_OFFSET } from "../segment/segment-files.ts";
import type { SegmentToClean } from "./cleaner-task.ts";

export interface GroupLimits {
  readonly segmentBytes: number;
  readonly segmentIndexBytes: number;
}

/**
 * Neighbours that fit into one segment are cleaned into one, so that segments that shrink do not stay behind as ever
 * more small files. A group is bounded before it is cleaned: nobody knows yet how much of it will be left.
 */
export function groupSegments(
  segments: readonly SegmentToClean[],
  limits: GroupLimits,
): SegmentToClean[][] {
  const groups: SegmentToClean[][] = [];
  let sizeBytes = 0;
  let indexBytes = 0;
  let timeIndexBytes = 0;
  for (const segment of segments) {
    const group = groups.at(-1);
    const fits =
      group !== undefined &&
      sizeBytes + segment.sizeBytes <= limits.segmentBytes &&
      indexBytes + segment.indexBytes <= limits.segmentIndexBytes &&
      timeIndexBytes + segment.timeIndexBytes <= limits.segmentIndexBytes &&
      segment.nextBaseOffset - 1 - group[0]!.baseOffset <= MAX_RELATIVE_OFFSET;
    if (fits) {
      group.push(segment);
      sizeBytes += segment.sizeBytes;
      indexBytes += segment.indexBytes;
      timeIndexBytes += segment.timeIndexBytes;
    } else {
      groups.push([segment]);
      ({ sizeBytes, indexBytes, timeIndexBytes } = segment);
    }
  }
  return groups;
}
