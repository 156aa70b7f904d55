import { ErrorCode } from "@ottla/protocol";
import { invariant } from "@ottla/runtime";
import { join } from "node:path";
import { replaceFile, replaceFileNow } from "../checkpoint/checkpoint-file.ts";
import { encodeLeaderEpochs } from "../checkpoint/partition-files.ts";
import type {
  EpochEndOffset,
  ReadRequest,
  TimestampOffset,
  TopicPartition,
} from "../engine/storage-engine.ts";
import { expireSegments } from "../retention/expire-segments.ts";
import { dropSegmentFiles, type SegmentFiles } from "../segment/deleted-files.ts";
import { LEADER_EPOCH_CHECKPOINT } from "../segment/segment-files.ts";
import { replayProducerState } from "../state/producer-state-loader.ts";
import {
  AppendStager,
  offlineRefusal,
  type StageOptions,
  type StageOutcome,
} from "./append-stager.ts";
import type { LogConfig } from "./log-config.ts";
import type { LogParts } from "./log-parts.ts";
import { LogReader } from "./log-reader.ts";
import { LogWriter } from "./log-writer.ts";
import { LogStatus } from "./log-status.ts";
import type { StorageError } from "./storage-error.ts";
import { truncateSegments } from "./truncate-segments.ts";
import { UnsyncedFiles } from "./unsynced-files.ts";

export type { SegmentFiles } from "../segment/deleted-files.ts";
export type { StageOptions, StageOutcome } from "./append-stager.ts";
export type { LogParts } from "./log-parts.ts";

export type ReadIntoOutcome =
  | { readonly ok: true; readonly sizeBytes: number; readonly nextOffset: number }
  /** The first batch does not fit: call again with a target of at least this size. */
  | { readonly ok: false; readonly neededBytes: number }
  | { readonly ok: false; readonly errorCode: number };

/**
 * One partition's log, used by exactly one thread; synchronous but for sync and reads.
 *
 * Invariants: logStartOffset <= recoveryPoint <= logEndOffset <= offset of the next staged batch; offsets
 * are dense; none of them goes back except through `truncateTo`. Between `stage` and `writeStaged` the
 * producer state is ahead of the files, never behind.
 */
export class Log {
  readonly topicPartition: TopicPartition;
  readonly topicId: string;
  readonly directory: string;
  readonly #parts: LogParts;
  readonly #writer: LogWriter;
  readonly #reader: LogReader;
  readonly #unsynced = new UnsyncedFiles();
  readonly #stager: AppendStager;
  #logStartOffset: number;
  #logEndOffset: number;
  #recoveryPoint: number;
  readonly #status: LogStatus;

