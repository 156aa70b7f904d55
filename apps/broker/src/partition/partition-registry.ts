import type {
  ImageListener,
  MetadataDelta,
  MetadataImage,
  TopicChange,
  TopicImage,
} from "@ottla/coordinator";
import type { Logger } from "@ottla/runtime";
import {
  OfflineLog,
  StorageError,
  type PartitionLog,
  type StorageEngine,
  type TopicPartition,
} from "@ottla/storage";
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
    this.#work = this.#work
      .then(() => this.#apply(delta))
      .catch((error: unknown) => {
        this.#options.logger.error("could not apply a metadata change", { error: String(error) });
      });
  };

  async #apply(delta: MetadataDelta): Promise<void> {
    // The engine makes and removes logs in groups: those of all topics go together.
    await Promise.all(delta.deletedTopics.map((topic) => this.#delete(topic)));
    await Promise.all(delta.createdTopics.map((topic) => this.#open(topic)));
    for (const change of delta.changedTopics) await this.#change(change);
  }

  async #open(topic: TopicImage): Promise<void> {
    const { brokerId } = this.#options;
    const effective = this.#options.effectiveConfig(topic.configs);
    const here = topic.partitions.filter((state) => state.replicas.includes(brokerId));
    const opened = this.#byTopic.get(topic.name) ?? [];
    await Promise.all(
      here
        .filter((state) => !opened[state.partition])
        .map(async (state) => {
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

  /** Whether a log directory is left that can take a partition. */
  get canCreate(): boolean {
    return this.#options.engine.directories().some(({ online }) => online);
  }

  /** Partitions of a topic that should be here and cannot be served: they answer KAFKA_STORAGE_ERROR (56). */
  offlineCount(topic: string): number {
    return this.#byTopic.get(topic)?.filter((partition) => !partition.log.online).length ?? 0;
  }

  /**
   * A log that recovery left offline is kept as it is, and one that could not be made has a stand-in: their
   * partitions answer with a storage error, and the others of the topic are served.
   */
  async #logOf(
    topic: TopicImage,
    partition: number,
    { log: config }: EffectiveTopicConfig,
  ): Promise<PartitionLog> {
    const found = this.#options.engine.partition(topic.name, partition);
    if (found && !found.online) return found;
    const spec = { topic: topic.name, partition, topicId: topic.topicId, config };
    try {
      return await this.#options.engine.createPartition(spec);
    } catch (error) {
      if (!isDiskFailure(error)) throw error;
      this.#options.logger.error("a partition stays offline: its log could not be opened", {
        topic: topic.name,
        partition,
        reason: String(error),
      });
      return new OfflineLog(spec);
    }
  }

  async #change({ before, after: topic }: TopicChange): Promise<void> {
    const effective = this.#options.effectiveConfig(topic.configs);
    if (before.configs !== topic.configs) await this.#reconfigure(topic, effective);
    for (const state of topic.partitions) {
      const partition = this.get(topic.name, state.partition);
      if (!partition) continue;
      const led = partition.isLeader;
      partition.update(state, effective);
      if (partition.isLeader !== led)
        this.#options.onLeadership(topic.name, state.partition, partition.isLeader);
    }
    await this.#open(topic);
  }

  /** The logs take the settings over together: a topic of many partitions changes in one round of calls. */
  async #reconfigure(topic: TopicImage, { log: config }: EffectiveTopicConfig): Promise<void> {
    const partitions = (this.#byTopic.get(topic.name) ?? []).flatMap((one) => (one ? [one] : []));
    await Promise.all(
      partitions.map(async ({ log }) => {
        try {
          await log.updateConfig(config);
        } catch (error) {
          // An offline log takes them at the next start, and one whose worker has died when it is loaded again.
          if (!(error instanceof StorageError)) throw error;
        }
      }),
    );
  }

  async #delete(topic: TopicImage): Promise<void> {
    const partitions = (this.#byTopic.get(topic.name) ?? []).flatMap((one) => (one ? [one] : []));
    this.#byTopic.delete(topic.name);
    this.#nameById.delete(topic.topicId);
    const removed = partitions.map(async (partition) => {
      this.#options.onLeadership(topic.name, partition.partition, false);
      await this.#remove(partition.log);
      partition.onAdvance?.();
    });
    await Promise.all(removed);
  }

  /** The topic is gone whatever the disk says: a log that cannot be removed is a stray at the next start. */
  async #remove({ topic, partition }: TopicPartition): Promise<void> {
    try {
      await this.#options.engine.deletePartition({ topic, partition });
    } catch (error) {
      if (!isDiskFailure(error)) throw error;
      this.#options.logger.error("the log of a deleted topic could not be removed", {
        topic,
        partition,
        reason: String(error),
      });
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
    const removed = strays.map(async (log) => {
      const where = { topic: log.topic, partition: log.partition, topicId: log.topicId };
      if (image.topicsByName.size === 0) {
        logger.warn("a log that the metadata does not know stays on disk, unserved", where);
        return;
      }
      logger.warn("removing the log of a deleted topic", where);
      await engine.deletePartition(log);
    });
    await Promise.all(removed);
  }
}

/** Anything else is our bug. */
function isDiskFailure(error: unknown): boolean {
  return (
    error instanceof StorageError || typeof (error as NodeJS.ErrnoException).syscall === "string"
  );
}
