import { ErrorCode } from "@ottla/protocol";
import type { Random } from "@ottla/runtime";
import type { MetadataImage } from "./metadata-image.ts";
import { putPartition, putTopic, topicKey, type StoredPartition } from "./metadata-keys.ts";
import type { MetadataChange } from "./metadata-store.ts";
import { placeReplicas } from "./placement.ts";
import { collidingTopic, collisionKey, topicNameProblem } from "./topic-name.ts";
import {
  liveBrokers,
  newPartition,
  refuse,
  replicasProblem,
  type PlanningContext,
  type TopicError,
  type TopicPlan,
} from "./topic-plan.ts";
import { randomUuid } from "./uuid.ts";

/** More in one request is a mistake more often than a wish, and would block the controller. */
export const MAX_PARTITIONS_PER_REQUEST = 10_000;
/** Kafka's raft log lives under this name; a topic of that name would confuse its tools. */
const RESERVED_TOPIC = "__cluster_metadata";
const BROKER_DEFAULT = -1;

export interface NewTopic {
  readonly name: string;
  /** -1: the broker's default, or given by the assignments. */
  readonly numPartitions: number;
  /** -1: the broker's default, or given by the assignments. */
  readonly replicationFactor: number;
  readonly assignments?: readonly ReplicaAssignment[];
  readonly configs?: readonly NewTopicConfig[];
}

export interface ReplicaAssignment {
  readonly partition: number;
  readonly brokerIds: readonly number[];
}

export interface NewTopicConfig {
  readonly name: string;
  readonly value: string | null;
}

export interface CreatedTopic {
  readonly ok: true;
  readonly name: string;
  readonly topicId: string;
  readonly numPartitions: number;
  readonly replicationFactor: number;
  readonly configs: ReadonlyMap<string, string>;
}

export type CreateTopicResult = CreatedTopic | (TopicError & { readonly name: string });

/**
 * Decides about each topic of a request on its own; those refused do not stop the others. The order
 * of the checks is Kafka's, because clients see only the first error.
 */
export function planCreateTopics(
  context: PlanningContext,
  topics: readonly NewTopic[],
): TopicPlan<CreateTopicResult> {
  const results: CreateTopicResult[] = [];
  const changes: MetadataChange[] = [];
  const unchangedKeys: string[] = [];
  if (requestedPartitions(context, topics) > MAX_PARTITIONS_PER_REQUEST) {
    return {
      results: topics.map(({ name }) => ({ ...tooManyPartitions(), name })),
      changes,
      unchangedKeys,
    };
  }
  const counts = new Map<string, number>();
  for (const { name } of topics) counts.set(name, (counts.get(name) ?? 0) + 1);
  const plannedByCollisionKey = new Map<string, string>();
  for (const topic of uniqueByName(topics)) {
    const { name } = topic;
    const decided = (counts.get(name) ?? 0) > 1 ? duplicateTopic() : decide(context, topic);
    const clash = plannedByCollisionKey.get(collisionKey(name));
    if (!decided.ok) results.push({ ...decided, name });
    else if (clash !== undefined) results.push({ ...collision(clash), name });
    else {
      plannedByCollisionKey.set(collisionKey(name), name);
      const created = describeCreated(context.random, topic, decided.partitions);
      const { topicId } = created;
      results.push(created);
      unchangedKeys.push(topicKey(name));
      changes.push(putTopic(name, { topicId, configs: [...created.configs] }));
      for (const partition of decided.partitions) changes.push(putPartition(topicId, partition));
    }
  }
  return { results, changes, unchangedKeys };
}

type Decision = { readonly ok: true; readonly partitions: readonly StoredPartition[] } | TopicError;

function decide(context: PlanningContext, topic: NewTopic): Decision {
  const { image, rules } = context;
  const nameProblem = topicNameProblem(topic.name);
  if (nameProblem) return refuse(ErrorCode.INVALID_TOPIC_EXCEPTION, nameProblem);
  if (topic.name === RESERVED_TOPIC) {
    return refuse(ErrorCode.INVALID_REQUEST, "this topic name is reserved for the cluster itself");
  }
  if (image.topicsByName.has(topic.name)) {
    return refuse(ErrorCode.TOPIC_ALREADY_EXISTS, `topic ${topic.name} already exists`);
  }
  const existing = collidingTopic(image, topic.name);
  if (existing !== undefined) return collision(existing);
  const configs = new Map(topic.configs?.map(({ name, value }) => [name, value]));
  const configProblem = rules.configProblem(configs);
  if (configProblem) return refuse(ErrorCode.INVALID_CONFIG, configProblem);
  return topic.assignments?.length ? assignManually(image, topic) : assign(context, topic);
}

