import type { Clock, FileSystem, Random } from "@ottla/runtime";
import { writeSparseMarkNow } from "../checkpoint/sparse-mark.ts";
import { encodeProducerSnapshot } from "../state/producer-snapshot.ts";
import type { LeaderEpochCache } from "../state/leader-epoch-cache.ts";
import type { ProducerEntry } from "../state/producer-entry.ts";
import type { ProducerState } from "../state/producer-state.ts";
import { Segment, type SegmentMark } from "../segment/segment.ts";
import {
  LOG_SUFFIX,
  MAX_RELATIVE_OFFSET,
  segmentFilePath,
  SNAPSHOT_SUFFIX,
} from "../segment/segment-files.ts";
import type { Segments } from "../segment/segments.ts";
import type { LogConfig } from "./log-config.ts";
import type { StagedBatch } from "./staged-batch.ts";
import { StorageError } from "./storage-error.ts";
import type { TransactionIndexes } from "./transaction-indexes.ts";
import type { UnsyncedFiles } from "./unsynced-files.ts";

export interface LogWriterParts {
  readonly fileSystem: FileSystem;
  readonly clock: Clock;
  readonly random: Random | undefined;
  readonly directory: string;
  readonly segments: Segments;
  readonly producerState: ProducerState;
  readonly leaderEpochs: LeaderEpochCache;
  readonly transactions: TransactionIndexes;
  readonly unsynced: UnsyncedFiles;
}

/** Where a failed write goes back to. */
interface GoodEnd {
  readonly endOffset: number;
  readonly segment: Segment;
  readonly mark: SegmentMark;
  readonly closingCount: number;
}

/**
 * Puts staged batches into segments and rolls. Invariant: after `write` the files hold exactly the batches
 * of all successful calls; a failed call leaves no trace, or throws a fatal StorageError.
 */
export class LogWriter {
  config: LogConfig;
  readonly #parts: LogWriterParts;
  #rollJitterMs: number;
  readonly #chunks: Uint8Array[] = [];
  /** Base offsets of segments that the call in progress started. */
  readonly #rolledTo: number[] = [];

  constructor(parts: LogWriterParts, config: LogConfig) {
    this.#parts = parts;
    this.config = config;
    this.#rollJitterMs = this.#drawJitter();
  }

