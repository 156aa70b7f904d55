/** The replicas of one partition and who leads them; present from the first day, even with one broker. */
export interface PartitionImage {
  readonly partition: number;
  /** Broker id, or -1 while there is none. */
  readonly leader: number;
  /** Grows with every change of leader. */
  readonly leaderEpoch: number;
  /** Grows with every change of leader or ISR. */
  readonly partitionEpoch: number;
  /** In order of preference. */
  readonly replicas: readonly number[];
  readonly isr: readonly number[];
  /** Replicas whose broker is not alive. */
  readonly offlineReplicas: readonly number[];
}

export interface TopicImage {
  readonly name: string;
  readonly topicId: string;
  /** Dense: the index is the partition. */
  readonly partitions: readonly PartitionImage[];
  /** What was set on the topic itself, as given; everything else comes from the broker. */
  readonly configs: ReadonlyMap<string, string>;
  readonly internal: boolean;
}

export interface BrokerEndpoint {
  readonly listenerName: string;
  readonly host: string;
  readonly port: number;
}

export interface BrokerImage {
  readonly brokerId: number;
  /** Grows with every registration of this broker. */
  readonly brokerEpoch: number;
  readonly rack: string | null;
  readonly fenced: boolean;
  readonly endpoints: readonly BrokerEndpoint[];
}

/**
 * Everything the cluster knows, as of one revision. Never changed in place: a holder may keep it
 * as long as it likes and sees one consistent moment.
 */
export interface MetadataImage {
  readonly revision: number;
  readonly clusterId: string;
  /** -1 while no broker is registered. */
  readonly controllerId: number;
  readonly topicsByName: ReadonlyMap<string, TopicImage>;
  readonly topicsById: ReadonlyMap<string, TopicImage>;
  readonly brokers: ReadonlyMap<number, BrokerImage>;
}

/** What one image adds to the one before it. */
export interface MetadataDelta {
  readonly createdTopics: readonly TopicImage[];
  readonly deletedTopics: readonly TopicImage[];
  /** Same topic id as before, other partitions, leaders or configs. */
  readonly changedTopics: readonly TopicChange[];
  readonly brokersChanged: boolean;
}

export interface TopicChange {
  readonly before: TopicImage;
  readonly after: TopicImage;
}

export type ImageListener = (image: MetadataImage, delta: MetadataDelta) => void;

export const emptyImage: MetadataImage = {
  revision: 0,
  clusterId: "",
  controllerId: -1,
  topicsByName: new Map(),
  topicsById: new Map(),
  brokers: new Map(),
};

/** Kafka's internal topics: hidden from pattern subscriptions, not to be written by clients. */
const INTERNAL_TOPICS: ReadonlySet<string> = new Set([
  "__consumer_offsets",
  "__transaction_state",
  "__share_group_state",
]);

export function isInternalTopic(name: string): boolean {
  return INTERNAL_TOPICS.has(name);
}
