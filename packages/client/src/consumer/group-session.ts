import { ErrorCode } from "@ottla/protocol";
import type { Cluster } from "../connection/cluster.ts";
import { KafkaError } from "../errors.ts";
import { commitOffsets, type OffsetToCommit } from "../group-offsets.ts";
import { partitionKey, type TopicPartition } from "../topic-partition.ts";
import type { AssignedPartitions } from "./assigned-partitions.ts";
import type { ConsumerSettings } from "./consumer-options.ts";
import { GroupMembership, type JoinOutcome } from "./group-membership.ts";
import type { PartitionState } from "./partition-state.ts";

type PartitionsCallback = (partitions: readonly TopicPartition[]) => void | Promise<void>;

/** Told, while the user waits for records, which partitions come and go. */
export interface RebalanceListener {
  readonly onAssigned?: PartitionsCallback;
  /** The partitions still belong to this consumer: the last chance to commit. */
  readonly onRevoked?: PartitionsCallback;
  /** The partitions may belong to another consumer already. Without it `onRevoked` is called. */
  readonly onLost?: PartitionsCallback;
}

/** Carries rebalances and commits between the group and the assigned partitions. */
export class GroupSession {
  readonly membership: GroupMembership;
  readonly #cluster: Cluster;
  readonly #settings: ConsumerSettings;
  readonly #assigned: AssignedPartitions;
  readonly #topics: readonly string[];
  readonly #listener: RebalanceListener;
  readonly #onChange: () => void;
  readonly #isCooperative: boolean;
  readonly #isMember: boolean;
  #isJoining = false;
  #outcome: JoinOutcome | undefined;
  #failure: { readonly error: unknown } | undefined;
  #nextCommitMs: number;
  #committing: Promise<void> | undefined;

  constructor(
    parts: {
      readonly cluster: Cluster;
      readonly settings: ConsumerSettings;
      readonly assigned: AssignedPartitions;
    },
    groupId: string,
    subscription: {
      readonly topics: readonly string[];
      readonly listener: RebalanceListener;
      /** Who assigns its own partitions commits to the group without being a member. */
      readonly role: "lone" | "member";
    },
    onChange: () => void,
  ) {
    this.#cluster = parts.cluster;
    this.#settings = parts.settings;
    this.#assigned = parts.assigned;
    this.#topics = subscription.topics;
    this.#listener = subscription.listener;
    this.#onChange = onChange;
    this.#isMember = subscription.role === "member";
    this.membership = new GroupMembership(parts.cluster, parts.settings, groupId, onChange);
    // Members keep partitions over a rebalance only if whatever assignor is chosen allows it.
    this.#isCooperative = parts.settings.assignors.every(({ isCooperative }) => isCooperative);
    this.#nextCommitMs =
      parts.cluster.settings.runtime.monotonicMs() + parts.settings.autoCommitIntervalMs;
  }

  /** Whether `advance` has something to do. */
  get needsAttention(): boolean {
    const wantsToJoin = this.#isMember && this.membership.needsJoin && !this.#isJoining;
    return wantsToJoin || this.#outcome !== undefined || this.#failure !== undefined;
  }

  /** One step of a rebalance. Called only while the user asks for records. */
  async advance(): Promise<void> {
    const failure = this.#failure;
    if (failure !== undefined) {
      this.#failure = undefined;
      throw failure.error;
    }
    const outcome = this.#outcome;
    if (outcome !== undefined) {
      this.#outcome = undefined;
      await this.#apply(outcome);
    } else if (this.membership.needsJoin && !this.#isJoining) {
      this.#isJoining = true;
      try {
        await this.#prepareJoin();
      } finally {
        this.#isJoining = false;
      }
      void this.#join();
    }
  }

