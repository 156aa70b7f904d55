import type { FileSystem, Logger } from "@ottla/runtime";
import type { TopicPartition } from "../engine/storage-engine.ts";
import type { LogConfig } from "../log/log-config.ts";
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
}

export interface SegmentsPassResult {
  readonly segments: readonly Segment[];
  readonly logEndOffset: number;
  /** Offset from which batches were checked; the log's end after a clean stop. */
  readonly checkedFrom: number;
  readonly truncatedBytes: number;
  readonly rebuiltIndexes: number;
  /** The clean stop was believed: nothing was checked or changed. */
  readonly clean: boolean;
}

/** Pass 4 of the loader, see there. */
export class SegmentsPass {
  readonly #options: SegmentsPassOptions;
  readonly #segments: Segment[];
  readonly #leaderEpochs: LeaderEpochCache;
  readonly #dense: boolean;
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
    this.#dense = !options.config.cleanupPolicy.includes("compact");
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
    const logEndOffset = this.#checkFrom(first);
    if (logEndOffset < recoveryPoint) throw this.#lost(logEndOffset);
    this.#makeDurable(first);
    return this.#result(logEndOffset, checkedFrom, false);
  }

  #result(logEndOffset: number, checkedFrom: number, clean: boolean): SegmentsPassResult {
    return {
      segments: this.#segments,
      logEndOffset,
      checkedFrom,
      truncatedBytes: this.#truncatedBytes,
      rebuiltIndexes: this.#rebuiltIndexes,
      clean,
    };
  }

  /** A segment below the recovery point: its end must meet the next one. */
  #checkSealed(segment: Segment, nextBaseOffset: number): void {
    let endOffset = findEndOffset(segment);
    if (endOffset !== nextBaseOffset && !segment.rebuilt) {
      segment.rebuildIndexes(this.#options.config.indexIntervalBytes);
      endOffset = findEndOffset(segment);
    }
    if (segment.rebuilt) {
      this.#rebuiltIndexes++;
      this.#writeIndexes(segment);
    }
    segment.releaseIndexes();
    const sound =
      endOffset !== undefined &&
      (endOffset === nextBaseOffset || (!this.#dense && endOffset < nextBaseOffset));
    if (!sound)
      throw new PartitionDamage(
        `${segment.path}: ends at offset ${endOffset ?? "unknown"} while the next segment starts at ${nextBaseOffset}`,
      );
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
      if (
        segment.baseOffset > endOffset &&
        (this.#dense || endOffset >= this.#options.recoveryPoint)
      ) {
        if (endOffset < this.#options.recoveryPoint)
          throw new PartitionDamage(
            `${segment.path}: offsets ${endOffset} to ${segment.baseOffset - 1} are missing`,
          );
        this.#dropFrom(index, endOffset, "it does not follow the end of the log");
        return endOffset;
      }
      const { damage, ...checked } = checkSegment(segment, {
        indexIntervalBytes: this.#options.config.indexIntervalBytes,
        denseOffsets: this.#dense,
        trustedEndOffset: this.#options.trustedEndOffset ?? Number.POSITIVE_INFINITY,
        leaderEpochs: this.#leaderEpochs,
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

  #makeDurable(first: number): void {
    for (const segment of this.#segments.slice(first)) {
      segment.dataSyncNow();
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
