import {
  baseOffsetAt,
  batchSizeAt,
  ErrorCode,
  lastOffsetAt,
  RECORD_BATCH_OVERHEAD,
  ZERO_UUID,
} from "@ottla/protocol";
import { invariant } from "@ottla/runtime";
import type { AppendGate } from "./append-gate.ts";
import type { LogConfig } from "../log/log-config.ts";
import type { StageOutcome } from "../log/log.ts";
import type { HostLink } from "./host-link.ts";
import { stateOf, type LogState } from "./hosted-log.ts";
import { MemoryTail, type TailBudget } from "./memory-tail.ts";
import { emptyRead, readFromDisk } from "./disk-read.ts";
import { refused } from "./refused.ts";
import type { SpaceGuard } from "./space-guard.ts";
import type { SlabPool, SlabSlice } from "./slab-pool.ts";
import type {
  AbortedTransaction,
  ActiveProducer,
  AppendOutcome,
  AppendRequest,
  EpochEndOffset,
  PartitionLog,
  ReadOutcome,
  ReadRequest,
  TimestampOffset,
} from "./storage-engine.ts";

export interface EnginePartitionOptions {
  readonly partitionId: number;
  readonly topic: string;
  readonly partition: number;
  readonly topicId: string;
  readonly directory: string;
  readonly config: LogConfig;
  readonly link: HostLink;
  readonly tailBudget: TailBudget;
  readonly readSlabs: SlabPool;
  readonly space: SpaceGuard;
  readonly gate: AppendGate;
  /** Persists a log start offset that was moved by request, before the request is answered. */
  readonly persistLogStart: () => Promise<void>;
  /** Persists how far the log is synced and where it starts, on both sides of a truncation. */
  readonly persistTruncation: (bounds: TruncationBounds) => Promise<void>;
}

export interface TruncationBounds {
  readonly recoveryPoint: number;
  readonly logStartOffset: number;
}

/** `online`: serves. `recovering`: its worker died and another loads the log. `offline`: for good. `deleted`: gone. */
export type PartitionStatus = "online" | "recovering" | "offline" | "deleted";

const EMPTY: LogState = {
  logStartOffset: 0,
  logEndOffset: 0,
  durableOffset: 0,
  lastStableOffset: 0,
  hasAbortedTransactions: false,
  truncations: 0,
  latestLeaderEpoch: -1,
  sizeBytes: 0,
};

/**
 * One partition as the calling thread sees it: the last known offsets, the memory tail, and the way to its host.
 *
 * Invariants: logStartOffset <= lastStableOffset <= durableOffset <= logEndOffset. None of them goes back, except
 * through a truncation, which goes back at once, before its host has heard of it, so that nobody reads what is about
 * to be cut. What the host said before its cut is known by its count of truncations and no longer believed.
 */
export class EnginePartition implements PartitionLog {
  readonly partitionId: number;
  readonly topic: string;
  readonly partition: number;
  readonly topicId: string;
  readonly directory: string;
  readonly tail: MemoryTail;
  onChange: (() => void) | undefined;
  readonly #options: EnginePartitionOptions;
  #config: LogConfig;
  #state: LogState = EMPTY;
  #status: PartitionStatus = "recovering";
  #changed = false;
  /** `under way`: what the host says is older than the cut. `failed`: the host knows better than we do. */
  #truncation: "none" | "under way" | "failed" = "none";
  /** The last state was older than a cut: the append that came with it is not for the memory tail. */
  #outdated = false;

  constructor(options: EnginePartitionOptions) {
    this.#options = options;
    this.partitionId = options.partitionId;
    this.topic = options.topic;
    this.partition = options.partition;
    this.topicId = options.topicId;
    this.directory = options.directory;
    this.#config = options.config;
    this.tail = new MemoryTail(options.tailBudget);
  }

  /** A log that a crash cut short while it was made: nothing in it, and no topic id. Nobody was told of it. */
  get isUnfinished(): boolean {
    return this.online && this.topicId === ZERO_UUID && this.#state.logEndOffset === 0;
  }

  get logStartOffset(): number {
    return this.#state.logStartOffset;
  }

  get logEndOffset(): number {
    return this.#state.logEndOffset;
  }

  get durableOffset(): number {
    return this.#state.durableOffset;
  }

  get lastStableOffset(): number {
    return this.#state.lastStableOffset;
  }

  get hasAbortedTransactions(): boolean {
    return this.#state.hasAbortedTransactions;
  }