  /**
   * Writes batches of which the first starts at the log end offset. A follower's may leave holes, which its leader's
   * cleaner made, in front of `holesBelow`: recovery has to know of them first.
   */
  write(staged: readonly StagedBatch[], holesBelow = 0): void {
    const [first] = staged;
    if (first === undefined) return;
    this.#attempt(first.baseOffset, () => {
      const { fileSystem, directory } = this.#parts;
      if (holesBelow > 0) writeSparseMarkNow(fileSystem, directory, holesBelow);
      this.#writeRuns(staged);
    });
  }

  /** Seals the active segment and starts an empty one at the log end offset. */
  rollAt(logEndOffset: number): void {
    this.#attempt(logEndOffset, () => this.#roll(logEndOffset));
  }

  #attempt(endOffset: number, work: () => void): void {
    const { segments, unsynced } = this.#parts;
    const good: GoodEnd = {
      endOffset,
      segment: segments.active,
      mark: segments.active.mark(),
      closingCount: unsynced.closingCount,
    };
    this.#rolledTo.length = 0;
    try {
      work();
    } catch (cause) {
      this.#goBack(good, cause);
    }
  }

  #writeRuns(staged: readonly StagedBatch[]): void {
    let runStart = 0;
    let runBytes = 0;
    for (let index = 0; index < staged.length; index++) {
      const batch = staged[index]!;
      if (this.#mustRoll(batch, staged[runStart]!, index - runStart, runBytes)) {
        this.#writeRun(staged, runStart, index, runBytes);
        this.#roll(batch.baseOffset);
        runStart = index;
        runBytes = 0;
      }
      runBytes += batch.bytes.length;
    }
    this.#writeRun(staged, runStart, staged.length, runBytes);
  }

  #mustRoll(
    batch: StagedBatch,
    firstOfRun: StagedBatch,
    runLength: number,
    runBytes: number,
  ): boolean {
    const { active } = this.#parts.segments;
    const size = active.sizeBytes + runBytes;
    if (size === 0) return batch.lastOffset - active.baseOffset > MAX_RELATIVE_OFFSET;
    if (size + batch.bytes.length > this.config.segmentBytes) return true;
    if (batch.lastOffset - active.baseOffset > MAX_RELATIVE_OFFSET) return true;
    if (active.indexesFull(this.config.segmentIndexBytes, runLength)) return true;
    const firstTimestamp =
      active.firstTimestamp ?? (runLength > 0 ? firstOfRun.maxTimestamp : batch.maxTimestamp);
    return batch.maxTimestamp - firstTimestamp > this.config.segmentMs - this.#rollJitterMs;
  }

  #writeRun(staged: readonly StagedBatch[], start: number, end: number, totalBytes: number): void {
    if (start === end) return;
    const { segments, unsynced, leaderEpochs, transactions } = this.#parts;
    const { active } = segments;
    this.#chunks.length = 0;
    for (let index = start; index < end; index++) this.#chunks.push(staged[index]!.bytes);
    unsynced.add(active);
    active.write(this.#chunks, totalBytes);
    this.#chunks.length = 0;
    for (let index = start; index < end; index++) {
      const batch = staged[index]!;
      active.noteBatch(
        batch.lastOffset,
        batch.bytes.length,
        batch.maxTimestamp,
        this.config.indexIntervalBytes,
      );
      leaderEpochs.assign(batch.leaderEpoch, batch.baseOffset);
      if (batch.aborted !== undefined) transactions.append(batch.aborted);
    }
  }

  /** Starts a segment at `baseOffset`, with a snapshot of the producers up to there. */
  #roll(baseOffset: number): void {
    this.#rolledTo.push(baseOffset);
    const { segments, unsynced, fileSystem, directory, producerState, transactions } = this.#parts;
    this.writeIndexes();
    this.writeSnapshot(baseOffset, producerState.entriesBefore(baseOffset));
    unsynced.namesChanged();
    transactions.sealActive(segments.active.baseOffset);
    const segment = Segment.create(fileSystem, directory, baseOffset);
    unsynced.add(segment);
    segments.add(segment);
    this.#rollJitterMs = this.#drawJitter();
  }

  /** Writes the indexes of the active segment. */
  writeIndexes(): void {
    const { segments, unsynced, transactions } = this.#parts;
    for (const handle of segments.active.writeIndexes()) unsynced.addAndClose(handle);
    const handle = transactions.writeActive();
    if (handle !== undefined) unsynced.addAndClose(handle);
  }

  writeSnapshot(offset: number, entries: readonly ProducerEntry[]): void {
    const { fileSystem, directory, unsynced, transactions } = this.#parts;
    const path = segmentFilePath(directory, offset, SNAPSHOT_SUFFIX);
    const content = encodeProducerSnapshot(entries, transactions.activeCount);
    const handle = fileSystem.openSync(path, "write");
    unsynced.addAndClose(handle);
    unsynced.namesChanged();
    if (handle.sizeBytes() > content.length) handle.truncateSync(content.length);
    const written = handle.writeSync([content], 0);
    if (written !== content.length)
      throw new StorageError(`short write: ${written} of ${content.length} bytes`, {
        fatal: false,
        path,
      });
  }

  /** Undoes all that the failed call wrote; what cannot be undone makes the directory untrustworthy. */
  #goBack(good: GoodEnd, cause: unknown): never {
    const { segments, unsynced, leaderEpochs, transactions } = this.#parts;
    const message = cause instanceof Error ? cause.message : String(cause);
    try {
      unsynced.dropSince(good.closingCount);
      while (segments.active !== good.segment) {
        const segment = segments.removeLast();
        unsynced.drop(segment);
        segment.close();
      }
      for (const baseOffset of this.#rolledTo) this.#removeRolled(baseOffset);
      good.segment.restore(good.mark);
      leaderEpochs.truncateFromEnd(good.endOffset);
      transactions.truncateTo(good.endOffset);
      unsynced.namesChanged();
    } catch (undoFailure) {
      throw new StorageError(`a failed write could not be undone: ${message}`, {
        fatal: true,
        path: good.segment.path,
        cause: undoFailure,
      });
    }
    throw new StorageError(`write failed: ${message}`, {
      fatal: false,
      path: good.segment.path,
      cause,
    });
  }

  /** Removes what a failed roll made; its offsets will be written again, into the older segment. */
  #removeRolled(baseOffset: number): void {
    const { fileSystem, directory } = this.#parts;
    for (const suffix of [LOG_SUFFIX, SNAPSHOT_SUFFIX])
      fileSystem.removeSync(segmentFilePath(directory, baseOffset, suffix));
  }

  #drawJitter(): number {
    const { segmentJitterMs, segmentMs } = this.config;
    if (segmentJitterMs === 0) return 0;
    return this.#parts.random?.nextInt(Math.min(segmentJitterMs, segmentMs) + 1) ?? 0;
  }
}
