import type { FileSystem, Logger } from "@ottla/runtime";
import type { TopicPartition } from "../engine/storage-engine.ts";
import type { LogConfig } from "../log/log-config.ts";
import { readSparseness, type Sparseness } from "../checkpoint/sparse-mark.ts";
import { removeSegmentFiles } from "../log/truncate-segments.ts";
import type { Segment } from "../segment/segment.ts";
import type { LeaderEpochCache } from "../state/leader-epoch-cache.ts";
import { PartitionDamage } from "./partition-damage.ts";
import { checkSegment, findEndOffset } from "./segment-recovery.ts";

export interface SegmentsPassOptions {
  readonly fileSystem: FileSystem;
  readonly logger: Logger;
  readonly directory: string;
  readonly topicPartition: TopicPartition;
  readonly config: LogConfig;
  readonly cleanShutdown: boolean;
  readonly recoveryPoint: number;
  readonly logStartOffset: number;
  readonly trustedEndOffset?: number;
  readonly onBytesChecked?: (bytes: number) => void;
  /** Leaves the sync of log files to the caller. */
  readonly syncLater?: true;
}

export interface SegmentsPassResult {
  readonly segments: readonly Segment[];
  readonly logEndOffset: number;
  /** Offset from which batches were checked; the log's end after a clean stop. */
  readonly checkedFrom: number;
  readonly truncatedBytes: number;
  readonly rebuiltIndexes: number;
  /** What the caller has to sync, if it asked for it. */
  readonly unsynced: readonly Segment[];
  /** The clean stop was believed: nothing was checked or changed. */
  readonly clean: boolean;
}

/** Pass 4 of the loader, see there. */
export class SegmentsPass {
  readonly #options: SegmentsPassOptions;
  readonly #segments: Segment[];
  readonly #leaderEpochs: LeaderEpochCache;
  #sparseness: Sparseness | undefined;
  readonly #unsynced: Segment[] = [];
  #truncatedBytes = 0;
  #rebuiltIndexes = 0;

  constructor(
    options: SegmentsPassOptions,
    segments: readonly Segment[],
    leaderEpochs: LeaderEpochCache,
  ) {
    this.#options = options;
    this.#segments = [...segments];
    this.#leaderEpochs = leaderEpochs;
  }

