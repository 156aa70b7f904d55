import { ErrorCode } from "@ottla/protocol";
import type { LogConfig } from "../log/log-config.ts";
import type { StageOutcome } from "../log/log.ts";
import type { HostLink } from "./host-link.ts";
import type { LogState } from "./hosted-log.ts";
import { MemoryTail, type TailBudget } from "./memory-tail.ts";
import { emptyRead, readFromDisk } from "./disk-read.ts";
import { refused } from "./refused.ts";
import type { SpaceGuard } from "./space-guard.ts";
import type { SlabPool, SlabSlice } from "./slab-pool.ts";
import type {
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
  readonly config: LogConfig;
  readonly link: HostLink;
  readonly tailBudget: TailBudget;
  readonly readSlabs: SlabPool;
  readonly space: SpaceGuard;
  /** Persists a log start offset that was moved by request, before the request is answered. */
  readonly persistLogStart: () => Promise<void>;
}

/** `online`: serves. `recovering`: its worker died and another loads the log. `offline`: for good. `deleted`: gone. */
export type PartitionStatus = "online" | "recovering" | "offline" | "deleted";

/** Invariant: the offsets never go back; logStartOffset <= durableOffset <= logEndOffset. */
const EMPTY: LogState = {
  logStartOffset: 0,
  logEndOffset: 0,
  durableOffset: 0,
  latestLeaderEpoch: -1,
  sizeBytes: 0,
};

/** One partition as the calling thread sees it: the last known offsets, the memory tail, and the way to its host. */
export class EnginePartition implements PartitionLog {
  readonly partitionId: number;
  readonly topic: string;
  readonly partition: number;
  readonly topicId: string;
  readonly tail: MemoryTail;
  onChange: (() => void) | undefined;
  readonly #options: EnginePartitionOptions;
  #config: LogConfig;
  #state: LogState = EMPTY;
  #status: PartitionStatus = "recovering";
  #changed = false;

  constructor(options: EnginePartitionOptions) {
    this.#options = options;
    this.partitionId = options.partitionId;
    this.topic = options.topic;
    this.partition = options.partition;
    this.topicId = options.topicId;
    this.#config = options.config;
    this.tail = new MemoryTail(options.tailBudget);
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

  async updateConfig(config: LogConfig): Promise<void> {
    await this.#options.link.callLog(this, "updateConfig", config);
    this.#config = config;
  }

  /** What the link does with each finished append, on the engine's thread and in offset order. */
  appendDone(records: SlabSlice, outcome: StageOutcome): void {
    // Only what the log wrote may be served: not a repeat, whose original the log holds, and not what it recompressed.
    const isStored = outcome.ok && !outcome.duplicate && outcome.storedBytes === undefined;
    if (isStored && this.online) {
      this.tail.append(records, outcome.baseOffset, outcome.lastOffset + 1);
    }
    records.release();
  }

  /** Takes over what the host knows; `announce` tells the listener, once for many. */
  applyState(state: LogState): void {
    const { logStartOffset, logEndOffset, durableOffset, latestLeaderEpoch, sizeBytes } = state;
    const before = this.#state;
    this.#changed ||=
      durableOffset > before.durableOffset || logStartOffset > before.logStartOffset;
    this.#state = {
      logStartOffset: Math.max(before.logStartOffset, logStartOffset),
      logEndOffset: Math.max(before.logEndOffset, logEndOffset),
      durableOffset: Math.max(before.durableOffset, durableOffset),
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
