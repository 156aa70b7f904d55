import { baseOffsetAt, batchSizeAt, DecodeError, lastOffsetAt } from "@ottla/protocol";
import type { FileSystem } from "@ottla/runtime";
import type { AbortedTransactionEntry } from "../index/transaction-index.ts";
import { readFully, scanBatches } from "../segment/batch-scanner.ts";
import { parseBaseOffset, segmentFilePath, SNAPSHOT_SUFFIX } from "../segment/segment-files.ts";
import type { Segment } from "../segment/segment.ts";
import type { Segments } from "../segment/segments.ts";
import { decodeProducerSnapshot } from "./producer-snapshot.ts";
import type { ProducerEntry } from "./producer-entry.ts";
import { ProducerState } from "./producer-state.ts";
import { readTransactionMarker, type TransactionMarker } from "./transaction-marker.ts";

export interface ReplayInput {
  readonly fileSystem: FileSystem;
  readonly directory: string;
  readonly segments: Segments;
  readonly logEndOffset: number;
  readonly nowMs: number;
}

export interface ReplayOptions {
  /** Only snapshots at or below it are used, so that the batches from there on are seen; the log end by default. */
  readonly seenFrom?: number;
  /** Told of each aborted transaction whose marker is met, with the segment that holds it. */
  readonly onAborted?: (segment: Segment, entry: AbortedTransactionEntry) => void;
}

/**
 * Restores the producers from the newest sound snapshot and the batches after it, and returns the offset from
 * which batches were read. Snapshots beyond the log's end, and damaged ones, are removed.
 */
export function replayProducerState(
  state: ProducerState,
  input: ReplayInput,
  { seenFrom = input.logEndOffset, onAborted }: ReplayOptions = {},
): number {
  const snapshot = newestSnapshot(input, seenFrom);
  state.restore(snapshot?.entries ?? []);
  // Deleted records that still stand in a segment count: without them a producer's next sequence looks wrong.
  const from = snapshot?.offset ?? input.segments.first.baseOffset;
  replayBatches(state, input, { from, to: input.logEndOffset, onAborted });
  return from;
}

/** Reads the aborted transactions of one segment from the log; changes nothing. */
export function readAbortedTransactions(
  input: ReplayInput,
  segment: Segment,
  endOffset: number,
): AbortedTransactionEntry[] {
  const state = new ProducerState();
  const snapshot = newestSnapshot(input, segment.baseOffset, "keep damaged ones");
  state.restore(snapshot?.entries ?? []);
  const aborted: AbortedTransactionEntry[] = [];
  const onAborted = (holder: Segment, entry: AbortedTransactionEntry): void => {
    if (holder === segment) aborted.push(entry);
  };
  const from = snapshot?.offset ?? input.segments.first.baseOffset;
  replayBatches(state, input, { from, to: endOffset, onAborted });
  return aborted;
}

interface ReplayRange {
  readonly from: number;
  readonly to: number;
  readonly onAborted: ReplayOptions["onAborted"];
}

function replayBatches(state: ProducerState, input: ReplayInput, range: ReplayRange): void {
  const { segments, nowMs } = input;
  const { from, to, onAborted } = range;
  if (from >= to) return;
  for (let index = segments.floorIndex(from); index < segments.count; index++) {
    const segment = segments.at(index)!;
    if (segment.baseOffset >= to) return;
    let batchPosition = 0;
    let batchBytes = 0;
    const readMarker = (): TransactionMarker | undefined =>
      readMarkerAt(segment, batchPosition, batchBytes);
    scanBatches(segment.handle, {
      startPosition: segment.baseOffset < from ? segment.offsetIndex.positionFor(from) : 0,
      endPosition: segment.sizeBytes,
      check: "headers",
      visit: (bytes, at, position) => {
        if (lastOffsetAt(bytes, at) < from) return undefined;
        batchPosition = position;
        batchBytes = batchSizeAt(bytes, at);
        const aborted = state.replay(bytes, at, baseOffsetAt(bytes, at), nowMs, readMarker);
        if (aborted !== undefined) onAborted?.(segment, aborted);
        return undefined;
      },
    });
  }
}

/** The scan sees headers only, so that the body of a control batch is read by itself. */
function readMarkerAt(
  segment: Segment,
  position: number,
  sizeBytes: number,
): TransactionMarker | undefined {
  const batch = new Uint8Array(sizeBytes);
  readFully(segment.handle, batch, position, sizeBytes);
  try {
    return readTransactionMarker(batch, 0);
  } catch (error) {
    // Its CRC was right when it was appended: something else than a marker.
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}

interface Snapshot {
  readonly offset: number;
  readonly entries: readonly ProducerEntry[];
}

function newestSnapshot(
  input: ReplayInput,
  limit: number,
  damaged: "remove damaged ones" | "keep damaged ones" = "remove damaged ones",
): Snapshot | undefined {
  const { fileSystem, directory, segments, logEndOffset } = input;
  const offsets = snapshotOffsets(fileSystem, directory).reverse();
  for (const offset of offsets) {
    if (offset > limit && offset <= logEndOffset) continue;
    const path = segmentFilePath(directory, offset, SNAPSHOT_SUFFIX);
    const entries =
      offset >= segments.first.baseOffset && offset <= logEndOffset
        ? decodeProducerSnapshot(fileSystem.readFileSync(path))
        : undefined;
    if (entries !== undefined) return { offset, entries };
    if (damaged === "remove damaged ones") fileSystem.removeSync(path);
  }
  return undefined;
}

/** Offsets of the snapshots in a directory, ascending. */
export function snapshotOffsets(fileSystem: FileSystem, directory: string): number[] {
  return fileSystem
    .listSync(directory)
    .map((name) => parseBaseOffset(name, SNAPSHOT_SUFFIX))
    .filter((offset) => offset !== undefined)
    .sort((left, right) => left - right);
}