  /** Looked up when something is missing, which is rare. */
  #sparse(): Sparseness {
    const { config, fileSystem, directory, topicPartition } = this.#options;
    if (this.#sparseness === undefined) {
      const found = readSparseness(fileSystem, directory, topicPartition);
      const compacts = config.cleanupPolicy.includes("compact");
      this.#sparseness = { ...found, unknown: found.unknown || compacts };
    }
    return this.#sparseness;
  }

  /** Whether compaction may have left a hole in front of an offset. */
  #mayMissBefore(offset: number): boolean {
    const { below, unknown } = this.#sparse();
    return offset <= below || unknown;
  }

  run(): SegmentsPassResult {
    const active = this.#segments.at(-1)!;
    const { recoveryPoint, cleanShutdown, trustedEndOffset } = this.#options;
    const trustsStop = cleanShutdown && trustedEndOffset === undefined;
    const cleanEnd = trustsStop ? findEndOffset(active) : undefined;
    if (cleanEnd !== undefined) {
      if (cleanEnd < recoveryPoint) throw this.#lost(cleanEnd);
      if (active.rebuilt) this.#rebuiltIndexes++;
      return this.#result(cleanEnd, cleanEnd, true);
    }
    const first = Math.max(
      0,
      this.#segments.findLastIndex((segment) => segment.baseOffset <= recoveryPoint),
    );
    for (let index = 0; index < first; index++)
      this.#checkSealed(this.#segments[index]!, this.#segments[index + 1]!.baseOffset);
    const checkedFrom = this.#segments[first]!.baseOffset;
    // The file may tell of batches that a truncation took away; those that are read now say what holds.
    this.#leaderEpochs.truncateFromEnd(checkedFrom);
    const logEndOffset = this.#checkFrom(first);
    if (logEndOffset < recoveryPoint) throw this.#lost(logEndOffset);
    this.#makeDurable(first, logEndOffset);
    return this.#result(logEndOffset, checkedFrom, false);
  }

  #result(logEndOffset: number, checkedFrom: number, clean: boolean): SegmentsPassResult {
    return {
      segments: this.#segments,
      logEndOffset,
      checkedFrom,
      truncatedBytes: this.#truncatedBytes,
      rebuiltIndexes: this.#rebuiltIndexes,
      unsynced: this.#unsynced,
      clean,
    };
  }

  /** A segment below the recovery point: its end must meet the next one. */
  #checkSealed(segment: Segment, nextBaseOffset: number): void {
    let endOffset = findEndOffset(segment);
    // The roll at the recovery point may not have been synced: then the index files are of an earlier time.
    const mayBeStale = nextBaseOffset === this.#options.recoveryPoint;
    if ((mayBeStale || !this.#meets(endOffset, nextBaseOffset)) && !segment.rebuilt) {
      segment.rebuildIndexes(this.#options.config.indexIntervalBytes);
      endOffset = findEndOffset(segment);
    }
    if (segment.rebuilt) {
      this.#rebuiltIndexes++;
      this.#writeIndexes(segment);
    }
    segment.releaseIndexes();
    if (!this.#meets(endOffset, nextBaseOffset))
      throw new PartitionDamage(
        `${segment.path}: ends at offset ${endOffset ?? "unknown"} while the next segment starts at ${nextBaseOffset}`,
      );
  }

  /** The segment that follows begins where this one ends, or behind a hole that compaction may have left. */
  #meets(endOffset: number | undefined, nextBaseOffset: number): boolean {
    if (endOffset === undefined || endOffset > nextBaseOffset) return false;
    return endOffset === nextBaseOffset || this.#mayMissBefore(nextBaseOffset);
  }

  /** The same where the log may simply end: what is not known to be a hole counts as one below the recovery point only. */
  #endsBefore(baseOffset: number, endOffset: number): boolean {
    if (baseOffset === endOffset || baseOffset <= this.#sparse().below) return false;
    return !this.#mayMissBefore(baseOffset) || endOffset >= this.#options.recoveryPoint;
  }

  /** Checks all batches from here on; returns the log end offset. */
  #checkFrom(first: number): number {
    let endOffset = this.#segments[first]!.baseOffset;
    for (let index = first; index < this.#segments.length; index++) {
      const segment = this.#segments[index]!;
      if (segment.baseOffset < endOffset)
        throw new PartitionDamage(
          `${segment.path}: starts before the end ${endOffset} of the segment before it`,
        );
      if (this.#endsBefore(segment.baseOffset, endOffset)) {
        if (endOffset < this.#options.recoveryPoint)
          throw new PartitionDamage(
            `${segment.path}: offsets ${endOffset} to ${segment.baseOffset - 1} are missing`,
          );
        this.#dropFrom(index, endOffset, "it does not follow the end of the log");
        return endOffset;
      }
      const { damage, ...checked } = checkSegment(segment, {
        indexIntervalBytes: this.#options.config.indexIntervalBytes,
        mayMissBefore: (offset) => this.#mayMissBefore(offset),
        trustedEndOffset: this.#options.trustedEndOffset ?? Number.POSITIVE_INFINITY,
        leaderEpochs: this.#leaderEpochs,
        onBytesChecked: this.#options.onBytesChecked,
      });
      endOffset = checked.endOffset;
      if (damage !== undefined) {
        this.#cut(index, checked.soundBytes, endOffset, damage);
        return endOffset;
      }
    }
    return endOffset;
  }

  /** Cuts a torn tail, unless it reaches below what was synced. */
  #cut(index: number, soundBytes: number, endOffset: number, damage: string): void {
    const segment = this.#segments[index]!;
    if (endOffset < this.#options.recoveryPoint) {
      throw new PartitionDamage(
        `${segment.path}: ${damage} at byte ${soundBytes}, offset ${endOffset}, although offsets up to ${this.#options.recoveryPoint} were synced`,
      );
    }
    const lostBytes = segment.sizeBytes - soundBytes;
    this.#options.logger.warn("torn tail truncated", {
      file: segment.path,
      offset: endOffset,
      bytes: lostBytes,
      position: soundBytes,
      reason: damage,
    });
    this.#truncatedBytes += lostBytes;
    this.#dropFrom(index + 1, endOffset, "it follows a torn tail");
    segment.truncateTo(soundBytes, this.#options.config.indexIntervalBytes);
  }

  #dropFrom(index: number, endOffset: number, reason: string): void {
    for (const segment of this.#segments.splice(index).reverse()) {
      this.#options.logger.warn("segment beyond the end of the log removed", {
        file: segment.path,
        offset: endOffset,
        bytes: segment.sizeBytes,
        reason,
      });
      this.#truncatedBytes += segment.sizeBytes;
      segment.close();
      removeSegmentFiles(this.#options.fileSystem, this.#options.directory, segment.baseOffset);
    }
  }

  /** A log that ends at its recovery point and was not cut is synced as it is; but not after a sync that failed. */
  #makeDurable(first: number, logEndOffset: number): void {
    const { recoveryPoint, trustedEndOffset, syncLater } = this.#options;
    const isSynced =
      logEndOffset === recoveryPoint && this.#truncatedBytes === 0 && trustedEndOffset === undefined;
    for (const segment of this.#segments.slice(first)) {
      if (!isSynced && syncLater) this.#unsynced.push(segment);
      else if (!isSynced) segment.dataSyncNow();
      this.#rebuiltIndexes++;
      if (segment === this.#segments.at(-1)) continue;
      this.#writeIndexes(segment);
      segment.releaseIndexes();
    }
  }

  #writeIndexes(segment: Segment): void {
    for (const handle of segment.writeIndexes()) {
      try {
        handle.dataSyncNow();
      } finally {
        handle.closeSync();
      }
    }
  }

  #lost(endOffset: number): PartitionDamage {
    return new PartitionDamage(
      `${this.#options.directory}: the log ends at offset ${endOffset} although offsets up to ${this.#options.recoveryPoint} were synced`,
    );
  }
}
