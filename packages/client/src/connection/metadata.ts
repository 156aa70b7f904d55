import { ErrorCode, ZERO_UUID, type MetadataResponse } from "@ottla/protocol";
import type { Address } from "../options.ts";

export interface BrokerMetadata extends Address {
  readonly nodeId: number;
  readonly rack: string | null;
}

export interface PartitionMetadata {
  readonly partition: number;
  readonly errorCode: number;
  /** -1 while there is none. */
  readonly leader: number;
  readonly leaderEpoch: number;
  readonly replicas: readonly number[];
  readonly isr: readonly number[];
  readonly offlineReplicas: readonly number[];
}

export interface TopicMetadata {
  readonly name: string;
  /** Undefined when the broker is too old to have topic ids. */
  readonly topicId: string | undefined;
  readonly isInternal: boolean;
  /** Ordered by number, without holes as far as the broker tells. */
  readonly partitions: readonly PartitionMetadata[];
}

/** What the client knows about the cluster; replaced piece by piece as answers come in. */
export class Metadata {
  readonly brokers = new Map<number, BrokerMetadata>();
  readonly #topics = new Map<string, TopicMetadata>();
  readonly #errors = new Map<string, number>();
  readonly #namesById = new Map<string, string>();
  clusterId: string | null = null;
  controllerId = -1;

  topic(name: string): TopicMetadata | undefined {
    return this.#topics.get(name);
  }

  topicNameById(topicId: string): string | undefined {
    return this.#namesById.get(topicId);
  }

  /** The error that the broker gave for the topic when it was last asked; NONE when it gave none. */
  topicError(name: string): number {
    return this.#errors.get(name) ?? ErrorCode.NONE;
  }

  partition(topic: string, partition: number): PartitionMetadata | undefined {
    const partitions = this.#topics.get(topic)?.partitions;
    const found = partitions?.[partition];
    return found?.partition === partition
      ? found
      : partitions?.find((one) => one.partition === partition);
  }

  update(response: MetadataResponse): void {
    // A broker that is just starting may know nobody; then the old list is the better one.
    if (response.brokers.length > 0) this.#updateBrokers(response);
    this.clusterId = response.clusterId ?? this.clusterId;
    this.controllerId = response.controllerId;
    for (const topic of response.topics) this.#updateTopic(topic);
  }

  #updateBrokers(response: MetadataResponse): void {
    this.brokers.clear();
    for (const { nodeId, host, port, rack } of response.brokers) {
      this.brokers.set(nodeId, { nodeId, host, port, rack });
    }
  }

  #updateTopic(topic: MetadataResponse["topics"][number]): void {
    const { name } = topic;
    if (name === null) return;
    if (topic.errorCode !== ErrorCode.NONE) {
      this.#errors.set(name, topic.errorCode);
      if (topic.errorCode === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION) this.#forget(name);
      return;
    }
    this.#errors.delete(name);
    const topicId = topic.topicId === ZERO_UUID ? undefined : topic.topicId;
    const known = this.#topics.get(name);
    const before = known?.topicId === topicId ? known : undefined;
    if (before === undefined) this.#forget(name);
    const partitions = topic.partitions
      .map((partition) => keepNewerEpoch(toPartition(partition), before))
      .sort((one, other) => one.partition - other.partition);
    this.#topics.set(name, { name, topicId, isInternal: topic.isInternal, partitions });
    if (topicId !== undefined) this.#namesById.set(topicId, name);
  }

  #forget(name: string): void {
    const topicId = this.#topics.get(name)?.topicId;
    if (topicId !== undefined) this.#namesById.delete(topicId);
    this.#topics.delete(name);
  }
}

function toPartition(
  partition: MetadataResponse["topics"][number]["partitions"][number],
): PartitionMetadata {
  return {
    partition: partition.partitionIndex,
    errorCode: partition.errorCode,
    leader: partition.leaderId,
    leaderEpoch: partition.leaderEpoch,
    replicas: partition.replicaNodes,
    isr: partition.isrNodes,
    offlineReplicas: partition.offlineReplicas,
  };
}

/** A broker that lags behind may name a leader that was already replaced. */
function keepNewerEpoch(
  now: PartitionMetadata,
  topic: TopicMetadata | undefined,
): PartitionMetadata {
  const before = topic?.partitions.find(({ partition }) => partition === now.partition);
  return before !== undefined && before.leaderEpoch > now.leaderEpoch ? before : now;
}