  async #prepareJoin(): Promise<void> {
    if (this.membership.wasReset) {
      await this.#lose();
      return;
    }
    const held = this.#assigned.list();
    if (held.length === 0) return;
    await this.commitProcessed(this.#assigned.states);
    if (!this.#isCooperative) await this.#revoke(held);
  }

  async #join(): Promise<void> {
    this.#isJoining = true;
    try {
      const input = { topics: this.#topics, owned: this.#assigned.list() };
      this.#outcome = await this.membership.join(input, this.#cluster.signal);
    } catch (error) {
      if (!this.#cluster.signal.aborted) this.#failure = { error };
    } finally {
      this.#isJoining = false;
      this.#onChange();
    }
  }

  async #apply({ partitions, wasReset }: JoinOutcome): Promise<void> {
    if (wasReset) await this.#lose();
    const now = new Set(partitions.map(partitionKey));
    const revoked = this.#assigned.list().filter((partition) => !now.has(partitionKey(partition)));
    if (revoked.length > 0) {
      await this.commitProcessed(revoked.map((partition) => this.#assigned.get(partition)));
      await this.#revoke(revoked);
      // What was given up is free for its next owner only after another round.
      this.membership.requestJoin();
    }
    const added = partitions.filter((partition) => this.#assigned.find(partition) === undefined);
    for (const partition of added) this.#assigned.add(partition);
    await this.#listener.onAssigned?.(added);
    this.#onChange();
  }

  async #revoke(partitions: readonly TopicPartition[]): Promise<void> {
    await this.#listener.onRevoked?.(partitions);
    this.#assigned.remove(partitions);
  }

  async #lose(): Promise<void> {
    const held = this.#assigned.list();
    this.#assigned.remove(held);
    if (held.length > 0) await (this.#listener.onLost ?? this.#listener.onRevoked)?.(held);
  }

  /** Commits in the background when it is time; says when the next time is. */
  autoCommit(): number {
    if (!this.#settings.autoCommit) return Number.POSITIVE_INFINITY;
    const nowMs = this.#cluster.settings.runtime.monotonicMs();
    if (nowMs >= this.#nextCommitMs && this.#committing === undefined) {
      this.#nextCommitMs = nowMs + this.#settings.autoCommitIntervalMs;
      this.#committing = this.commitProcessed(this.#assigned.states).finally(() => {
        this.#committing = undefined;
      });
    }
    return this.#nextCommitMs;
  }

  /** What was handled, if automatic commits are wanted. A failure is logged: the next one covers it. */
  async commitProcessed(states: Iterable<PartitionState>): Promise<void> {
    if (!this.#settings.autoCommit) return;
    const open = [...states].filter(
      (state) => state.processed !== undefined && state.processed !== state.committed,
    );
    if (open.length === 0) return;
    const offsets = open.map(({ topic, partition, processed, leaderEpoch }) => ({
      topic,
      partition,
      offset: processed as number,
      leaderEpoch,
    }));
    try {
      await this.commit(offsets);
    } catch (error) {
      this.#cluster.settings.logger.warn(`automatic commit failed: ${String(error)}`);
    }
  }

  async commit(offsets: readonly OffsetToCommit[]): Promise<void> {
    if (offsets.length === 0) return;
    const results = await commitOffsets(
      this.membership.coordinator,
      this.membership.identity,
      offsets,
      {
        totalTimeoutMs: this.#cluster.settings.requestTimeoutMs,
      },
    );
    for (const { errorCode, topic, partition } of results) {
      if (errorCode === ErrorCode.NONE) continue;
      this.membership.noteError(errorCode);
      throw new KafkaError(
        errorCode,
        `commit of ${topic}-${partition}: ${new KafkaError(errorCode).message}`,
      );
    }
    for (const offset of offsets) {
      const state = this.#assigned.find(offset);
      if (state !== undefined) state.committed = offset.offset;
    }
  }

  /** Commits what was handled, gives everything back and leaves. */
  async close(): Promise<void> {
    await this.#committing;
    if (!this.membership.wasReset) {
      const held = this.#assigned.list();
      await this.commitProcessed(this.#assigned.states);
      if (held.length > 0 && this.#isMember) await this.#revoke(held);
    }
    await this.membership.leave("the consumer was closed");
  }
}
