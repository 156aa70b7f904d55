import { Cluster } from "../connection/cluster.ts";
import type { TopicMetadata } from "../connection/metadata.ts";
import { CoordinatorLookup } from "../coordinator-lookup.ts";
import { ClosedError } from "../errors.ts";
import { fetchOffsets, type CommittedOffset, type OffsetToCommit } from "../group-offsets.ts";
import { listOffsets, type ListedOffset, type OffsetSpec } from "../list-offsets.ts";
import { resolveConnectionOptions } from "../options.ts";
import type { TopicPartition, TopicPartitionOffset } from "../topic-partition.ts";
import { AssignedPartitions } from "./assigned-partitions.ts";
import {
  resolveConsumerOptions,
  type ConsumerOptions,
  type ConsumerSettings,
} from "./consumer-options.ts";
import type { ConsumerRecord } from "./fetched-records.ts";
import { GroupSession, type RebalanceListener } from "./group-session.ts";
import { RecordSource } from "./record-source.ts";

export interface Subscription {
  readonly topics: readonly string[];
  readonly listener?: RebalanceListener;
}

export interface AssignedFrom extends TopicPartition {
  /** The committed offset, or what autoOffsetReset says, when left out. */
  readonly offset?: number | OffsetSpec | undefined;
}

export interface PollOptions {
  readonly timeoutMs?: number;
  readonly maxRecords?: number;
  readonly signal?: AbortSignal;
}

/** Records that the iterator hands out before it looks after everything else. */
const RECORDS_PER_STEP = 128;

/**
 * Reads records, from partitions that it names (`assign`) or shares with a group (`subscribe`). Ask for
 * them with `poll` or with `for await`, not both at a time. Records of an earlier `poll` count as
 * handled when the next one begins; a record of the iterator when the next one is asked for.
 */
export class Consumer {
  readonly #cluster: Cluster;
  readonly #settings: ConsumerSettings;
  readonly #assigned = new AssignedPartitions();
  readonly #source: RecordSource;
  #mode: "none" | "assigned" | "subscribed" = "none";
  #isReading = false;
  #isPolled = false;

  constructor(options: ConsumerOptions) {
    this.#settings = resolveConsumerOptions(options);
    this.#cluster = new Cluster(resolveConnectionOptions(options), "consumer");
    this.#source = new RecordSource(this.#cluster, this.#settings, this.#assigned);
  }

  /** Reads exactly these partitions; with a group id their offsets can be committed. */
  assign(partitions: readonly AssignedFrom[]): void {
    this.#begin("assigned");
    this.#assigned.remove(this.#assigned.list());
    for (const { topic, partition, offset } of partitions) {
      const state = this.#assigned.add({ topic, partition });
      if (typeof offset === "number") state.seek(offset);
      else if (offset !== undefined) state.seekTo(offset);
    }
    const { groupId } = this.#settings;
    if (groupId !== undefined && this.#source.group === undefined) {
      this.#source.group = this.#newGroup(groupId, { topics: [] }, "lone");
    }
    this.#cluster.track(this.#assigned.topics(), this.#settings.allowAutoTopicCreation);
    this.#source.changed();
  }