  get truncations(): number {
    return this.#state.truncations;
  }

  /** The offsets here are not those of the files. */
  get isTruncating(): boolean {
    return this.#truncation !== "none";
  }

  get latestLeaderEpoch(): number {
    return this.#state.latestLeaderEpoch;
  }

  get sizeBytes(): number {
    return this.#state.sizeBytes;
  }

  get online(): boolean {
    return this.#status === "online";
  }

  get config(): LogConfig {
    return this.#config;
  }

  get link(): HostLink {
    return this.#options.link;
  }

  append(request: AppendRequest): Promise<AppendOutcome> {
    const { closed } = this.#options.gate;
    if (closed !== undefined) return closed.then(() => this.append(request));
    if (!this.online) return Promise.resolve(refused(this.#refusal()));
    if (request.origin === "client" && !this.#options.space.admits(request.records.length)) {
      return Promise.resolve({
        ok: false,
        errorCode: ErrorCode.KAFKA_STORAGE_ERROR,
        message: "the disk of the broker is nearly full",
      });
    }
    return this.#options.link.append(this, request);
  }

  readTail(request: ReadRequest): ReadOutcome | undefined {
    if (!this.online) return { ok: false, errorCode: this.#refusal() };
    if (request.startOffset < this.logStartOffset || request.startOffset > this.logEndOffset)
      return undefined;
    // A consumer that has caught up asks for the end: nothing is the answer, and needs no hop.
    if (request.startOffset >= Math.min(request.limitOffset, this.logEndOffset))
      return emptyRead(this, request);
    return this.tail.read(request, this.logStartOffset);
  }

  async read(request: ReadRequest): Promise<ReadOutcome> {
    if (!this.online) return { ok: false, errorCode: this.#refusal() };
    if (request.startOffset < this.logStartOffset || request.startOffset > this.logEndOffset) {
      return { ok: false, errorCode: ErrorCode.OFFSET_OUT_OF_RANGE };
    }
    return this.readTail(request) ?? readFromDisk(this, request, this.#options.readSlabs);
  }

  offsetForTimestamp(timestampMs: number): Promise<TimestampOffset | undefined> {
    return this.#options.link.callLog(this, "offsetForTimestamp", timestampMs);
  }

  offsetOfMaxTimestamp(): Promise<TimestampOffset | undefined> {
    return this.#options.link.callLog(this, "offsetOfMaxTimestamp", undefined);
  }

  endOffsetForEpoch(leaderEpoch: number): Promise<EpochEndOffset> {
    return this.#options.link.callLog(this, "endOffsetForEpoch", leaderEpoch);
  }

  epochForOffset(offset: number): Promise<number> {
    return this.#options.link.callLog(this, "epochForOffset", offset);
  }

  async deleteRecordsBefore(offset: number): Promise<number> {
    const logStartOffset = await this.#options.link.callLog(this, "deleteRecordsBefore", offset);
    await this.#options.persistLogStart();
    return logStartOffset;
  }

  abortedTransactions(
    startOffset: number,
    endOffset: number,
  ): Promise<readonly AbortedTransaction[]> {
    if (!this.hasAbortedTransactions) return Promise.resolve([]);
    return this.#options.link.callLog(this, "abortedTransactions", { startOffset, endOffset });
  }

  producers(): Promise<readonly ActiveProducer[]> {
    return this.#options.link.callLog(this, "producers", undefined);
  }

  async truncateTo(offset: number): Promise<number> {
    const { logStartOffset } = this;
    const target = Math.max(offset, logStartOffset);
    const end = Math.min(target, this.logEndOffset);
    // The cut may end before the target, at the start of a batch.
    const safe = { recoveryPoint: logStartOffset, logStartOffset };
    return this.#truncate({ ...this.#state, logEndOffset: end }, safe, () =>
      this.#options.link.callLog(this, "truncateTo", target),
    );
  }

  async truncateFullyAndStartAt(offset: number): Promise<void> {
    const empty = { ...this.#state, logStartOffset: offset, logEndOffset: offset };
    const safe = { recoveryPoint: 0, logStartOffset: 0 };
    await this.#truncate(empty, safe, () =>
      this.#options.link.callLog(this, "truncateFullyAndStartAt", offset),
    );
  }

  /** `bounds` are on disk before the cut; whatever part of it survives a crash is then a sound log. */
  async #truncate(
    state: LogState,
    bounds: TruncationBounds,
    cut: () => Promise<number>,
  ): Promise<number> {
    invariant(this.#truncation !== "under way", "truncations of one log do not overlap");
    this.#truncation = "under way";
    this.#changed = true;
    const { logEndOffset } = state;
    this.#state = {
      ...state,
      durableOffset: Math.min(state.durableOffset, logEndOffset),
      lastStableOffset: Math.min(state.lastStableOffset, logEndOffset),
    };
    this.tail.clear();
    try {
      await this.#options.persistTruncation(bounds);
      const end = await cut();
      this.#truncation = "none";
      await this.#options.persistTruncation({
        recoveryPoint: end,
        logStartOffset: this.logStartOffset,
      });
      return end;
    } catch (error) {
      if (this.#truncation === "under way") this.#truncation = "failed";
      throw error;
    } finally {
      this.announce();
    }
  }

  async updateConfig(config: LogConfig): Promise<void> {
    // Kept first: a log that its worker takes along when it dies is loaded again with it.
    this.#config = config;
    if (this.#status !== "recovering")
      await this.#options.link.callLog(this, "updateConfig", config);
  }

  /** What the link does with each finished append, on the engine's thread and in offset order. */
  appendDone(records: SlabSlice, outcome: StageOutcome): void {
    // Only what the log wrote may be served: not a repeat, whose original the log holds, and not what it recompressed.
    const isStored = outcome.ok && !outcome.duplicate && outcome.storedBytes === undefined;
    if (isStored && this.online && !this.#outdated) this.#keep(records, outcome);
    records.release();
  }

  #keep(records: SlabSlice, { baseOffset, lastOffset }: OffsetRange): void {
    const { bytes } = records;
    if (batchSizeAt(bytes, 0) === records.length) {
      this.tail.append(records, baseOffset, lastOffset + 1);
      return;
    }
    // What a follower fetched: several batches, of which the log may have left out the last.
    for (let at = 0; at + RECORD_BATCH_OVERHEAD <= bytes.length;) {
      const size = batchSizeAt(bytes, at);
      if (at + size > bytes.length || lastOffsetAt(bytes, at) > lastOffset) return;
      const nextOffset = lastOffsetAt(bytes, at) + 1;
      this.tail.append(records.subslice(at, size), baseOffsetAt(bytes, at), nextOffset);
      at += size;
    }
  }

  /** Takes over what the host knows; `announce` tells the listener, once for many. */
  applyState(state: LogState): void {
    const { logStartOffset, logEndOffset, durableOffset, lastStableOffset } = state;
    const { truncations, hasAbortedTransactions, latestLeaderEpoch, sizeBytes } = state;
    const before = this.#state;
    // A log that was loaded again counts its truncations from the start.
    const counts = this.#status !== "recovering";
    this.#outdated = counts && isOlder(state, before, this.#truncation);
    if (this.#outdated) return;
    if ((counts && truncations > before.truncations) || this.#truncation === "failed") {
      this.#truncation = this.#truncation === "failed" ? "none" : this.#truncation;
      this.#changed = true;
      this.#state = stateOf(state);
      return;
    }
    this.#changed ||=
      durableOffset > before.durableOffset || logStartOffset > before.logStartOffset;
    this.#state = {
      logStartOffset: Math.max(before.logStartOffset, logStartOffset),
      logEndOffset: Math.max(before.logEndOffset, logEndOffset),
      durableOffset: Math.max(before.durableOffset, durableOffset),
      lastStableOffset: Math.max(before.lastStableOffset, lastStableOffset),
      hasAbortedTransactions,
      truncations,
      latestLeaderEpoch,
      sizeBytes,
    };
  }

  announce(): void {
    if (!this.#changed) return;
    this.#changed = false;
    this.onChange?.();
  }

  setStatus(status: PartitionStatus): void {
    if (this.#status === status || this.#status === "deleted") return;
    const wasOnline = this.online;
    this.#status = status;
    if (!this.online) this.tail.clear();
    if (wasOnline !== this.online) this.#changed = true;
    this.announce();
  }

  #refusal(): number {
    return this.#status === "deleted"
      ? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
      : ErrorCode.KAFKA_STORAGE_ERROR;
  }
}

interface OffsetRange {
  readonly baseOffset: number;
  readonly lastOffset: number;
}

/** Whether a host said this before the cut that we know of. */
function isOlder(
  state: LogState,
  known: LogState,
  truncation: "none" | "under way" | "failed",
): boolean {
  if (truncation === "under way") return state.truncations <= known.truncations;
  return state.truncations < known.truncations;
}
