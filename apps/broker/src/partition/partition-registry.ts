import type { ImageListener, MetadataDelta, MetadataImage, TopicImage } from "@ottla/coordinator";
import type { Logger } from "@ottla/runtime";
import type { PartitionLog, StorageEngine } from "@ottla/storage";
import type { EffectiveTopicConfig } from "../config/topic-config.ts";
import { Partition } from "./partition.ts";

export interface PartitionRegistryOptions {
  readonly engine: StorageEngine;
  readonly brokerId: number;
  readonly logger: Logger;
  readonly effectiveConfig: (overrides: ReadonlyMap<string, string>) => EffectiveTopicConfig;
  /** Called for every partition whose high watermark, log start or leader changed. */
  readonly onAdvance: (partition: Partition) => void;
  /** Called when a partition starts (true) or stops (false) being led here. */
  readonly onLeadership: (topic: string, partition: number, leads: boolean) => void;
}

/**
 * The partitions that this broker holds, kept equal to the metadata image. Changes are applied one
 * after the other; `settled` tells when those known now are done.
 */
export class PartitionRegistry {
  readonly #options: PartitionRegistryOptions;
  readonly #byTopic = new Map<string, Partition[]>();
  readonly #nameById = new Map<string, string>();
  #work: Promise<void> = Promise.resolve();

  constructor(options: PartitionRegistryOptions) {
    this.#options = options;
  }

  /** Undefined when the partition does not exist, or not on this broker. */
  get(topic: string, partition: number): Partition | undefined {
    return this.#byTopic.get(topic)?.[partition];
  }

  topicName(topicId: string): string | undefined {
    return this.#nameById.get(topicId);
  }

  *all(): IterableIterator<Partition> {
    for (const partitions of this.#byTopic.values()) {
      for (const partition of partitions) if (partition) yield partition;
    }
  }

  /** Resolves when every image seen until now has been applied. */
  settled(): Promise<void> {
    return this.#work;
  }

  /** Brings the recovered logs and the first image together; later images come through `listener`. */
  async start(image: MetadataImage): Promise<void> {
    await this.#dropStrays(image);
    for (const topic of image.topicsByName.values()) await this.#open(topic);
  }

  readonly listener: ImageListener = (_image, delta) => {
    this.#work = this.#work.then(() => this.#apply(delta)).catch((error: unknown) => {
      this.#options.logger.error("could not apply a metadata change", { error: String(error) });
    });
  };

  async #apply(delta: MetadataDelta): Promise<void> {
    for (const topic of delta.deletedTopics) await this.#delete(topic);
    for (const topic of delta.createdTopics) await this.#open(topic);
    for (const change of delta.changedTopics) await this.#change(change.after);
  }

  async #open(topic: TopicImage): Promise<void> {
    const { brokerId } = this.#options;
    const effective = this.#options.effectiveConfig(topic.configs);
    const here = topic.partitions.filter((state) => state.replicas.includes(brokerId));
    const opened = this.#byTopic.get(topic.name) ?? [];
    await Promise.all(
      here.filter((state) => !opened[state.partition]).map(async (state) => {
        const log = await this.#logOf(topic, state.partition, effective);
        const partition = new Partition({ log, state, brokerId, config: effective });
        partition.onAdvance = () => this.#options.onAdvance(partition);
        opened[state.partition] = partition;
      }),
    );
    this.#byTopic.set(topic.name, opened);
    this.#nameById.set(topic.topicId, topic.name);
    for (const state of here) {
      if (state.leader === brokerId) this.#options.onLeadership(topic.name, state.partition, true);
    }
  }

  /** A log that recovery left offline is kept as it is: its partition answers with a storage error. */
  async #logOf(topic: TopicImage, partition: number, { log: config }: EffectiveTopicConfig): Promise<PartitionLog> {
    const found = this.#options.engine.partition(topic.name, partition);
    if (found && !found.online) return found;
    return this.#options.engine.createPartition({ topic: topic.name, partition, topicId: topic.topicId, config });
  }

  async #change(topic: TopicImage): Promise<void> {
    const effective = this.#options.effectiveConfig(topic.configs);
    for (const state of topic.partitions) {
      const partition = this.get(topic.name, state.partition);
      if (!partition) continue;
      const led = partition.isLeader;
      partition.update(state, effective);
      if (partition.log.online) await partition.log.updateConfig(effective.log);
      if (partition.isLeader !== led) this.#options.onLeadership(topic.name, state.partition, partition.isLeader);
    }
    await this.#open(topic);
  }

  async #delete(topic: TopicImage): Promise<void> {
    const partitions = this.#byTopic.get(topic.name) ?? [];
    this.#byTopic.delete(topic.name);
    this.#nameById.delete(topic.topicId);
    for (const partition of partitions) {
      if (!partition) continue;
      this.#options.onLeadership(topic.name, partition.partition, false);
      await this.#options.engine.deletePartition(partition);
      partition.onAdvance?.();
    }
  }

  /**
   * Logs of topics that were deleted while the broker died: the metadata says that they are gone,
   * also when a topic of the same name has been created since. A log that could not be loaded stays.
   */
  async #dropStrays(image: MetadataImage): Promise<void> {
    const { engine, logger } = this.#options;
    const strays = [...engine.partitions()].filter(
      (log) => log.online && image.topicsById.get(log.topicId)?.name !== log.topic,
    );
    for (const log of strays) {
      const where = { topic: log.topic, partition: log.partition, topicId: log.topicId };
      if (image.topicsByName.size === 0) {
        logger.warn("a log that the metadata does not know stays on disk, unserved", where);
        continue;
      }
      logger.warn("removing the log of a deleted topic", where);
      await engine.deletePartition(log);
    }
  }
}