  /** Joins the group with the next request for records. */
  subscribe(subscription: Subscription): void {
    this.#begin("subscribed");
    const { groupId } = this.#settings;
    if (groupId === undefined) throw new TypeError("a consumer that subscribes needs a groupId");
    if (subscription.topics.length === 0)
      throw new TypeError("there are no topics to subscribe to");
    if (this.#source.group !== undefined)
      throw new TypeError("the consumer has subscribed already");
    this.#source.group = this.#newGroup(groupId, subscription, "member");
    this.#cluster.track(subscription.topics, this.#settings.allowAutoTopicCreation);
  }

  /** What there is, as soon as there is something; empty when the time is over. */
  async poll(options: PollOptions = {}): Promise<ConsumerRecord[]> {
    this.#startReading();
    try {
      this.#isPolled = true;
      this.#markProcessed();
      const endMs =
        this.#cluster.settings.runtime.monotonicMs() +
        (options.timeoutMs ?? Number.POSITIVE_INFINITY);
      const limit = options.maxRecords ?? this.#settings.maxPollRecords;
      const records: ConsumerRecord[] = [];
      while (records.length === 0 && (await this.#source.fill(endMs, options.signal))) {
        for (let record = this.#take(); record !== undefined; record = this.#take()) {
          records.push(record);
          if (records.length >= limit) break;
        }
      }
      return records;
    } finally {
      this.#isReading = false;
    }
  }

  /** Record by record, until the consumer is closed or the signal aborts. */
  async *records(
    options: { readonly signal?: AbortSignal } = {},
  ): AsyncGenerator<ConsumerRecord, void, undefined> {
    this.#startReading();
    if (this.#isPolled) this.#markProcessed();
    this.#isPolled = false;
    const { signal } = options;
    try {
      for (let untilStep = 0; ; untilStep--) {
        if (signal?.aborted === true || this.#cluster.signal.aborted) return;
        if (untilStep <= 0 || this.#source.group?.needsAttention === true) {
          await this.#source.step();
          untilStep = RECORDS_PER_STEP;
        }
        const record = this.#take();
        if (record === undefined) {
          this.#markProcessed();
          if (!(await this.#fill(signal))) return;
          continue;
        }
        const state = this.#source.fetcher.takenFrom;
        yield record;
        this.#source.group?.membership.notePoll();
        // A seek inside the loop has set its own place.
        if (state?.position === record.offset + 1) state.processed = state.position;
      }
    } finally {
      this.#isReading = false;
    }
  }

  [Symbol.asyncIterator](): AsyncGenerator<ConsumerRecord, void, undefined> {
    return this.records();
  }

  assignment(): TopicPartition[] {
    return this.#assigned.list();
  }

  seek({ topic, partition, offset }: TopicPartitionOffset): void {
    if (!Number.isSafeInteger(offset) || offset < 0)
      throw new RangeError(`${offset} is not an offset`);
    this.#assigned.get({ topic, partition }).seek(offset);
    this.#source.changed();
  }

  /** These partitions, or all. The offset is looked up when records are asked for. */
  seekToBeginning(partitions?: readonly TopicPartition[]): void {
    this.#seekTo("earliest", partitions);
  }

  seekToEnd(partitions?: readonly TopicPartition[]): void {
    this.#seekTo("latest", partitions);
  }

  /** To the first record of that time or later; to the end when there is none. */
  seekToTimestamp(timestamp: number, partitions?: readonly TopicPartition[]): void {
    this.#seekTo({ timestamp }, partitions);
  }

  pause(partitions: readonly TopicPartition[]): void {
    for (const state of this.#assigned.select(partitions)) state.isPaused = true;
  }

  resume(partitions: readonly TopicPartition[]): void {
    for (const state of this.#assigned.select(partitions)) state.isPaused = false;
    this.#source.changed();
  }

  paused(): TopicPartition[] {
    return [...this.#assigned.states]
      .filter(({ isPaused }) => isPaused)
      .map(({ topic, partition }) => ({ topic, partition }));
  }

  /** Offset of the next record that this consumer will hand out; undefined while it is being looked up. */
  position(partition: TopicPartition): number | undefined {
    return this.#assigned.get(partition).position;
  }

  /** Commits the given offsets, or all that was handed out so far, the record at hand included. */
  async commit(offsets?: readonly OffsetToCommit[]): Promise<void> {
    const group = this.#source.group;
    if (group === undefined) throw new TypeError("a consumer without a groupId cannot commit");
    await group.commit(offsets ?? this.#handedOut());
  }

  /** Offset -1 where nothing is committed. */
  committed(partitions: readonly TopicPartition[]): Promise<CommittedOffset[]> {
    const { groupId, isolationLevel } = this.#settings;
    const group = this.#source.group;
    if (groupId === undefined)
      throw new TypeError("a consumer without a groupId has no committed offsets");
    const lookup =
      group?.membership.coordinator ?? new CoordinatorLookup(this.#cluster, groupId, "coordinator");
    return fetchOffsets(lookup, groupId, partitions, {
      totalTimeoutMs: this.#cluster.settings.requestTimeoutMs,
      requireStable: isolationLevel === "read_committed",
    });
  }

  beginningOffsets(partitions: readonly TopicPartition[]): Promise<ListedOffset[]> {
    return this.#listOffsets(
      partitions.map((partition) => ({ ...partition, spec: "earliest" as const })),
    );
  }

  /** The offset after the last record that this consumer could read now. */
  endOffsets(partitions: readonly TopicPartition[]): Promise<ListedOffset[]> {
    return this.#listOffsets(
      partitions.map((partition) => ({ ...partition, spec: "latest" as const })),
    );
  }

  /** Offset -1 where no record is that new. */
  offsetsForTimes(
    times: readonly (TopicPartition & { readonly timestamp: number })[],
  ): Promise<ListedOffset[]> {
    return this.#listOffsets(
      times.map(({ topic, partition, timestamp }) => ({ topic, partition, spec: { timestamp } })),
    );
  }

  partitionsFor(topic: string): Promise<TopicMetadata> {
    const { allowAutoTopicCreation } = this.#settings;
    const { requestTimeoutMs } = this.#cluster.settings;
    return this.#cluster.topic(topic, { timeoutMs: requestTimeoutMs, allowAutoTopicCreation });
  }

  /** Commits what was handled (with autoCommit), leaves the group and disconnects. */
  async close(): Promise<void> {
    if (this.#cluster.signal.aborted) return;
    try {
      if (this.#isPolled && !this.#isReading) this.#markProcessed();
      await this.#source.group?.close();
    } finally {
      this.#assigned.remove(this.#assigned.list());
      this.#cluster.close();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #begin(mode: "assigned" | "subscribed"): void {
    if (this.#cluster.signal.aborted) throw new ClosedError("consumer");
    if (this.#mode !== "none" && this.#mode !== mode) {
      throw new TypeError(
        "a consumer either has partitions assigned or subscribes to topics, not both",
      );
    }
    this.#mode = mode;
  }

  #startReading(): void {
    if (this.#mode === "none")
      throw new TypeError("the consumer has nothing to read: assign or subscribe first");
    if (this.#isReading) throw new TypeError("records are being read from this consumer already");
    if (this.#cluster.signal.aborted) throw new ClosedError("consumer");
    this.#isReading = true;
  }

  #newGroup(groupId: string, subscription: Subscription, role: "lone" | "member"): GroupSession {
    const parts = { cluster: this.#cluster, settings: this.#settings, assigned: this.#assigned };
    const { topics, listener = {} } = subscription;
    return new GroupSession(parts, groupId, { topics, listener, role }, () =>
      this.#source.changed(),
    );
  }

  #take(): ConsumerRecord | undefined {
    return this.#source.fetcher.takeRecord();
  }

  /** Ends quietly when it is told to stop. */
  async #fill(signal: AbortSignal | undefined): Promise<boolean> {
    try {
      return await this.#source.fill(Number.POSITIVE_INFINITY, signal);
    } catch (error) {
      if (signal?.aborted === true || this.#cluster.signal.aborted) return false;
      throw error;
    }
  }

  #markProcessed(): void {
    for (const state of this.#assigned.states) state.processed = state.position;
  }

  #handedOut(): OffsetToCommit[] {
    return [...this.#assigned.states].flatMap(({ topic, partition, position, leaderEpoch }) =>
      position === undefined ? [] : [{ topic, partition, offset: position, leaderEpoch }],
    );
  }

  #seekTo(spec: OffsetSpec, partitions: readonly TopicPartition[] | undefined): void {
    for (const state of this.#assigned.select(partitions)) state.seekTo(spec);
    this.#source.changed();
  }

  #listOffsets(
    queries: readonly (TopicPartition & { readonly spec: OffsetSpec })[],
  ): Promise<ListedOffset[]> {
    return listOffsets(this.#cluster, queries, { isolationLevel: this.#settings.isolationLevel });
  }
}
