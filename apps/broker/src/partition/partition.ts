import { ErrorCode } from "@ottla/protocol";
import {
  StorageError,
  type AppendOutcome,
  type AppendRequest,
  type CompressionSetting,
  type PartitionLog,
} from "@ottla/storage";
import type { PartitionImage } from "@ottla/coordinator";
import type { EffectiveTopicConfig } from "../config/topic-config.ts";

/** Acknowledgements that a producer can ask for. */
export const ACKS_ALL = -1;

const NOT_LEADER: AppendOutcome = {
  ok: false,
  errorCode: ErrorCode.NOT_LEADER_OR_FOLLOWER,
  message: "this broker does not lead the partition",
};

const NOT_ENOUGH_REPLICAS: AppendOutcome = {
  ok: false,
  errorCode: ErrorCode.NOT_ENOUGH_REPLICAS,
  message: "fewer replicas are in sync than min.insync.replicas asks for",
};

export type DeleteRecordsOutcome =
  | { readonly ok: true; readonly logStartOffset: number }
  | { readonly ok: false; readonly errorCode: number };

/**
 * One partition as its leader sees it: epoch, replicas, in-sync replicas and high watermark over a
 * log. Invariant: the high watermark never goes back, and never passes what is durable here.
 */
export class Partition {
  readonly topic: string;
  readonly partition: number;
  readonly topicId: string;
  readonly log: PartitionLog;
  readonly #brokerId: number;
  #state: PartitionImage;
  #config: EffectiveTopicConfig;
  #highWatermark: number;
  /** Called when the high watermark or the log start moved, or the state changed: waiting fetches look again. */
  onAdvance: (() => void) | undefined;

  constructor(options: {
    readonly log: PartitionLog;
    readonly state: PartitionImage;
    readonly brokerId: number;
    readonly config: EffectiveTopicConfig;
  }) {
    this.log = options.log;
    this.topic = options.log.topic;
    this.partition = options.log.partition;
    this.topicId = options.log.topicId;
    this.#brokerId = options.brokerId;
    this.#state = options.state;
    this.#config = options.config;
    this.#highWatermark = options.log.durableOffset;
    this.log.onChange = () => this.#advance();
  }

  get leaderEpoch(): number {
    return this.#state.leaderEpoch;
  }

  get leader(): number {
    return this.#state.leader;
  }

  get isLeader(): boolean {
    return this.#state.leader === this.#brokerId;
  }

  /** Consumers see what lies below: durable on every in-sync replica. */
  get highWatermark(): number {
    return this.#highWatermark;
  }

  /** Consumers in `read_committed` see what lies below: up to the oldest open transaction. */
  get lastStableOffset(): number {
    return Math.min(this.#highWatermark, this.log.lastStableOffset);
  }

  get logStartOffset(): number {
    return this.log.logStartOffset;
  }

  /** What the topic stores, whatever producers send. */
  get compressionType(): CompressionSetting {
    return this.#config.log.compressionType;
  }

  update(state: PartitionImage, config: EffectiveTopicConfig): void {
    this.#state = state;
    this.#config = config;
    this.#advance();
    this.onAdvance?.();
  }

  /** Resolves when the batch counts for `acks`; never rejects. The call order is the log order. */
  append(request: Omit<AppendRequest, "leaderEpoch">, acks: number): Promise<AppendOutcome> {
    if (!this.isLeader) return Promise.resolve(NOT_LEADER);
    if (acks === ACKS_ALL && this.#state.isr.length < this.#config.minInSyncReplicas) {
      return Promise.resolve(NOT_ENOUGH_REPLICAS);
    }
    return this.log.append({ ...request, leaderEpoch: this.#state.leaderEpoch });
  }

  /**
   * Makes records unreadable up to an offset, or up to the high watermark for `"high watermark"`; what lies below
   * already stays gone. Answers with the new log start offset once it is durable. The files go with the next
   * retention pass.
   */
  async deleteRecordsBefore(offset: number | "high watermark"): Promise<DeleteRecordsOutcome> {
    if (!this.isLeader) return { ok: false, errorCode: ErrorCode.NOT_LEADER_OR_FOLLOWER };
    if (!this.log.online) return { ok: false, errorCode: ErrorCode.KAFKA_STORAGE_ERROR };
    const { cleanupPolicy } = this.#config.log;
    // Compaction alone promises the last record of every key; no policy at all promises nothing of the kind.
    if (cleanupPolicy.includes("compact") && !cleanupPolicy.includes("delete")) {
      return { ok: false, errorCode: ErrorCode.POLICY_VIOLATION };
    }
    const before = offset === "high watermark" ? this.#highWatermark : offset;
    if (before < 0 || before > this.#highWatermark) {
      return { ok: false, errorCode: ErrorCode.OFFSET_OUT_OF_RANGE };
    }
    if (before <= this.logStartOffset) return { ok: true, logStartOffset: this.logStartOffset };
    try {
      return { ok: true, logStartOffset: await this.log.deleteRecordsBefore(before) };
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      return { ok: false, errorCode: ErrorCode.KAFKA_STORAGE_ERROR };
    }
  }

  /**
   * Compares the epoch that a client believes in with ours (KIP-320); -1 is a client that does not
   * know. NONE, FENCED_LEADER_EPOCH or UNKNOWN_LEADER_EPOCH.
   */
  checkLeaderEpoch(clientEpoch: number): number {
    if (clientEpoch < 0 || clientEpoch === this.#state.leaderEpoch) return ErrorCode.NONE;
    return clientEpoch < this.#state.leaderEpoch
      ? ErrorCode.FENCED_LEADER_EPOCH
      : ErrorCode.UNKNOWN_LEADER_EPOCH;
  }

  #advance(): void {
    const before = this.#highWatermark;
    // With one replica the durable end of our own log is the least of all in-sync replicas.
    this.#highWatermark = Math.max(before, this.log.durableOffset);
    this.onAdvance?.();
  }
}
