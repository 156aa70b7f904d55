import { baseOffsetAt, lastOffsetAt } from "@ottla/protocol";
import type { FileSystem } from "@ottla/runtime";
import { parseBaseOffset, segmentFilePath, SNAPSHOT_SUFFIX } from "../segment/segment-files.ts";
import type { Segments } from "../segment/segments.ts";
import { scanBatches } from "../segment/batch-scanner.ts";
import { decodeProducerSnapshot } from "./producer-snapshot.ts";
import type { ProducerState } from "./producer-state.ts";

export interface ReplayInput {
  readonly fileSystem: FileSystem;
  readonly directory: string;
  readonly segments: Segments;
  readonly logEndOffset: number;
  readonly nowMs: number;
}

/**
 * Brings the state to that of the log's end: the newest sound snapshot, and a replay of the batch headers
 * after it. Removes snapshots that are damaged, lie beyond the end, or before the first segment: what a
 * producer wrote after those is gone. Idempotent. Returns the offset that
 * the replay started from.
 */
export function replayProducerState(state: ProducerState, input: ReplayInput): number {
  const from = restoreSnapshot(state, input);
  const { segments, logEndOffset, nowMs } = input;
  if (from >= logEndOffset) return from;
  for (let index = segments.floorIndex(from); index < segments.count; index++) {
    const segment = segments.at(index)!;
    scanBatches(segment.handle, {
      startPosition: segment.baseOffset < from ? segment.offsetIndex.positionFor(from) : 0,
      endPosition: segment.sizeBytes,
      check: "headers",
      visit: (bytes, at) => {
        if (lastOffsetAt(bytes, at) < from) return undefined;
        state.replay(bytes, at, baseOffsetAt(bytes, at), nowMs);
        return undefined;
      },
    });
  }
  return from;
}

function restoreSnapshot(
  state: ProducerState,
  { fileSystem, directory, segments, logEndOffset }: ReplayInput,
): number {
  const offsets = fileSystem
    .listSync(directory)
    .map((name) => parseBaseOffset(name, SNAPSHOT_SUFFIX))
    .filter((offset) => offset !== undefined)
    .sort((left, right) => right - left);
  // Deleted records that still stand in a segment count: without them a producer's next sequence looks wrong.
  const firstOffset = segments.first.baseOffset;
  for (const offset of offsets) {
    const path = segmentFilePath(directory, offset, SNAPSHOT_SUFFIX);
    const entries =
      offset >= firstOffset && offset <= logEndOffset
        ? decodeProducerSnapshot(fileSystem.readFileSync(path))
        : undefined;
    if (entries !== undefined) {
      state.restore(entries);
      return offset;
    }
    fileSystem.removeSync(path);
  }
  state.restore([]);
  return firstOffset;
}
