import { MetadataStoreError } from "./metadata-store-error.ts";
import { CLUSTER_KEY, PRODUCER_IDS_KEY, putPartition, putTopic } from "./metadata-keys.ts";
import type { MetadataChange, MetadataStore } from "./metadata-store.ts";

export interface AdoptedTopic {
  readonly name: string;
  readonly topicId: string;
  readonly configs: readonly (readonly [name: string, value: string])[];
  /** Of the last batch in each partition's log, from partition 0 on; -1 for an empty one. */
  readonly leaderEpochs: readonly number[];
}

export interface AdoptedCluster {
  readonly clusterId: string;
  readonly nodeId: number;
  readonly topics: readonly AdoptedTopic[];
  /** Producer ids below it may be in use. */
  readonly nextProducerId: number;
}

/**
 * Makes topics known whose logs another broker wrote, with their ids, led by this node. Only in a store that is
 * new: MetadataStoreError otherwise.
 */
export async function adoptTopics(store: MetadataStore, cluster: AdoptedCluster): Promise<void> {
  const { clusterId, nodeId, topics, nextProducerId } = cluster;
  const changes: MetadataChange[] = [
    { key: CLUSTER_KEY, value: { clusterId } },
    { key: PRODUCER_IDS_KEY, value: { next: nextProducerId } },
  ];
  for (const { name, topicId, configs, leaderEpochs } of topics) {
    changes.push(putTopic(name, { topicId, configs }));
    for (const [partition, epoch] of leaderEpochs.entries()) {
      const leaderEpoch = Math.max(0, epoch);
      const placed = { leader: nodeId, replicas: [nodeId], isr: [nodeId] };
      changes.push(putPartition(topicId, { partition, leaderEpoch, partitionEpoch: 0, ...placed }));
    }
  }
  const committed = await store.compareAndSet({
    expect: [{ key: CLUSTER_KEY, revision: 0 }],
    changes,
  });
  if (!committed.ok) throw new MetadataStoreError("the metadata store is not empty");
}
