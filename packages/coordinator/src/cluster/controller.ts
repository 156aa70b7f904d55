import { ErrorCode } from "@ottla/protocol";
import { invariant, type Logger, type Random } from "@ottla/runtime";
import {
  planAlterTopicConfigs,
  type AlterTopicConfigsResult,
  type TopicConfigAlteration,
} from "./alter-topic-configs.ts";
import {
  planCreatePartitions,
  type CreatePartitionsResult,
  type PartitionIncrease,
} from "./create-partitions.ts";
import { planCreateTopics, type CreateTopicResult, type NewTopic } from "./create-topics.ts";
import { planDeleteTopics, type DeleteTopicResult, type TopicReference } from "./delete-topics.ts";
import { nextImage } from "./image-builder.ts";
import {
  emptyImage,
  type BrokerEndpoint,
  type BrokerImage,
  type ImageListener,
  type MetadataImage,
} from "./metadata-image.ts";
import {
  CLUSTER_KEY,
  PRODUCER_IDS_KEY,
  brokerKey,
  partitionKey,
  putBroker,
  putPartition,
} from "./metadata-keys.ts";
import { MetadataStoreError } from "./metadata-store-error.ts";
import type { MetadataChange, MetadataStore, MetadataUpdate } from "./metadata-store.ts";
import { refuse, type TopicError, type TopicPlan, type TopicRules } from "./topic-plan.ts";
import { randomUuid } from "./uuid.ts";

/** Kafka hands out producer ids in blocks of this size; a crash wastes at most one block. */
const PRODUCER_ID_BLOCK_SIZE = 1000;
/** A plan is made again from the newest image when another broker was faster; not for ever. */
const MAX_ATTEMPTS = 16;

export interface ControllerOptions {
  readonly store: MetadataStore;
  readonly rules: TopicRules;
  readonly random: Random;
  readonly logger: Logger;
  /** The cluster that the data directory belongs to; drawn at the first start when not given. */
  readonly clusterId?: string;
}

export interface BrokerRegistration {
  readonly brokerId: number;
  readonly rack: string | null;
  readonly endpoints: readonly BrokerEndpoint[];
}

export interface ProducerIdBlock {
  readonly firstProducerId: bigint;
  readonly size: number;
}

export interface CarryOutOptions {
  /** Only say what would happen. */
  readonly validateOnly: boolean;
}

/** A change of leader or ISR, based on the partition as its leader knows it. */
export interface PartitionChange {
  readonly topicId: string;
  readonly partition: number;
  readonly expectedPartitionEpoch: number;
  readonly leader: number;
  readonly isr: readonly number[];
}

/**
 * Decides what becomes of topics, partitions and brokers. It plans each change from the current
 * image, commits it with a compare-and-set, and learns of it through the watch like everyone else;
 * so it works the same over a local log and over a store shared with other brokers.
 *
 * Invariants: one change at a time is under way, and `image` never shows what is not durable.
 */
export class Controller {
  readonly #store: MetadataStore;
  readonly #rules: TopicRules;
  readonly #random: Random;
  readonly #logger: Logger;
  readonly #listeners = new Set<ImageListener>();
  readonly #revisions = new Map<string, number>();
  #image: MetadataImage = emptyImage;
  #nextBlockStart = 0;
  #block: ProducerIdBlock = { firstProducerId: 0n, size: 0 };
  #blockRequest: Promise<void> | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #imageMoved: (() => void)[] = [];
  #stopWatching: () => void = () => {};

  private constructor(options: ControllerOptions) {
    this.#store = options.store;
    this.#rules = options.rules;
    this.#random = options.random;
    this.#logger = options.logger;
  }

  /** Reads the store and gives a new one its cluster id. */
  static async open(options: ControllerOptions): Promise<Controller> {
    const controller = new Controller(options);
    const { revision, entries } = await options.store.read();
    const changes = [...entries].map(([key, { value }]) => ({ key, value }));
    for (const [key, entry] of entries) controller.#revisions.set(key, entry.revision);
    controller.#learn({ revision, changes });
    controller.#stopWatching = options.store.watch(revision, (update) => controller.#apply(update));
    await controller.#identify(options.clusterId);
    return controller;
  }

  get image(): MetadataImage {
    return this.#image;
  }

