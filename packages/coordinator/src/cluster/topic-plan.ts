import type { ErrorCode } from "@ottla/protocol";
import type { Random } from "@ottla/runtime";
import type { BrokerImage, MetadataImage } from "./metadata-image.ts";
import type { StoredPartition } from "./metadata-keys.ts";
import type { MetadataChange } from "./metadata-store.ts";

/** One value of Kafka's error code table. */
export type ErrorCodeValue = (typeof ErrorCode)[keyof typeof ErrorCode];

/** Why one topic of a request was refused. */
export interface TopicError {
  readonly ok: false;
  readonly errorCode: ErrorCodeValue;
  readonly message: string;
}

export function refuse(errorCode: ErrorCodeValue, message: string): TopicError {
  return { ok: false, errorCode, message };
}

/** What the controller asks the broker's configuration; the definitions live there. */
export interface TopicRules {
  readonly defaultNumPartitions: number;
  readonly defaultReplicationFactor: number;
  readonly topicDeletionEnabled: boolean;
  /** What is wrong with these settings of a topic, or undefined. A null value is never right. */
  configProblem(configs: ReadonlyMap<string, string | null>): string | undefined;
}

export interface PlanningContext {
  readonly image: MetadataImage;
  readonly rules: TopicRules;
  readonly random: Random;
}

/** What one topic of a request would change, should the request be carried out. */
export interface TopicPlan<Result> {
  readonly results: readonly Result[];
  readonly changes: readonly MetadataChange[];
  /** Keys that must not have changed since the image that the plan was made from. */
  readonly unchangedKeys: readonly string[];
}

export function liveBrokers(image: MetadataImage): BrokerImage[] {
  return [...image.brokers.values()]
    .filter((broker) => !broker.fenced)
    .sort((left, right) => left.brokerId - right.brokerId);
}

/** A partition as it starts: its first live replica leads, and every live replica is in sync. */
export function newPartition(
  image: MetadataImage,
  partition: number,
  replicas: readonly number[],
): StoredPartition {
  const isr = replicas.filter((id) => image.brokers.get(id)?.fenced === false);
  return { partition, leader: isr[0] ?? -1, leaderEpoch: 0, partitionEpoch: 0, replicas, isr };
}

/** What is wrong with the replicas that a request names for one partition, or undefined. */
export function replicasProblem(
  image: MetadataImage,
  replicas: readonly number[],
  replicationFactor: number,
): string | undefined {
  if (replicas.length === 0) return "a partition needs at least one replica";
  if (new Set(replicas).size !== replicas.length) return "a broker is named twice for a partition";
  const unknown = replicas.find((id) => !image.brokers.has(id));
  if (unknown !== undefined) return `broker ${unknown} is not registered`;
  if (replicas.length !== replicationFactor) {
    return `partitions must have equally many replicas, found ${replicationFactor} and ${replicas.length}`;
  }
  if (replicas.every((id) => image.brokers.get(id)?.fenced !== false)) {
    return "none of the brokers named for a partition is alive";
  }
  return undefined;
}
