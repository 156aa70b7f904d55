import {
  Api,
  ErrorCode,
  iterateBatches,
  type FetchRequest,
  type FetchResponse,
  type MessageInput,
} from "@ottla/protocol";
import { backoffMs } from "../backoff.ts";
import type { Cluster } from "../connection/cluster.ts";
import { isRetriable, KafkaError } from "../errors.ts";
import { groupByTopic, partitionKey } from "../topic-partition.ts";
import type { ConsumerSettings } from "./consumer-options.ts";
import { FetchedRecords, type ConsumerRecord } from "./fetched-records.ts";
import type { PartitionState } from "./partition-state.ts";

/** The last version that names topics; the next one wants their ids. */
const LAST_VERSION_WITH_NAMES = 12;
/** Not part of a fetch session. */
const NO_SESSION = { sessionId: 0, sessionEpoch: -1 };
/** One piece for the user and one behind it, so that the network works while the user does. */
const MAX_BUFFERED_PER_PARTITION = 2;

interface Asked {
  readonly state: PartitionState;
  readonly topic: string;
  readonly partition: number;
  readonly fetchOffset: number;
  readonly seekEpoch: number;
}

/**
 * Keeps one fetch request per leader under way for the partitions that can take more, and holds what
 * came until the user asks for it.
 */
export class Fetcher {
  readonly #cluster: Cluster;
  readonly #settings: ConsumerSettings;
  readonly #onChange: () => void;
  readonly #busyLeaders = new Set<number>();
  readonly #leaderRetryAtMs = new Map<number, number>();
  readonly #buffer: FetchedRecords[] = [];
  #bufferedBytes = 0;
  #errors: unknown[] = [];
  #leaderFailures = 0;
  needsMetadata = false;
  /** Partition of the record that was taken last. */
  takenFrom: PartitionState | undefined;

  constructor(cluster: Cluster, settings: ConsumerSettings, onChange: () => void) {
    this.#cluster = cluster;
    this.#settings = settings;
    this.#onChange = onChange;
  }

