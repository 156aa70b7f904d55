import { Api, ErrorCode, ZERO_UUID } from "@ottla/protocol";
import type { Cluster } from "../connection/cluster.ts";
import type { TopicMetadata } from "../connection/metadata.ts";
import { KafkaError } from "../errors.ts";
import { errorOf, type WithError } from "./admin-results.ts";
import type { Retrying } from "./retrying.ts";

export interface NewTopic {
  readonly topic: string;
  /** The broker's default when left out. */
  readonly partitions?: number;
  readonly replicationFactor?: number;
  /** Brokers of each partition; instead of the two numbers. */
  readonly replicaAssignment?: readonly (readonly number[])[];
  readonly configs?: Readonly<Record<string, string>>;
}

export interface CreatedTopic extends WithError {
  readonly topic: string;
  readonly topicId: string | undefined;
  readonly partitions: number;
  readonly replicationFactor: number;
}

export interface ListedTopic {
  readonly name: string;
  readonly topicId: string | undefined;
  readonly isInternal: boolean;
}

export interface TopicResult extends WithError {
  readonly topic: string;
}

/** "Take the broker's default" on the wire. */
const BROKER_DEFAULT = -1;

export async function createTopics(
  retrying: Retrying,
  topics: readonly NewTopic[],
  validateOnly: boolean,
): Promise<CreatedTopic[]> {
  const response = await retrying.onController(Api.CreateTopics, {
    topics: topics.map((topic) => ({
      name: topic.topic,
      numPartitions: topic.replicaAssignment
        ? BROKER_DEFAULT
        : (topic.partitions ?? BROKER_DEFAULT),
      replicationFactor: topic.replicaAssignment
        ? BROKER_DEFAULT
        : (topic.replicationFactor ?? BROKER_DEFAULT),
      assignments: (topic.replicaAssignment ?? []).map((brokerIds, partitionIndex) => ({
        partitionIndex,
        brokerIds,
      })),
      configs: Object.entries(topic.configs ?? {}).map(([name, value]) => ({ name, value })),
    })),
    timeoutMs: retrying.timeoutMs,
    validateOnly,
  });
  return response.topics.map((topic) => ({
    topic: topic.name,
    topicId: topic.topicId === ZERO_UUID ? undefined : topic.topicId,
    partitions: topic.numPartitions,
    replicationFactor: topic.replicationFactor,
    ...errorOf(topic.errorCode, topic.errorMessage),
  }));
}

export async function deleteTopics(
  retrying: Retrying,
  names: readonly string[],
): Promise<TopicResult[]> {
  const response = await retrying.onController(Api.DeleteTopics, {
    topics: names.map((name) => ({ name })),
    topicNames: names,
    timeoutMs: retrying.timeoutMs,
  });
  return response.responses.map(({ name, errorCode, errorMessage }) => ({
    topic: name ?? "",
    ...errorOf(errorCode, errorMessage),
  }));
}

export async function createPartitions(
  retrying: Retrying,
  topics: readonly { readonly topic: string; readonly count: number }[],
): Promise<TopicResult[]> {
  const response = await retrying.onController(Api.CreatePartitions, {
    topics: topics.map(({ topic, count }) => ({ name: topic, count, assignments: null })),
    timeoutMs: retrying.timeoutMs,
    validateOnly: false,
  });
  return response.results.map(({ name, errorCode, errorMessage }) => ({
    topic: name,
    ...errorOf(errorCode, errorMessage),
  }));
}

export async function listTopics(
  retrying: Retrying,
  cluster: Cluster,
  includeInternal: boolean,
): Promise<ListedTopic[]> {
  const response = await retrying.run(() => cluster.fetchTopics(null, false));
  return response.topics
    .filter((topic) => topic.errorCode === ErrorCode.NONE && (includeInternal || !topic.isInternal))
    .map(({ name, topicId, isInternal }) => ({
      name: name ?? "",
      topicId: topicId === ZERO_UUID ? undefined : topicId,
      isInternal,
    }))
    .sort((one, other) => (one.name < other.name ? -1 : 1));
}

/** Asks the broker each time: an administrator wants to see what is, not what was. */
export async function describeTopics(
  retrying: Retrying,
  cluster: Cluster,
  names: readonly string[],
): Promise<TopicMetadata[]> {
  if (names.length === 0) return [];
  return retrying.run(async () => {
    cluster.untrackAllBut(names);
    await cluster.refreshMetadata();
    return names.map((name) => {
      const code = cluster.metadata.topicError(name);
      const topic = cluster.metadata.topic(name);
      if (topic !== undefined && code === ErrorCode.NONE) return topic;
      if (code === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION) throw new UnknownTopicError(name);
      throw new KafkaError(code === ErrorCode.NONE ? ErrorCode.UNKNOWN_SERVER_ERROR : code);
    });
  });
}

/** Whoever asks by name wants to know at once; only a producer waits for a topic to appear. */
class UnknownTopicError extends KafkaError {
  override readonly retriable = false;

  constructor(topic: string) {
    super(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, `topic ${topic} does not exist`);
  }
}