  constructor(parts: LogParts) {
    this.#parts = parts;
    this.#status = new LogStatus(parts.topicPartition, parts.directory);
    this.topicPartition = parts.topicPartition;
    this.topicId = parts.topicId;
    this.directory = parts.directory;
    this.#stager = new AppendStager(
      parts.clock,
      parts.producerState,
      parts.config,
      parts.logEndOffset,
    );
    this.#logStartOffset = parts.logStartOffset;
    this.#logEndOffset = this.#recoveryPoint = parts.logEndOffset;
    this.#writer = new LogWriter({ ...parts, unsynced: this.#unsynced }, parts.config);
    this.#reader = new LogReader(parts.segments, () => this.#stager.config.indexIntervalBytes);
  }

  get config(): LogConfig {
    return this.#stager.config;
  }
  get logStartOffset(): number {
    return this.#logStartOffset;
  }
  /** Offset after the last batch that was written, not merely staged. */
  get logEndOffset(): number {
    return this.#logEndOffset;
  }
  /** All below is fsynced. */
  get recoveryPoint(): number {
    return this.#recoveryPoint;
  }
  get latestLeaderEpoch(): number {
    return this.#parts.leaderEpochs.latestEpoch;
  }
  get sizeBytes(): number {
    return this.#parts.segments.sizeBytes();
  }
  get hasStaged(): boolean {
    return this.#stager.staged.length > 0;
  }
  /** True when written bytes or changed names wait for `sync`. */
  get hasUnsynced(): boolean {
    return this.#unsynced.any || this.#parts.leaderEpochs.dirty;
  }
  /** True after a fatal StorageError: every later call fails. */
  get failed(): boolean {
    return this.#status.failed;
  }
  get producerCount(): number {
    return this.#parts.producerState.size;
  }

  /**
   * Validates a batch, stamps offsets, epoch and append time in place and queues it for `writeStaged`. A
   * duplicate is ok and queues nothing: acknowledge it when its last offset is below the recovery point.
   */
  stage(batch: Uint8Array, options: StageOptions): StageOutcome {
    if (!this.#status.open) return offlineRefusal(this.#status.name);
    return this.#stager.stage(batch, options, this.#logStartOffset);
  }

  /** Writes all staged batches. On failure none of them counts and a StorageError is thrown. */
  writeStaged(): void {
    const { staged } = this.#stager;
    if (staged.length === 0) return;
    this.#status.checkOpen();
    invariant(staged[0]!.baseOffset === this.#logEndOffset, "staged batches follow the log end");
    try {
      this.#writer.write(staged);
    } catch (error) {
      this.discardStaged();
      throw this.#status.noteFailure(error);
    }
    this.#stager.commit();
    this.#logEndOffset = this.#stager.nextOffset;
  }

  /** Takes back what is staged but not written. */
  discardStaged(): void {
    this.#stager.discard(this.#logEndOffset);
  }

  /** Makes all that is written durable, then moves the recovery point. Calls must not overlap. Any failure is final. */
  async sync(): Promise<void> {
    this.#status.checkOpen();
    const { fileSystem, directory, leaderEpochs } = this.#parts;
    const syncedTo = this.#logEndOffset;
    try {
      await this.#unsynced.sync(fileSystem, directory);
      const epochs = leaderEpochs.takeChanges();
      if (epochs) await replaceFile(fileSystem, this.#epochsPath, encodeLeaderEpochs(epochs));
    } catch (cause) {
      throw this.#syncFailure(cause);
    }
    if (this.#status.open)
      this.#recoveryPoint = Math.max(this.#recoveryPoint, Math.min(syncedTo, this.#logEndOffset));
  }

  #syncNow(): void {
    const { fileSystem, directory, leaderEpochs } = this.#parts;
    try {
      this.#unsynced.syncNow(fileSystem, directory);
      const epochs = leaderEpochs.takeChanges();
      if (epochs) replaceFileNow(fileSystem, this.#epochsPath, encodeLeaderEpochs(epochs));
    } catch (cause) {
      throw this.#syncFailure(cause);
    }
    this.#recoveryPoint = this.#logEndOffset;
  }

  get #epochsPath(): string {
    return join(this.directory, LEADER_EPOCH_CHECKPOINT);
  }

  #syncFailure(cause: unknown): StorageError {
    return this.#status.noteFatal(
      `sync of ${this.#status.name} failed; nothing beyond offset ${this.#recoveryPoint} is trusted`,
      cause,
    );
  }

  /** Whole batches from `startOffset` on into `target`. OFFSET_OUT_OF_RANGE (1) outside [log start, log end]. */
  async readInto(request: ReadRequest, target: Uint8Array): Promise<ReadIntoOutcome> {
    const { startOffset } = request;
    if (!this.#status.open) return { ok: false, errorCode: ErrorCode.KAFKA_STORAGE_ERROR };
    if (startOffset < this.#logStartOffset || startOffset > this.#logEndOffset)
      return { ok: false, errorCode: ErrorCode.OFFSET_OUT_OF_RANGE };
    if (startOffset >= request.limitOffset)
      return { ok: true, sizeBytes: 0, nextOffset: startOffset };
    try {
      return await this.#reader.readInto(request, target);
    } catch (cause) {
      // The segment may have been deleted while the read was under way.
      if (startOffset < this.#logStartOffset)
        return { ok: false, errorCode: ErrorCode.OFFSET_OUT_OF_RANGE };
      this.#parts.logger.error("reading a log failed", {
        ...this.topicPartition,
        startOffset,
        cause,
      });
      return { ok: false, errorCode: ErrorCode.KAFKA_STORAGE_ERROR };
    }
  }

  offsetForTimestamp(timestampMs: number): Promise<TimestampOffset | undefined> {
    return this.#reader.offsetForTimestamp(timestampMs, this.#logStartOffset);
  }

  offsetOfMaxTimestamp(): Promise<TimestampOffset | undefined> {
    return this.#reader.offsetOfMaxTimestamp(this.#logStartOffset);
  }

  endOffsetForEpoch(leaderEpoch: number): EpochEndOffset {
    return this.#parts.leaderEpochs.endOffsetFor(leaderEpoch, this.#logEndOffset);
  }

  epochForOffset(offset: number): number {
    return this.#parts.leaderEpochs.epochFor(offset);
  }

  /** Moves the log start, at most to the recovery point; the caller persists it before it answers. */
  deleteRecordsBefore(offset: number): number {
    this.#moveLogStart(Math.min(offset, this.#recoveryPoint));
    return this.#logStartOffset;
  }

  updateConfig(config: LogConfig): void {
    this.#stager.config = config;
    this.#writer.config = config;
  }

  /**
   * Takes expired segments out of the log and moves the log start. The files stand until the caller, having
   * persisted the new log start, gives them to `dropFiles`: otherwise a power loss in between could leave a
   * hole that looks like damage.
   */
  applyRetention(nowMs: number, highWatermark: number): SegmentFiles[] {
    this.#status.checkOpen();
    invariant(this.#stager.staged.length === 0, "retention runs with nothing staged");
    const files = this.#expire(nowMs, Math.min(highWatermark, this.#recoveryPoint));
    if (files.length > 0) this.#moveLogStart(this.#parts.segments.first.baseOffset);
    return files;
  }

  #expire(nowMs: number, highWatermark: number): SegmentFiles[] {
    try {
      return expireSegments(this.#parts, {
        config: this.#stager.config,
        nowMs,
        highWatermark,
        logStartOffset: this.#logStartOffset,
        logEndOffset: this.#logEndOffset,
        unsynced: this.#unsynced,
        roll: () => this.#writer.rollAt(this.#logEndOffset),
      });
    } catch (error) {
      throw this.#status.noteFailure(error);
    }
  }

  /** Renames the files of removed segments to `.deleted`, once the new log start is persisted. */
  dropFiles(files: readonly SegmentFiles[]): void {
    const { fileSystem, directory } = this.#parts;
    this.#unsynced.namesChanged();
    dropSegmentFiles(fileSystem, directory, files);
  }

  /** Forgets producers that were silent for longer; returns how many. */
  expireProducers(nowMs: number, expirationMs: number): number {
    if (this.hasStaged) return 0;
    return this.#parts.producerState.expire(nowMs, expirationMs);
  }

  #moveLogStart(offset: number): void {
    if (offset <= this.#logStartOffset) return;
    this.#logStartOffset = offset;
    this.#parts.leaderEpochs.truncateFromStart(offset);
  }

  /** Cuts the log back to `offset`. The caller has persisted a recovery point at or below it. Nothing may be syncing. */
  truncateTo(offset: number): void {
    this.#status.checkOpen();
    this.discardStaged();
    if (offset >= this.#logEndOffset) return;
    invariant(offset >= this.#logStartOffset, "a log is not truncated below its start");
    const { segments, leaderEpochs, producerState, fileSystem, directory, clock } = this.#parts;
    try {
      truncateSegments(this.#parts, this.#unsynced, offset, this.#stager.config.indexIntervalBytes);
      leaderEpochs.truncateFromEnd(offset);
      this.#reader.reset();
      this.#logEndOffset = this.#stager.nextOffset = offset;
      this.#recoveryPoint = Math.min(this.#recoveryPoint, offset);
      replayProducerState(producerState, {
        fileSystem,
        directory,
        segments,
        logEndOffset: offset,
        nowMs: clock.nowMs(),
      });
    } catch (cause) {
      throw this.#status.noteFatal(`truncating ${this.#status.name} failed`, cause);
    }
  }

  /** A clean stop: producer snapshot, trimmed indexes, everything synced, descriptors closed. Idempotent. */
  async close(): Promise<void> {
    if (!this.#prepareClose()) return;
    await this.sync();
    this.#finishClose();
  }

  closeSync(): void {
    if (!this.#prepareClose()) return;
    this.#syncNow();
    this.#finishClose();
  }

  #prepareClose(): boolean {
    if (this.#status.closed) return false;
    this.#status.checkOpen();
    this.writeStaged();
    const { segments, producerState } = this.#parts;
    try {
      for (const handle of segments.active.writeIndexes()) this.#unsynced.addAndClose(handle);
      this.#writer.writeSnapshot(
        this.#logEndOffset,
        producerState.entriesBefore(this.#logEndOffset),
      );
      this.#unsynced.namesChanged();
    } catch (cause) {
      throw this.#status.noteFatal(`closing ${this.#status.name} failed`, cause);
    }
    return true;
  }

  #finishClose(): void {
    this.#status.close();
    for (const segment of this.#parts.segments.all()) segment.close();
  }

  /** Closes descriptors and flushes nothing: for a log that is deleted or failed. */
  abandon(): void {
    this.#status.close();
    this.#unsynced.dropSince(0);
    for (const segment of this.#parts.segments.all()) segment.close();
  }
}
