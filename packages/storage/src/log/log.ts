import { ErrorCode } from "@ottla/protocol";
import { invariant } from "@ottla/runtime";
import type { ReadRequest, TopicPartition } from "../engine/storage-engine.ts";
import { expireSegments } from "../retention/expire-segments.ts";
import { dropSegmentFiles, type SegmentFiles } from "../segment/deleted-files.ts";
import {
  AppendStager,
  offlineRefusal,
  type StageOptions,
  type StageOutcome,
} from "./append-stager.ts";
import type { LogConfig } from "./log-config.ts";
import type { LogMaintenance } from "./log-maintenance.ts";
import type { LogParts } from "./log-parts.ts";
import { LogQueries } from "./log-queries.ts";
import { LogReader, type ReadIntoOutcome } from "./log-reader.ts";
import { LogWriter } from "./log-writer.ts";
import { LogOrder } from "./log-order.ts";
import { handOverStamp, type LogStamp } from "./log-stamp.ts";
import { LogSync } from "./log-sync.ts";
import { LogStatus } from "./log-status.ts";
import type { StorageError } from "./storage-error.ts";
import { startLogAt, truncateLog } from "./truncate-log.ts";
import { UnsyncedFiles } from "./unsynced-files.ts";

export type { SegmentFiles } from "../segment/deleted-files.ts";
export type { StageOptions, StageOutcome } from "./append-stager.ts";
export type { LogParts } from "./log-parts.ts";
export type { ReadIntoOutcome } from "./log-reader.ts";

/**
 * One partition's log, used by exactly one thread; synchronous but for sync and reads.
 *
 * Invariants: logStartOffset <= recoveryPoint <= logEndOffset <= offset of the next staged batch; offsets
 * are dense; none of them goes back except through the two truncations. Between `stage` and `writeStaged` the
 * producer state is ahead of the files, never behind.
 */
export class Log {
  readonly topicPartition: TopicPartition;
  readonly topicId: string;
  readonly directory: string;
  readonly #parts: LogParts;
  readonly #writer: LogWriter;
  readonly #reader: LogReader;
  readonly queries: LogQueries;
  readonly #unsynced = new UnsyncedFiles();
  readonly #sync: LogSync;
  readonly #stager: AppendStager;
  #logStartOffset: number;
  #logEndOffset: number;
  #recoveryPoint: number;
  readonly #status: LogStatus;
  readonly #order: LogOrder;