  /** Sends what can be sent now; says when there may be more to do, if that is a matter of time. */
  sendFetches(states: Iterable<PartitionState>): number {
    const { runtime } = this.#cluster.settings;
    const nowMs = runtime.monotonicMs();
    let againAtMs = Number.POSITIVE_INFINITY;
    if (this.#bufferedBytes >= this.#settings.maxBufferedBytes) return againAtMs;
    const byLeader = new Map<number, PartitionState[]>();
    for (const state of states) {
      if (!this.#isFetchable(state)) continue;
      const leader = this.#cluster.metadata.partition(state.topic, state.partition)?.leader ?? -1;
      if (!this.#cluster.metadata.brokers.has(leader)) {
        this.needsMetadata = true;
        continue;
      }
      const retryAtMs = Math.max(state.retryAtMs, this.#leaderRetryAtMs.get(leader) ?? 0);
      if (retryAtMs > nowMs) {
        againAtMs = Math.min(againAtMs, retryAtMs);
        continue;
      }
      if (this.#busyLeaders.has(leader)) continue;
      const group = byLeader.get(leader);
      if (group === undefined) byLeader.set(leader, [state]);
      else group.push(state);
    }
    for (const [leader, group] of byLeader) void this.#fetch(leader, group);
    return againAtMs;
  }

  /** The next record in the buffer, if there is one for a partition that is still read and not paused. */
  takeRecord(): ConsumerRecord | undefined {
    for (let index = 0; index < this.#buffer.length;) {
      const fetched = this.#buffer[index] as FetchedRecords;
      if (!fetched.isCurrent) {
        this.#drop(index);
      } else if (fetched.state.isPaused) {
        index += 1;
      } else {
        const record = fetched.next();
        fetched.state.position = fetched.nextOffset;
        if (record !== undefined) {
          fetched.state.leaderEpoch = record.leaderEpoch;
          this.takenFrom = fetched.state;
          return record;
        }
        this.#drop(index);
      }
    }
    return undefined;
  }

  get hasRecords(): boolean {
    return this.#buffer.some((fetched) => fetched.isCurrent && !fetched.state.isPaused);
  }

  takeError(): unknown {
    return this.#errors.shift();
  }

  #isFetchable(state: PartitionState): boolean {
    return (
      state.position !== undefined &&
      !state.isPaused &&
      !state.isRevoked &&
      !state.isFetching &&
      state.buffered < MAX_BUFFERED_PER_PARTITION
    );
  }

  #drop(index: number): void {
    const [fetched] = this.#buffer.splice(index, 1);
    if (fetched === undefined) return;
    this.#bufferedBytes -= fetched.sizeBytes;
    fetched.state.buffered -= 1;
  }

  async #fetch(leader: number, states: readonly PartitionState[]): Promise<void> {
    const { requestTimeoutMs } = this.#cluster.settings;
    const asked = states.map((state): Asked => {
      const { topic, partition, fetchOffset, seekEpoch } = state;
      return { state, topic, partition, fetchOffset, seekEpoch };
    });
    this.#busyLeaders.add(leader);
    for (const { state } of asked) state.isFetching = true;
    try {
      const { body, maxVersion, names } = this.#request(asked);
      const response = await this.#cluster.request(leader, Api.Fetch, body, {
        purpose: "fetch",
        maxVersion,
        timeoutMs: requestTimeoutMs + this.#settings.fetchMaxWaitMs,
      });
      if (response.errorCode !== ErrorCode.NONE) throw new KafkaError(response.errorCode);
      this.#leaderFailures = 0;
      this.#take(response, asked, names);
    } catch (error) {
      this.#leaderFailed(leader, error);
    } finally {
      this.#busyLeaders.delete(leader);
      for (const { state } of asked) state.isFetching = false;
      this.#onChange();
    }
  }

  #request(asked: readonly Asked[]): {
    body: MessageInput<FetchRequest>;
    maxVersion: number | undefined;
    names: Map<string | undefined, string>;
  } {
    const topics = groupByTopic(asked);
    const idOf = (name: string): string | undefined => this.#cluster.metadata.topic(name)?.topicId;
    const names = new Map([...topics.keys()].map((name) => [idOf(name), name]));
    const body: MessageInput<FetchRequest> = {
      ...NO_SESSION,
      maxWaitMs: this.#settings.fetchMaxWaitMs,
      minBytes: this.#settings.fetchMinBytes,
      maxBytes: this.#settings.fetchMaxBytes,
      isolationLevel: this.#settings.isolationLevelCode,
      topics: [...topics].map(([topic, partitions]) => ({
        topic,
        topicId: idOf(topic),
        partitions: partitions.map(({ partition, fetchOffset }) => ({
          partition,
          currentLeaderEpoch: this.#cluster.metadata.partition(topic, partition)?.leaderEpoch ?? -1,
          fetchOffset: BigInt(fetchOffset),
          partitionMaxBytes: this.#settings.maxPartitionFetchBytes,
        })),
      })),
    };
    const hasIds = [...topics.keys()].every((name) => idOf(name) !== undefined);
    return { body, maxVersion: hasIds ? undefined : LAST_VERSION_WITH_NAMES, names };
  }

  #take(
    response: FetchResponse,
    asked: readonly Asked[],
    names: ReadonlyMap<string | undefined, string>,
  ): void {
    const byKey = new Map(asked.map((one) => [one.state.key, one]));
    for (const topic of response.responses) {
      const name = topic.topic === "" ? names.get(topic.topicId) : topic.topic;
      if (name === undefined) continue;
      for (const answer of topic.partitions) {
        const one = byKey.get(partitionKey({ topic: name, partition: answer.partitionIndex }));
        // The user has moved on, or the partition is no longer ours.
        if (one === undefined || one.state.isRevoked || one.state.seekEpoch !== one.seekEpoch)
          continue;
        this.#takePartition(one, answer);
      }
    }
  }

  #takePartition(
    { state, fetchOffset }: Asked,
    answer: FetchResponse["responses"][number]["partitions"][number],
  ): void {
    if (answer.errorCode !== ErrorCode.NONE) {
      this.#partitionFailed(state, answer.errorCode);
      return;
    }
    state.failures = 0;
    const { records } = answer;
    if (records === null || records.length === 0) return;
    const isCommittedOnly = this.#settings.isolationLevel === "read_committed";
    const fetched = new FetchedRecords(state, records, {
      fetchOffset,
      aborted: isCommittedOnly ? (answer.abortedTransactions ?? []) : [],
      checkCrcs: this.#settings.checkCrcs,
    });
    const endOffset = endOf(records);
    if (endOffset === undefined) {
      this.#partitionFailed(state, ErrorCode.CORRUPT_MESSAGE);
      return;
    }
    state.fetchOffset = Math.max(endOffset, fetchOffset);
    state.buffered += 1;
    this.#bufferedBytes += fetched.sizeBytes;
    this.#buffer.push(fetched);
  }

  #partitionFailed(state: PartitionState, errorCode: number): void {
    const { runtime, retryBackoff, logger } = this.#cluster.settings;
    const error = new KafkaError(errorCode);
    logger.debug(`fetch of ${state.topic}-${state.partition}: ${error.name}`);
    if (errorCode === ErrorCode.OFFSET_OUT_OF_RANGE) {
      this.#outOfRange(state);
    } else if (error.retriable) {
      state.retryAtMs =
        runtime.monotonicMs() + backoffMs(retryBackoff, state.failures++, runtime.random());
      this.needsMetadata = true;
    } else {
      // Asking again at once would give the same answer; the user hears of each.
      state.retryAtMs = runtime.monotonicMs() + retryBackoff.maxMs;
      this.#errors.push(
        new KafkaError(errorCode, `${state.topic}-${state.partition}: ${error.message}`),
      );
    }
  }

  #outOfRange(state: PartitionState): void {
    const { autoOffsetReset } = this.#settings;
    // What lies in the buffer was read before the offsets after it went away.
    if (state.buffered > 0) return;
    if (autoOffsetReset !== "none") {
      state.seekTo(autoOffsetReset);
      return;
    }
    const { maxMs } = this.#cluster.settings.retryBackoff;
    state.retryAtMs = this.#cluster.settings.runtime.monotonicMs() + maxMs;
    this.#errors.push(
      new KafkaError(
        ErrorCode.OFFSET_OUT_OF_RANGE,
        `offset ${state.fetchOffset} of ${state.topic}-${state.partition} does not exist, and autoOffsetReset is none`,
      ),
    );
  }

  #leaderFailed(leader: number, error: unknown): void {
    const { runtime, retryBackoff, logger } = this.#cluster.settings;
    logger.debug(`fetch from broker ${leader}: ${String(error)}`);
    if (!isRetriable(error) && !this.#cluster.signal.aborted) this.#errors.push(error);
    const delayMs = backoffMs(retryBackoff, this.#leaderFailures++, runtime.random());
    this.#leaderRetryAtMs.set(leader, runtime.monotonicMs() + delayMs);
    this.needsMetadata = true;
  }
}

/** The offset after the last whole batch; undefined when there is none. */
function endOf(records: Uint8Array): number | undefined {
  let end: number | undefined;
  for (const batch of iterateBatches(records)) end = batch.nextOffset;
  return end;
}
