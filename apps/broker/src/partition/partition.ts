import { ErrorCode } from "@ottla/protocol";
import type { AppendOutcome, AppendRequest, CompressionSetting, PartitionLog } from "@ottla/storage";
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

  /** Equals the high watermark while no transaction can be open. */
  get lastStableOffset(): number {
    return this.#highWatermark;
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
   * Compares the epoch that a client believes in with ours (KIP-320); -1 is a client that does not
   * know. NONE, FENCED_LEADER_EPOCH or UNKNOWN_LEADER_EPOCH.
   */
  checkLeaderEpoch(clientEpoch: number): number {
    if (clientEpoch < 0 || clientEpoch === this.#state.leaderEpoch) return ErrorCode.NONE;
    return clientEpoch < this.#state.leaderEpoch ? ErrorCode.FENCED_LEADER_EPOCH : ErrorCode.UNKNOWN_LEADER_EPOCH;
  }

  #advance(): void {
    const before = this.#highWatermark;
    // With one replica the durable end of our own log is the least of all in-sync replicas.
    this.#highWatermark = Math.max(before, this.log.durableOffset);
    this.onAdvance?.();
  }
}