  constructor(parts: LogParts) {
    this.#parts = parts;
    this.#sync = new LogSync(parts, this.#unsynced);
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
    this.#order = new LogOrder(parts, this.#writer, this.#unsynced);
    this.#reader = new LogReader(parts.segments, () => this.#stager.config.indexIntervalBytes);
    this.queries = new LogQueries(parts, this.#reader, this);
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
    return this.#sync.needed;
  }
  /** True after a fatal StorageError: every later call fails. */
  get failed(): boolean {
    return this.#status.failed;
  }
  get producerCount(): number {
    return this.#parts.producerState.size;
  }
  /** False when `abortedTransactions` has nothing to tell for any range. */
  get hasAbortedTransactions(): boolean {
    return this.#parts.transactions.any;
  }
  /** What a `read_committed` reader may see, when all below `highWatermark` is replicated. */
  lastStableOffset(highWatermark: number): number {
    return Math.max(
      this.#logStartOffset,
      this.#parts.producerState.lastStableOffset(highWatermark),
    );
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
    invariant(staged[0]!.baseOffset >= this.#logEndOffset, "staged batches follow the log end");
    try {
      this.#writer.write(staged, this.#stager.holesBelow);
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
    const syncedTo = this.#logEndOffset;
    try {
      await this.#sync.run();
    } catch (cause) {
      throw this.#syncFailure(cause);
    }
    if (this.#status.open)
      this.#recoveryPoint = Math.max(this.#recoveryPoint, Math.min(syncedTo, this.#logEndOffset));
  }

  /** As `sync`, in the calling thread, but only if a single fdatasync is enough; whether all is synced now. */
  trySyncNow(): boolean {
    if (this.#sync.isOneCall) this.#syncNow();
    return !this.hasUnsynced;
  }

  #syncNow(): void {
    try {
      this.#sync.runNow();
    } catch (cause) {
      throw this.#syncFailure(cause);
    }
    this.#recoveryPoint = this.#logEndOffset;
  }

  #syncFailure(cause: unknown): StorageError {
    const what = `sync of ${this.#status.name} failed; nothing beyond ${this.#recoveryPoint} is trusted`;
    return this.#status.noteFatal(what, cause);
  }

  /** Whole batches from `startOffset` on into `target`. OFFSET_OUT_OF_RANGE (1) outside [log start, log end]. */
  readInto(request: ReadRequest, target: Uint8Array): Promise<ReadIntoOutcome> {
    if (this.#status.open) return this.queries.readInto(request, target);
    return Promise.resolve({ ok: false, errorCode: ErrorCode.KAFKA_STORAGE_ERROR });
  }

  /** Moves the log start, at most to the recovery point; the caller persists it before it answers. */
  deleteRecordsBefore(offset: number): number {
    this.#moveLogStart(Math.min(offset, this.#recoveryPoint));
    return this.#logStartOffset;
  }

  /** As of now; for calls that follow without an await. */
  maintenance(): LogMaintenance {
    return {
      parts: this.#parts,
      unsynced: this.#unsynced,
      config: this.config,
      logStartOffset: this.#logStartOffset,
      logEndOffset: this.#logEndOffset,
      recoveryPoint: this.#recoveryPoint,
      idle: !this.hasStaged,
      checkOpen: () => this.#status.checkOpen(),
      roll: () => this.#roll(),
      fail: (message, cause) => this.#status.noteFatal(message, cause),
    };
  }

  #roll(): void {
    try {
      this.#writer.rollAt(this.#logEndOffset);
    } catch (error) {
      throw this.#status.noteFailure(error);
    }
  }

  updateConfig(config: LogConfig): void {
    this.#stager.config = config;
    this.#writer.config = config;
  }

  /**
   * Takes expired segments out of the log and moves the log start. Their files stand until `dropFiles`, when
   * the new log start is persisted: else a power loss in between could leave a hole that looks like damage.
   */
  applyRetention(nowMs: number, highWatermark: number): SegmentFiles[] {
    this.#status.checkOpen();
    invariant(this.#stager.staged.length === 0, "retention runs with nothing staged");
    const files = this.#expire(nowMs, Math.min(highWatermark, this.#recoveryPoint));
    if (files.length === 0) return files;
    this.#moveLogStart(this.#parts.segments.first.baseOffset);
    this.#parts.transactions.dropBelow(this.#parts.segments.first.baseOffset);
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
        roll: () => this.#roll(),
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

  /**
   * Cuts the log back to `offset`, or to the start of the batch that holds it, and returns its new end. The caller
   * has persisted a recovery point at or below that. Nothing may be syncing.
   */
  truncateTo(offset: number): number {
    this.#status.checkOpen();
    this.discardStaged();
    if (offset >= this.#logEndOffset) return this.#logEndOffset;
    invariant(offset >= this.#logStartOffset, "a log is not truncated below its start");
    const { indexIntervalBytes } = this.config;
    const options = { offset, logStartOffset: this.#logStartOffset, indexIntervalBytes };
    return this.#cut(() => truncateLog(this.#parts, this.#unsynced, options));
  }

  /** Empties the log and lets it begin at `offset`. The caller has persisted a recovery point and a log start of 0. */
  truncateFullyAndStartAt(offset: number): number {
    this.#status.checkOpen();
    this.discardStaged();
    this.#logStartOffset = 0;
    this.#cut(() => startLogAt(this.#parts, this.#unsynced, offset));
    this.#logStartOffset = offset;
    return offset;
  }

  #cut(cut: () => number): number {
    try {
      this.#logEndOffset = this.#stager.nextOffset = cut();
    } catch (cause) {
      throw this.#status.noteFatal(`truncating ${this.#status.name} failed`, cause);
    }
    this.#reader.reset();
    this.#recoveryPoint = Math.min(this.#recoveryPoint, this.#logEndOffset);
    return this.#logEndOffset;
  }

  /**
   * A clean stop: producer snapshot, trimmed indexes, everything synced, descriptors closed. Idempotent. With
   * `indexesInStamp` small ones are left to the stamp, for whoever closes thousands of logs and keeps their stamps.
   */
  async close({ indexesInStamp = false } = {}): Promise<void> {
    if (!this.#prepareClose(indexesInStamp)) return;
    await this.sync();
    this.#finishClose();
  }

  closeSync(): void {
    if (!this.#prepareClose(false)) return;
    this.#syncNow();
    this.#finishClose();
  }

  #prepareClose(indexesInStamp: boolean): boolean {
    if (this.#status.closed) return false;
    this.#status.checkOpen();
    this.writeStaged();
    try {
      this.#order.settleForEnd(this.#logEndOffset, indexesInStamp);
    } catch (cause) {
      throw this.#status.noteFatal(`closing ${this.#status.name} failed`, cause);
    }
    return true;
  }

  /** Writes index files and snapshot of a log that stays open: a failure leaves it as usable as before, and answers false. */
  settle(): boolean {
    try {
      this.#order.settle(this.#logEndOffset);
      return true;
    } catch (error) {
      const { logger, directory } = this.#parts;
      logger.warn("index files could not be written ahead", { directory, error: String(error) });
      return false;
    }
  }

  /** True when index files and snapshot are as complete as the log. */
  get settled(): boolean {
    return this.#order.settled;
  }

  get open(): boolean {
    return this.#status.open;
  }

  /** The last stamp made; whoever uses it notices when the log was touched since. */
  get knownStamp(): LogStamp | undefined {
    return this.#order.stamp;
  }

  /** How another thread can go on with this log, which is then to be abandoned here; undefined: close it instead. */
  handOver(): LogStamp | undefined {
    return this.hasUnsynced ? undefined : handOverStamp(this.#parts, this.#logEndOffset);
  }

  /** How to open this log without looking into its files; undefined unless it is settled and synced. */
  stamp(): LogStamp | undefined {
    if (this.#status.failed || this.hasUnsynced || this.hasStaged) return undefined;
    if (this.#status.closed) return this.#order.stamp;
    return this.#order.renew(this.#logEndOffset);
  }

  #finishClose(): void {
    this.#order.renewAtEnd(this.#logEndOffset); // While a segment can still be read, because a lost index is built anew for it.
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
