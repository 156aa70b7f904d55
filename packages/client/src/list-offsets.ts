import { Api, ErrorCode, toSafeInteger, type ListOffsetsResponse } from "@ottla/protocol";
import { retry } from "./backoff.ts";
import type { Cluster } from "./connection/cluster.ts";
import { KafkaError } from "./errors.ts";
import { groupByLeader } from "./partition-leaders.ts";
import { groupByTopic, partitionKey, type TopicPartition } from "./topic-partition.ts";

/** Timestamps with a meaning of their own. */
export const SpecialTimestamp = { LATEST: -1, EARLIEST: -2, MAX_TIMESTAMP: -3 } as const;

export type IsolationLevel = "read_uncommitted" | "read_committed";

export function isolationLevelCode(level: IsolationLevel): number {
  return level === "read_committed" ? 1 : 0;
}

/** Where to look in a partition: a timestamp in milliseconds or one of the names. */
export type OffsetSpec = "earliest" | "latest" | "max-timestamp" | { readonly timestamp: number };

export interface OffsetQuery extends TopicPartition {
  readonly spec: OffsetSpec;
}

export interface ListedOffset extends TopicPartition {
  /** -1 when no record has that timestamp or a later one. */
  readonly offset: number;
  readonly timestamp: number;
  readonly leaderEpoch: number;
}

export interface ListOffsetsOptions {
  readonly isolationLevel?: IsolationLevel;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
}

/** Asks the leaders of all partitions; what fails retriably is asked again after new metadata. */
export async function listOffsets(
  cluster: Cluster,
  queries: readonly OffsetQuery[],
  options: ListOffsetsOptions = {},
): Promise<ListedOffset[]> {
  const { runtime, retryBackoff, requestTimeoutMs } = cluster.settings;
  const timeoutMs = options.timeoutMs ?? requestTimeoutMs;
  const found = new Map<string, ListedOffset>();
  const signal = options.signal ?? cluster.signal;
  for (const topic of new Set(queries.map((query) => query.topic))) {
    await cluster.topic(topic, { timeoutMs, allowAutoTopicCreation: false, signal });
  }
  let refresh = false;
  await retry({ runtime, backoff: retryBackoff, timeoutMs, signal }, async () => {
    if (refresh) await cluster.refreshMetadata();
    refresh = true;
    const open = queries.filter((query) => !found.has(partitionKey(query)));
    const byLeader = groupByLeader(cluster, open);
    await Promise.all(
      [...byLeader].map(([leader, group]) => askLeader(cluster, leader, group, options, found)),
    );
  });
  return queries.map((query) => found.get(partitionKey(query)) as ListedOffset);
}

function timestampOf(spec: OffsetSpec): number {
  if (spec === "earliest") return SpecialTimestamp.EARLIEST;
  if (spec === "latest") return SpecialTimestamp.LATEST;
  return spec === "max-timestamp" ? SpecialTimestamp.MAX_TIMESTAMP : spec.timestamp;
}

async function askLeader(
  cluster: Cluster,
  leader: number,
  queries: readonly OffsetQuery[],
  options: ListOffsetsOptions,
  found: Map<string, ListedOffset>,
): Promise<void> {
  const response = await cluster.request(leader, Api.ListOffsets, {
    replicaId: -1,
    isolationLevel: isolationLevelCode(options.isolationLevel ?? "read_uncommitted"),
    topics: [...groupByTopic(queries)].map(([name, partitions]) => ({
      name,
      partitions: partitions.map(({ topic, partition, spec }) => ({
        partitionIndex: partition,
        currentLeaderEpoch: cluster.metadata.partition(topic, partition)?.leaderEpoch ?? -1,
        timestamp: BigInt(timestampOf(spec)),
      })),
    })),
    timeoutMs: cluster.settings.requestTimeoutMs,
  });
  takeOffsets(response, found);
}

function takeOffsets(response: ListOffsetsResponse, found: Map<string, ListedOffset>): void {
  let failure: KafkaError | undefined;
  for (const { name, partitions } of response.topics) {
    for (const { partitionIndex, errorCode, offset, timestamp, leaderEpoch } of partitions) {
      const topicPartition = { topic: name, partition: partitionIndex };
      if (errorCode !== ErrorCode.NONE) {
        failure = new KafkaError(
          errorCode,
          `offsets of ${name}-${partitionIndex}: ${new KafkaError(errorCode).message}`,
        );
        if (!failure.retriable) throw failure;
        continue;
      }
      found.set(partitionKey(topicPartition), {
        ...topicPartition,
        offset: toSafeInteger(offset),
        timestamp: toSafeInteger(timestamp),
        leaderEpoch,
      });
    }
  }
  if (failure !== undefined) throw failure;
}
