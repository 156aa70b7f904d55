import { ErrorCode } from "@ottla/protocol";
import { MAX_PARTITIONS_PER_REQUEST } from "./create-topics.ts";
import type { TopicImage } from "./metadata-image.ts";
import { partitionKey, putPartition, topicKey, type StoredPartition } from "./metadata-keys.ts";
import type { MetadataChange } from "./metadata-store.ts";
import { placeReplicas } from "./placement.ts";
import {
  liveBrokers,
  newPartition,
  refuse,
  replicasProblem,
  type PlanningContext,
  type TopicError,
  type TopicPlan,
} from "./topic-plan.ts";

export interface PartitionIncrease {
  readonly name: string;
  /** Partitions there shall be in all. */
  readonly count: number;
  /** Replicas of each added partition, in order; undefined leaves the placement to us. */
  readonly assignments: readonly (readonly number[])[] | undefined;
}

export type CreatePartitionsResult = { readonly name: string } & (
  | TopicError
  | { readonly ok: true }
);

export function planCreatePartitions(
  context: PlanningContext,
  increases: readonly PartitionIncrease[],
): TopicPlan<CreatePartitionsResult> {
  const results: CreatePartitionsResult[] = [];
  const changes: MetadataChange[] = [];
  const unchangedKeys: string[] = [];
  const counts = new Map<string, number>();
  for (const { name } of increases) counts.set(name, (counts.get(name) ?? 0) + 1);
  for (const increase of new Map(increases.map((one) => [one.name, one])).values()) {
    const { name } = increase;
    const decided =
      (counts.get(name) ?? 0) > 1
        ? refuse(ErrorCode.INVALID_REQUEST, "the request names this topic more than once")
        : decide(context, increase);
    if (!decided.ok) {
      results.push({ ...decided, name });
      continue;
    }
    const { topicId } = decided.topic;
    // The first added key stands for a rival increase, the topic's key for its deletion.
    unchangedKeys.push(topicKey(name), partitionKey(topicId, decided.topic.partitions.length));
    for (const partition of decided.added) changes.push(putPartition(topicId, partition));
    results.push({ ok: true, name });
  }
  return { results, changes, unchangedKeys };
}

type Decision =
  | { readonly ok: true; readonly topic: TopicImage; readonly added: readonly StoredPartition[] }
  | TopicError;

function decide({ image, random }: PlanningContext, increase: PartitionIncrease): Decision {
  const topic = image.topicsByName.get(increase.name);
  if (!topic) return refuse(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, "no topic has this name");
  const first = topic.partitions.length;
  const count = increase.count - first;
  if (count <= 0) {
    return refuse(
      ErrorCode.INVALID_PARTITIONS,
      `the topic has ${first} partitions; ask for more than that, they cannot be taken away`,
    );
  }
  if (count > MAX_PARTITIONS_PER_REQUEST) {
    return refuse(
      ErrorCode.INVALID_PARTITIONS,
      `at most ${MAX_PARTITIONS_PER_REQUEST} partitions can be added at once`,
    );
  }
  const factor = topic.partitions[0]?.replicas.length ?? 1;
  const { assignments } = increase;
  if (assignments !== undefined) {
    const problem =
      assignments.length === count
        ? assignments.map((one) => replicasProblem(image, one, factor)).find((one) => one)
        : `${count} partitions are added, but replicas are assigned to ${assignments.length}`;
    if (problem) return refuse(ErrorCode.INVALID_REPLICA_ASSIGNMENT, problem);
  }
  const brokerIds = liveBrokers(image).map(({ brokerId }) => brokerId);
  if (assignments === undefined && factor > brokerIds.length) {
    return refuse(
      ErrorCode.INVALID_REPLICATION_FACTOR,
      `the topic has ${factor} replicas per partition, but only ${brokerIds.length} brokers are alive`,
    );
  }
  const placed = assignments ?? placeReplicas(brokerIds, { first, count }, factor, random);
  const added = placed.map((replicas, index) => newPartition(image, first + index, replicas));
  return { ok: true, topic, added };
}
