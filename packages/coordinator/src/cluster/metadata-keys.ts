import type { BrokerImage, PartitionImage } from "./metadata-image.ts";
import type { MetadataChange, MetadataValue } from "./metadata-store.ts";

/*
 * Keys of the metadata store and the shape of their values. Maps are stored as lists of pairs, so
 * that a topic or setting called `__proto__` is a name like any other.
 *
 *   cluster                           { clusterId }
 *   brokers/<broker id>               { brokerEpoch, rack, fenced, endpoints: [[listener, host, port] ...] }
 *   topics/<name>                     { topicId, configs: [[name, value] ...] }
 *   partitions/<topic id>/<number>    [leader, leaderEpoch, partitionEpoch, replicas, isr]
 *   producer-ids                      { next }
 *
 * A partition has a key of its own because leaders change the ISR of single partitions at a high
 * rate, and a compare-and-set on the whole topic would make them stand in each other's way.
 */
export const CLUSTER_KEY = "cluster";
export const PRODUCER_IDS_KEY = "producer-ids";
const BROKERS = "brokers/";
const TOPICS = "topics/";
const PARTITIONS = "partitions/";

export interface TopicValue {
  readonly topicId: string;
  readonly configs: readonly (readonly [name: string, value: string])[];
}

/** A partition as stored; its number is in the key, its offline replicas follow from the brokers. */
export type StoredPartition = Omit<PartitionImage, "offlineReplicas">;

type PartitionValue = readonly [
  leader: number,
  leaderEpoch: number,
  partitionEpoch: number,
  replicas: readonly number[],
  isr: readonly number[],
];

interface BrokerValue {
  readonly brokerEpoch: number;
  readonly rack: string | null;
  readonly fenced: boolean;
  readonly endpoints: readonly (readonly [listenerName: string, host: string, port: number])[];
}

export function brokerKey(brokerId: number): string {
  return `${BROKERS}${brokerId}`;
}

export function topicKey(name: string): string {
  return `${TOPICS}${name}`;
}

export function partitionKey(topicId: string, partition: number): string {
  return `${PARTITIONS}${topicId}/${partition}`;
}

export type ParsedKey =
  | { readonly kind: "cluster" | "producer-ids" }
  | { readonly kind: "broker"; readonly brokerId: number }
  | { readonly kind: "topic"; readonly name: string }
  | { readonly kind: "partition"; readonly topicId: string; readonly partition: number };

/** Undefined for keys of a later release, which this one leaves alone. */
export function parseKey(key: string): ParsedKey | undefined {
  if (key === CLUSTER_KEY) return { kind: "cluster" };
  if (key === PRODUCER_IDS_KEY) return { kind: "producer-ids" };
  if (key.startsWith(BROKERS)) {
    return { kind: "broker", brokerId: Number(key.slice(BROKERS.length)) };
  }
  if (key.startsWith(TOPICS)) return { kind: "topic", name: key.slice(TOPICS.length) };
  if (!key.startsWith(PARTITIONS)) return undefined;
  const [topicId = "", partition = ""] = key.slice(PARTITIONS.length).split("/");
  return { kind: "partition", topicId, partition: Number(partition) };
}

export function putTopic(name: string, value: TopicValue): MetadataChange {
  return { key: topicKey(name), value: { topicId: value.topicId, configs: value.configs } };
}

export function readTopic(value: MetadataValue): TopicValue {
  return value as unknown as TopicValue;
}

export function putPartition(topicId: string, partition: StoredPartition): MetadataChange {
  const { leader, leaderEpoch, partitionEpoch, replicas, isr } = partition;
  const value: PartitionValue = [leader, leaderEpoch, partitionEpoch, replicas, isr];
  return { key: partitionKey(topicId, partition.partition), value };
}

export function readPartition(partition: number, value: MetadataValue): StoredPartition {
  const [leader, leaderEpoch, partitionEpoch, replicas, isr] = value as PartitionValue;
  return { partition, leader, leaderEpoch, partitionEpoch, replicas, isr };
}

export function putBroker(broker: BrokerImage): MetadataChange {
  const { brokerEpoch, rack, fenced } = broker;
  const endpoints = broker.endpoints.map(
    ({ listenerName, host, port }) => [listenerName, host, port] as const,
  );
  return { key: brokerKey(broker.brokerId), value: { brokerEpoch, rack, fenced, endpoints } };
}

export function readBroker(brokerId: number, value: MetadataValue): BrokerImage {
  const { brokerEpoch, rack, fenced, endpoints } = value as unknown as BrokerValue;
  return {
    brokerId,
    brokerEpoch,
    rack,
    fenced,
    endpoints: endpoints.map(([listenerName, host, port]) => ({ listenerName, host, port })),
  };
}
