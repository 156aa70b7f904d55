import { ErrorCode } from "@ottla/protocol";
import type { Cluster } from "./connection/cluster.ts";
import { KafkaError } from "./errors.ts";
import type { TopicPartition } from "./topic-partition.ts";

/**
 * The items under the broker that leads their partition, by the metadata at hand. Throws
 * UNKNOWN_TOPIC_OR_PARTITION or, for a partition that nobody leads, LEADER_NOT_AVAILABLE.
 */
export function groupByLeader<T extends TopicPartition>(
  cluster: Cluster,
  items: readonly T[],
): Map<number, T[]> {
  const groups = new Map<number, T[]>();
  for (const item of items) {
    const partition = cluster.metadata.partition(item.topic, item.partition);
    if (partition === undefined) {
      throw new KafkaError(
        ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
        `topic ${item.topic} has no partition ${item.partition}`,
      );
    }
    if (partition.leader < 0) {
      throw new KafkaError(
        ErrorCode.LEADER_NOT_AVAILABLE,
        `${item.topic}-${item.partition} has no leader`,
      );
    }
    const group = groups.get(partition.leader);
    if (group === undefined) groups.set(partition.leader, [item]);
    else group.push(item);
  }
  return groups;
}
