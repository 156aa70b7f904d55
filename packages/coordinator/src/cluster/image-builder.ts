import { invariant } from "@ottla/runtime";
import {
  isInternalTopic,
  type BrokerImage,
  type MetadataDelta,
  type MetadataImage,
  type PartitionImage,
  type TopicChange,
  type TopicImage,
} from "./metadata-image.ts";
import { parseKey, readBroker, readPartition, readTopic } from "./metadata-keys.ts";
import type { StoredPartition, TopicValue } from "./metadata-keys.ts";
import type { MetadataChange, MetadataUpdate, MetadataValue } from "./metadata-store.ts";

/** The changes of one update, sorted by what they concern. `undefined` stands for removed. */
interface SortedChanges {
  clusterId: string | undefined;
  readonly brokers: Map<number, BrokerImage | undefined>;
  readonly topics: Map<string, TopicValue | undefined>;
  readonly partitions: Map<string, StoredPartition[]>;
}

export interface ImageStep {
  readonly image: MetadataImage;
  readonly delta: MetadataDelta;
}

/**
 * The image after `update`, and the difference. Invariants that hold before and after: topics by
 * name and by id are the same set, and the partitions of a topic are numbered without gaps.
 */
export function nextImage(before: MetadataImage, update: MetadataUpdate): ImageStep {
  const sorted = sortChanges(update.changes);
  const brokers = mergeBrokers(before, sorted);
  const topicsByName = new Map(before.topicsByName);
  const topicsById = new Map(before.topicsById);
  const created: TopicImage[] = [];
  const deleted: TopicImage[] = [];
  const changed: TopicChange[] = [];
  for (const name of touchedTopics(before, sorted)) {
    const old = before.topicsByName.get(name);
    const value = sorted.topics.has(name)
      ? sorted.topics.get(name)
      : { topicId: old?.topicId ?? "", configs: [...(old?.configs ?? [])] };
    const topic = value && buildTopic(name, value, old, sorted, brokers);
    if (old && old.topicId !== topic?.topicId) {
      deleted.push(old);
      topicsById.delete(old.topicId);
      topicsByName.delete(name);
    }
    if (!topic) continue;
    topicsByName.set(name, topic);
    topicsById.set(topic.topicId, topic);
    if (old?.topicId === topic.topicId) changed.push({ before: old, after: topic });
    else created.push(topic);
  }
  invariant(topicsByName.size === topicsById.size, "a topic has one name and one id");
  const image: MetadataImage = {
    revision: update.revision,
    clusterId: sorted.clusterId ?? before.clusterId,
    controllerId: lowestLiveBroker(brokers),
    topicsByName,
    topicsById,
    brokers,
  };
  const delta = {
    createdTopics: created,
    deletedTopics: deleted,
    changedTopics: changed,
    brokersChanged: sorted.brokers.size > 0,
  };
  return { image, delta };
}

function sortChanges(changes: readonly MetadataChange[]): SortedChanges {
  const sorted: SortedChanges = {
    clusterId: undefined,
    brokers: new Map(),
    topics: new Map(),
    partitions: new Map(),
  };
  for (const { key, value } of changes) {
    const parsed = parseKey(key);
    if (parsed?.kind === "broker") {
      const { brokerId } = parsed;
      sorted.brokers.set(brokerId, value === undefined ? undefined : readBroker(brokerId, value));
    } else if (parsed?.kind === "topic") {
      sorted.topics.set(parsed.name, value === undefined ? undefined : readTopic(value));
    } else if (parsed?.kind === "partition" && value !== undefined) {
      const list = sorted.partitions.get(parsed.topicId) ?? [];
      list.push(readPartition(parsed.partition, value));
      sorted.partitions.set(parsed.topicId, list);
    } else if (parsed?.kind === "cluster" && value !== undefined) {
      sorted.clusterId = (value as { readonly clusterId: MetadataValue }).clusterId as string;
    }
  }
  return sorted;
}

function mergeBrokers(before: MetadataImage, sorted: SortedChanges): Map<number, BrokerImage> {
  const brokers = new Map(before.brokers);
  for (const [brokerId, broker] of sorted.brokers) {
    if (broker) brokers.set(brokerId, broker);
    else brokers.delete(brokerId);
  }
  return brokers;
}

/** Names whose topic must be built anew. A broker that comes or goes concerns all its partitions. */
function touchedTopics(before: MetadataImage, sorted: SortedChanges): Set<string> {
  const names = new Set(sorted.topics.keys());
  for (const topicId of sorted.partitions.keys()) {
    const topic = before.topicsById.get(topicId);
    if (topic) names.add(topic.name);
  }
  const changedLiveness = [...sorted.brokers].filter(
    ([brokerId, broker]) => isAlive(before.brokers.get(brokerId)) !== isAlive(broker),
  );
  if (changedLiveness.length === 0) return names;
  const brokerIds = new Set(changedLiveness.map(([brokerId]) => brokerId));
  for (const topic of before.topicsByName.values()) {
    const concerned = topic.partitions.some((one) => one.replicas.some((id) => brokerIds.has(id)));
    if (concerned) names.add(topic.name);
  }
  return names;
}

function buildTopic(
  name: string,
  value: TopicValue,
  old: TopicImage | undefined,
  sorted: SortedChanges,
  brokers: ReadonlyMap<number, BrokerImage>,
): TopicImage {
  const partitions: PartitionImage[] = old?.topicId === value.topicId ? [...old.partitions] : [];
  for (const stored of sorted.partitions.get(value.topicId) ?? []) {
    partitions[stored.partition] = { ...stored, offlineReplicas: [] };
  }
  for (let index = 0; index < partitions.length; index++) {
    const partition = partitions[index];
    invariant(partition !== undefined, `topic ${name} has no partition ${index}`);
    const offlineReplicas = partition.replicas.filter((id) => !isAlive(brokers.get(id)));
    partitions[index] = { ...partition, offlineReplicas };
  }
  return {
    name,
    topicId: value.topicId,
    partitions,
    configs: new Map(value.configs),
    internal: isInternalTopic(name),
  };
}

function isAlive(broker: BrokerImage | undefined): boolean {
  return broker !== undefined && !broker.fenced;
}

/** Any live broker forwards admin requests, so the lowest one stands for the controller. */
function lowestLiveBroker(brokers: ReadonlyMap<number, BrokerImage>): number {
  let lowest = -1;
  for (const broker of brokers.values()) {
    if (isAlive(broker) && (lowest === -1 || broker.brokerId < lowest)) lowest = broker.brokerId;
  }
  return lowest;
}
