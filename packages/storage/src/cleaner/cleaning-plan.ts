import type { AbortedTransactionEntry } from "../index/transaction-index.ts";
import type { LogMaintenance } from "../log/log-maintenance.ts";
import type { Segment } from "../segment/segment.ts";
import {
  OFFSET_INDEX_SUFFIX,
  segmentFilePath,
  TIME_INDEX_SUFFIX,
} from "../segment/segment-files.ts";
import type { CleanableRange } from "./cleanable-range.ts";
import type { LastOfProducer, SegmentToClean } from "./cleaner-task.ts";

/** Everything that a clean needs to know of a log; the log goes on meanwhile. */
export interface CleaningPlan {
  readonly directory: string;
  readonly firstDirtyOffset: number;
  /** End of the range: base offset of the first segment that is not touched. */
  readonly upperBoundOffset: number;
  /** All segments of the range, the clean ones included. */
  readonly segments: readonly SegmentToClean[];
  readonly aborted: readonly AbortedTransactionEntry[];
  readonly producers: readonly LastOfProducer[];
  readonly deleteRetentionMs: number;
  readonly indexIntervalBytes: number;
  readonly segmentBytes: number;
  readonly segmentIndexBytes: number;
  /** The log's count of cuts; when it has changed, the plan is void. */
  readonly cuts: number;
}

export function planCleaning(log: LogMaintenance, range: CleanableRange): CleaningPlan {
  const { parts, config } = log;
  const { segments, transactions } = parts;
  const upperBoundOffset = range.firstUncleanableOffset;
  const all = segments.all();
  const inRange = all.filter((segment) => segment.baseOffset < upperBoundOffset);
  const aborted = transactions.any
    ? transactions.search(segments.first.baseOffset, upperBoundOffset)
    : [];
  return {
    directory: parts.directory,
    firstDirtyOffset: range.firstDirtyOffset,
    upperBoundOffset,
    segments: inRange.map((segment, index) => describe(log, segment, all[index + 1]!)),
    aborted: aborted.toSorted((left, right) => left.firstOffset - right.firstOffset),
    producers: lastOfProducers(log),
    deleteRetentionMs: config.deleteRetentionMs,
    indexIntervalBytes: config.indexIntervalBytes,
    segmentBytes: config.segmentBytes,
    segmentIndexBytes: config.segmentIndexBytes,
    cuts: segments.cuts,
  };
}

function describe({ parts }: LogMaintenance, segment: Segment, next: Segment): SegmentToClean {
  const { fileSystem, directory } = parts;
  const sizeOf = (suffix: string): number => {
    const path = segmentFilePath(directory, segment.baseOffset, suffix);
    return fileSystem.existsSync(path) ? fileSystem.statSync(path).sizeBytes : 0;
  };
  return {
    baseOffset: segment.baseOffset,
    nextBaseOffset: next.baseOffset,
    sizeBytes: segment.sizeBytes,
    indexBytes: sizeOf(OFFSET_INDEX_SUFFIX),
    timeIndexBytes: sizeOf(TIME_INDEX_SUFFIX),
  };
}

function lastOfProducers({ parts }: LogMaintenance): LastOfProducer[] {
  return [...parts.producerState.entries()].map(({ producerId, producerEpoch, batches }) => ({
    producerId,
    producerEpoch,
    lastDataOffset: batches.at(-1)?.lastOffset,
  }));
}
