import { partitionForKey } from "@ottla/protocol";
import type { TopicMetadata } from "../connection/metadata.ts";

/** Chooses a partition for records that name none. */
export class Partitioner {
  readonly #random: () => number;
  readonly #sticky = new Map<string, number>();

  constructor(random: () => number) {
    this.#random = random;
  }

  /**
   * By the key as Java does it. Records without a key stay together while `hasOpenBatch` says that
   * their batch takes more, and go to another partition afterwards: full batches, even spread.
   */
  partitionFor(
    topic: TopicMetadata,
    key: Uint8Array | null,
    hasOpenBatch: (partition: number) => boolean,
  ): number {
    if (key !== null) return partitionForKey(key, topic.partitions.length);
    const current = this.#sticky.get(topic.name);
    if (current !== undefined && hasOpenBatch(current)) return current;
    const next = this.#another(topic, current);
    this.#sticky.set(topic.name, next);
    return next;
  }

  #another(topic: TopicMetadata, current: number | undefined): number {
    const available = topic.partitions.filter(({ leader }) => leader >= 0);
    const usable = available.length > 0 ? available : topic.partitions;
    const others =
      usable.length > 1 ? usable.filter(({ partition }) => partition !== current) : usable;
    const chosen = others[Math.floor(this.#random() * others.length)] ?? others[0];
    return chosen?.partition ?? 0;
  }
}