  /** Calls `listener` after every change, in order. Returns a function that stops it. */
  onImage(listener: ImageListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    this.#stopWatching();
    this.#listeners.clear();
  }

  createTopics(
    topics: readonly NewTopic[],
    options: CarryOutOptions = { validateOnly: false },
  ): Promise<readonly CreateTopicResult[]> {
    return this.#carryOut(() => planCreateTopics(this.#context(), topics), options);
  }

  deleteTopics(references: readonly TopicReference[]): Promise<readonly DeleteTopicResult[]> {
    return this.#carryOut(() => planDeleteTopics(this.#context(), references), {
      validateOnly: false,
    });
  }

  createPartitions(
    increases: readonly PartitionIncrease[],
    options: CarryOutOptions = { validateOnly: false },
  ): Promise<readonly CreatePartitionsResult[]> {
    return this.#carryOut(() => planCreatePartitions(this.#context(), increases), options);
  }

  /**
   * Changes the settings that a topic has of its own, all of one call or none. INVALID_TOPIC_EXCEPTION,
   * INVALID_CONFIG, UNKNOWN_TOPIC_OR_PARTITION, or what the alteration itself refuses.
   */
  async alterTopicConfigs(
    name: string,
    alteration: TopicConfigAlteration,
    options: CarryOutOptions = { validateOnly: false },
  ): Promise<AlterTopicConfigsResult> {
    const plan = () => planAlterTopicConfigs(this.#context(), name, alteration);
    const [result] = await this.#carryOut(plan, options);
    invariant(result !== undefined, "one topic, one result");
    return result;
  }

  /**
   * Makes a broker known at its start. Its epoch grows, and so does the leader epoch of every
   * partition it leads: what it wrote before may have been lost with the page cache, and clients
   * detect a cut log by the epoch.
   */
  async registerBroker(registration: BrokerRegistration): Promise<BrokerImage> {
    const { brokerId, rack, endpoints } = registration;
    await this.#carryOut(
      () => {
        const before = this.#image.brokers.get(brokerId);
        const brokerEpoch = (before?.brokerEpoch ?? 0) + 1;
        const broker = { brokerId, brokerEpoch, rack, fenced: false, endpoints };
        const changes = [putBroker(broker), ...this.#newLeaderEpochs(brokerId)];
        return { results: [], changes, unchangedKeys: [brokerKey(brokerId)] };
      },
      { validateOnly: false },
    );
    const broker = this.#image.brokers.get(brokerId);
    invariant(broker !== undefined, "a registered broker is in the image");
    return broker;
  }

  /** The leader's request to change leader or ISR; refused when the partition changed meanwhile. */
  async changePartition(change: PartitionChange): Promise<TopicError | { readonly ok: true }> {
    const { topicId, partition, expectedPartitionEpoch, leader, isr } = change;
    const plan = (): TopicPlan<TopicError | { readonly ok: true }> => {
      const current = this.#image.topicsById.get(topicId)?.partitions[partition];
      if (!current) {
        const refused = refuse(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, "no such partition");
        return { results: [refused], changes: [], unchangedKeys: [] };
      }
      if (current.partitionEpoch !== expectedPartitionEpoch) {
        const refused = refuse(ErrorCode.INVALID_UPDATE_VERSION, "the partition has changed");
        return { results: [refused], changes: [], unchangedKeys: [] };
      }
      invariant(
        isr.every((id) => current.replicas.includes(id)),
        "the ISR is part of the replica set",
      );
      const leaderEpoch = current.leaderEpoch + (leader === current.leader ? 0 : 1);
      const partitionEpoch = current.partitionEpoch + 1;
      const put = putPartition(topicId, { ...current, leader, leaderEpoch, partitionEpoch, isr });
      const unchangedKeys = [partitionKey(topicId, partition)];
      return { results: [{ ok: true }], changes: [put], unchangedKeys };
    };
    const [result] = await this.#carryOut(plan, { validateOnly: false });
    invariant(result !== undefined, "one partition, one result");
    return result;
  }

  /** Producer ids that nobody ever had, durable before it returns: a crash must not hand them out again. */
  async nextProducerIdBlock(): Promise<ProducerIdBlock> {
    const [first] = await this.#carryOut(
      () => {
        const next = this.#nextBlockStart;
        const value = { next: next + PRODUCER_ID_BLOCK_SIZE };
        const changes = [{ key: PRODUCER_IDS_KEY, value }];
        return { results: [next], changes, unchangedKeys: [PRODUCER_IDS_KEY] };
      },
      { validateOnly: false },
    );
    invariant(first !== undefined, "one block per call");
    return { firstProducerId: BigInt(first), size: PRODUCER_ID_BLOCK_SIZE };
  }

  /** A producer id for one producer, from a block that this broker holds. */
  async nextProducerId(): Promise<bigint> {
    while (this.#block.size === 0) {
      this.#blockRequest ??= this.nextProducerIdBlock()
        .then((block) => void (this.#block = block))
        .finally(() => (this.#blockRequest = undefined));
      await this.#blockRequest;
    }
    const { firstProducerId, size } = this.#block;
    this.#block = { firstProducerId: firstProducerId + 1n, size: size - 1 };
    return firstProducerId;
  }

  #newLeaderEpochs(brokerId: number): MetadataChange[] {
    const changes: MetadataChange[] = [];
    for (const topic of this.#image.topicsById.values()) {
      for (const partition of topic.partitions) {
        if (partition.leader !== brokerId) continue;
        const leaderEpoch = partition.leaderEpoch + 1;
        const partitionEpoch = partition.partitionEpoch + 1;
        changes.push(putPartition(topic.topicId, { ...partition, leaderEpoch, partitionEpoch }));
      }
    }
    return changes;
  }

  async #identify(clusterId: string | undefined): Promise<void> {
    const known = this.#image.clusterId;
    if (known !== "" && clusterId !== undefined && clusterId !== known) {
      throw new MetadataStoreError(
        `the metadata belongs to cluster ${known}, but this broker to cluster ${clusterId}; use the data directory of that cluster, or an empty one`,
      );
    }
    if (known !== "") return;
    const value = { clusterId: clusterId ?? randomUuid(this.#random) };
    await this.#carryOut(
      () => ({ results: [], changes: [{ key: CLUSTER_KEY, value }], unchangedKeys: [CLUSTER_KEY] }),
      { validateOnly: false },
    );
  }

  #context(): { image: MetadataImage; rules: TopicRules; random: Random } {
    return { image: this.#image, rules: this.#rules, random: this.#random };
  }

  /** Waits for its turn, plans, commits; plans again when another broker changed the same keys. */
  #carryOut<Result>(
    plan: () => TopicPlan<Result>,
    { validateOnly }: CarryOutOptions,
  ): Promise<readonly Result[]> {
    const run = async (): Promise<readonly Result[]> => {
      for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
        const { results, changes, unchangedKeys } = plan();
        if (validateOnly || changes.length === 0) return results;
        const seen = this.#image.revision;
        const expect = unchangedKeys.map((key) => ({
          key,
          revision: this.#revisions.get(key) ?? 0,
        }));
        const committed = await this.#store.compareAndSet({ expect, changes });
        await this.#imageAt(committed.ok ? committed.revision : seen + 1);
        if (committed.ok) return results;
      }
      throw new MetadataStoreError(
        `gave up after ${MAX_ATTEMPTS} attempts to change the metadata, others changed it each time`,
      );
    };
    const result = this.#turn.then(run);
    this.#turn = result.catch(() => {});
    return result;
  }

  async #imageAt(revision: number): Promise<void> {
    while (this.#image.revision < revision) {
      await new Promise<void>((resolve) => this.#imageMoved.push(resolve));
    }
  }

  #apply(update: MetadataUpdate): void {
    for (const { key, value } of update.changes) {
      if (value === undefined) this.#revisions.delete(key);
      else this.#revisions.set(key, update.revision);
    }
    const delta = this.#learn(update);
    this.#logger.debug("metadata changed", { revision: update.revision });
    for (const listener of this.#listeners) listener(this.#image, delta);
    const moved = this.#imageMoved;
    this.#imageMoved = [];
    for (const resolve of moved) resolve();
  }

  #learn(update: MetadataUpdate): ReturnType<typeof nextImage>["delta"] {
    const { image, delta } = nextImage(this.#image, update);
    this.#image = image;
    const producerIds = update.changes.find(({ key }) => key === PRODUCER_IDS_KEY)?.value;
    if (producerIds !== undefined) {
      this.#nextBlockStart = (producerIds as { readonly next: number }).next;
    }
    return delta;
  }
}
