import { segmentFilePath, SNAPSHOT_SUFFIX } from "../segment/segment-files.ts";
import { replayProducerState, snapshotOffsets } from "../state/producer-state-loader.ts";
import type { LogParts } from "./log-parts.ts";
import { replaceAllSegments, truncateSegments, type TruncateOptions } from "./truncate-segments.ts";
import type { UnsyncedFiles } from "./unsynced-files.ts";

// The order for power loss: who truncates has persisted a recovery point (and, to start over, a log start) at or
// below the new end, so that whatever part of the cut survives is a sound log. The leader epochs are written by
// the sync that follows: until then a start finds epochs beyond the log's end and drops them.

/** Cuts segments, leader epochs, transactions and producers. Returns the new log end offset. */
export function truncateLog(
  parts: LogParts,
  unsynced: UnsyncedFiles,
  options: TruncateOptions,
): number {
  const logEndOffset = truncateSegments(parts, unsynced, options);
  parts.leaderEpochs.truncateFromEnd(logEndOffset);
  parts.transactions.truncateTo(logEndOffset);
  const { fileSystem, directory, segments, clock } = parts;
  const nowMs = clock.nowMs();
  replayProducerState(parts.producerState, {
    fileSystem,
    directory,
    segments,
    logEndOffset,
    nowMs,
  });
  return logEndOffset;
}

/** Empties the log; its next record has this offset. */
export function startLogAt(parts: LogParts, unsynced: UnsyncedFiles, offset: number): number {
  const { fileSystem, directory } = parts;
  replaceAllSegments(parts, unsynced, offset);
  for (const snapshot of snapshotOffsets(fileSystem, directory))
    fileSystem.removeSync(segmentFilePath(directory, snapshot, SNAPSHOT_SUFFIX));
  parts.leaderEpochs.truncateFromEnd(0);
  parts.transactions.clear();
  parts.producerState.restore([]);
  return offset;
}
