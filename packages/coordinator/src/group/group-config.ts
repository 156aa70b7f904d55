/** The part of the broker's configuration that classic groups and offsets obey. */
export interface GroupConfig {
  /** `offsets.topic.num.partitions`, for the time before the topic exists. */
  readonly offsetsTopicPartitions: number;
  /** `group.min.session.timeout.ms` */
  readonly minSessionTimeoutMs: number;
  /** `group.max.session.timeout.ms` */
  readonly maxSessionTimeoutMs: number;
  /** `group.max.size` */
  readonly maxSize: number;
  /** `group.initial.rebalance.delay.ms` */
  readonly initialRebalanceDelayMs: number;
  /** `offset.metadata.max.bytes` */
  readonly offsetMetadataMaxBytes: number;
  /** `offsets.retention.minutes`, in milliseconds. */
  readonly offsetsRetentionMs: number;
  /** `offsets.retention.check.interval.ms` */
  readonly offsetsRetentionCheckIntervalMs: number;
  /** What one batch of `__consumer_offsets` may take: below the topic's `max.message.bytes`. */
  readonly maxBatchBytes: number;
}

/** Kafka's defaults. */
export const DEFAULT_GROUP_CONFIG: GroupConfig = {
  offsetsTopicPartitions: 50,
  minSessionTimeoutMs: 6_000,
  maxSessionTimeoutMs: 1_800_000,
  maxSize: 2_147_483_647,
  initialRebalanceDelayMs: 3_000,
  offsetMetadataMaxBytes: 4_096,
  offsetsRetentionMs: 7 * 24 * 60 * 60 * 1_000,
  offsetsRetentionCheckIntervalMs: 600_000,
  maxBatchBytes: 1_000_000,
};

/** What the coordinator needs to know of topics; the broker answers from its metadata image. */
export interface TopicsView {
  /** Undefined when there is no such topic. */
  partitionCount(topic: string): number | undefined;
  topicId(topic: string): string | undefined;
  topicName(topicId: string): string | undefined;
}

/** Who sends a request, as group members are described. */
export interface ClientContext {
  readonly clientId: string | null;
  /** With a leading slash, as Kafka's tools show it. */
  readonly clientHost: string;
}

export const OFFSETS_TOPIC = "__consumer_offsets";
