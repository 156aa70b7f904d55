import type { PartitionImage, TopicImage } from "@ottla/coordinator";
import { ErrorCode } from "@ottla/protocol";
import type { BrokerServices } from "../../broker-services.ts";

const NO_LEADER = -1;

/**
 * The partitions of a topic, with this broker among the offline replicas of those whose log directory is
 * offline here: nobody can lead them then.
 */
export function partitionsOf(
  { partitions, config }: Pick<BrokerServices, "partitions" | "config">,
  topic: TopicImage,
): readonly PartitionImage[] {
  return topic.partitions.map((image) => {
    // A partition that is still being made has no log yet, and is no reason for alarm.
    const isOffline = partitions.get(topic.name, image.partition)?.log.online === false;
    if (!isOffline || image.offlineReplicas.includes(config.nodeId)) return image;
    return { ...image, offlineReplicas: [...image.offlineReplicas, config.nodeId] };
  });
}

/**
 * A partition as Metadata and DescribeTopicPartitions show it. `reachable` holds the brokers that
 * the client can connect to: a leader beyond them is there, but not on this listener.
 */
export function describePartition(
  partition: PartitionImage,
  reachable: ReadonlySet<number>,
): {
  errorCode: number;
  partitionIndex: number;
  leaderId: number;
  leaderEpoch: number;
  replicaNodes: readonly number[];
  isrNodes: readonly number[];
  offlineReplicas: readonly number[];
} {
  const { leader, leaderEpoch, replicas, isr, offlineReplicas } = partition;
  const offline = leader === NO_LEADER || offlineReplicas.includes(leader);
  let errorCode: number = ErrorCode.NONE;
  if (offline) errorCode = ErrorCode.LEADER_NOT_AVAILABLE;
  else if (!reachable.has(leader)) errorCode = ErrorCode.LISTENER_NOT_FOUND;
  return {
    errorCode,
    partitionIndex: partition.partition,
    leaderId: errorCode === ErrorCode.NONE ? leader : NO_LEADER,
    leaderEpoch,
    replicaNodes: replicas,
    isrNodes: isr,
    offlineReplicas,
  };
}