function assign({ image, rules, random }: PlanningContext, topic: NewTopic): Decision {
  const { numPartitions, replicationFactor } = topic;
  if (replicationFactor === 0 || replicationFactor < BROKER_DEFAULT) {
    return refuse(
      ErrorCode.INVALID_REPLICATION_FACTOR,
      `replication factor ${replicationFactor} is not allowed; give 1 or more, or -1 for the broker's default`,
    );
  }
  if (numPartitions === 0 || numPartitions < BROKER_DEFAULT) {
    return refuse(
      ErrorCode.INVALID_PARTITIONS,
      `${numPartitions} partitions are not allowed; give 1 or more, or -1 for the broker's default`,
    );
  }
  const factor =
    replicationFactor === BROKER_DEFAULT ? rules.defaultReplicationFactor : replicationFactor;
  const count = numPartitions === BROKER_DEFAULT ? rules.defaultNumPartitions : numPartitions;
  const brokerIds = liveBrokers(image).map(({ brokerId }) => brokerId);
  if (factor > brokerIds.length) {
    return refuse(
      ErrorCode.INVALID_REPLICATION_FACTOR,
      `replication factor ${factor} needs as many brokers, but ${brokerIds.length} ${brokerIds.length === 1 ? "is" : "are"} alive`,
    );
  }
  const placed = placeReplicas(brokerIds, { first: 0, count }, factor, random);
  return {
    ok: true,
    partitions: placed.map((replicas, partition) => newPartition(image, partition, replicas)),
  };
}

function assignManually(image: MetadataImage, topic: NewTopic): Decision {
  const assignments = topic.assignments ?? [];
  if (topic.replicationFactor !== BROKER_DEFAULT || topic.numPartitions !== BROKER_DEFAULT) {
    return refuse(
      ErrorCode.INVALID_REQUEST,
      "give either an assignment of replicas, or counts of partitions and replicas, not both",
    );
  }
  const byPartition = new Map(assignments.map((one) => [one.partition, one.brokerIds]));
  const replicationFactor = assignments[0]?.brokerIds.length ?? 0;
  const partitions: StoredPartition[] = [];
  for (let partition = 0; partition < assignments.length; partition++) {
    const replicas = byPartition.get(partition);
    const problem =
      replicas === undefined
        ? "partitions must be numbered from 0 without gaps, each once"
        : replicasProblem(image, replicas, replicationFactor);
    if (problem) return refuse(ErrorCode.INVALID_REPLICA_ASSIGNMENT, problem);
    partitions.push(newPartition(image, partition, replicas ?? []));
  }
  return { ok: true, partitions };
}

function describeCreated(
  random: Random,
  topic: NewTopic,
  partitions: readonly StoredPartition[],
): CreatedTopic {
  const configs = new Map<string, string>();
  for (const { name, value } of topic.configs ?? []) if (value !== null) configs.set(name, value);
  return {
    ok: true,
    name: topic.name,
    topicId: randomUuid(random),
    numPartitions: partitions.length,
    replicationFactor: partitions[0]?.replicas.length ?? 0,
    configs,
  };
}

function requestedPartitions({ rules }: PlanningContext, topics: readonly NewTopic[]): number {
  let total = 0;
  for (const { assignments, numPartitions } of topics) {
    if (assignments?.length) total += assignments.length;
    else if (numPartitions === BROKER_DEFAULT) total += rules.defaultNumPartitions;
    else total += Math.max(0, numPartitions);
  }
  return total;
}

function uniqueByName(topics: readonly NewTopic[]): NewTopic[] {
  return [...new Map(topics.map((topic) => [topic.name, topic])).values()];
}

function duplicateTopic(): TopicError {
  return refuse(ErrorCode.INVALID_REQUEST, "the request names this topic more than once");
}

function tooManyPartitions(): TopicError {
  return refuse(
    ErrorCode.POLICY_VIOLATION,
    `the request asks for more than ${MAX_PARTITIONS_PER_REQUEST} partitions; split it`,
  );
}

function collision(existing: string): TopicError {
  return refuse(
    ErrorCode.INVALID_TOPIC_EXCEPTION,
    `the name differs from that of topic ${existing} only in "." and "_"`,
  );
}
