import type { PartitionImage } from "@ottla/coordinator";
import { ErrorCode } from "@ottla/protocol";

const NO_LEADER = -1;

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
