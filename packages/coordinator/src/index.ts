export type {
  AlterTopicConfigsResult,
  TopicConfigAlteration,
  TopicConfigs,
} from "./cluster/alter-topic-configs.ts";
export { adoptTopics, type AdoptedCluster, type AdoptedTopic } from "./cluster/adopt-topics.ts";
export { Controller } from "./cluster/controller.ts";
export type {
  BrokerRegistration,
  ControllerOptions,
  PartitionChange,
  ProducerIdBlock,
} from "./cluster/controller.ts";
export type { CreatePartitionsResult, PartitionIncrease } from "./cluster/create-partitions.ts";
export type { CreateTopicResult, CreatedTopic, NewTopic } from "./cluster/create-topics.ts";
export type { DeleteTopicResult, TopicReference } from "./cluster/delete-topics.ts";
export { EmbeddedStore, type EmbeddedStoreOptions } from "./cluster/embedded-store.ts";
export { isInternalTopic } from "./cluster/metadata-image.ts";
export type {
  BrokerEndpoint,
  BrokerImage,
  ImageListener,
  MetadataDelta,
  MetadataImage,
  PartitionImage,
  TopicChange,
  TopicImage,
} from "./cluster/metadata-image.ts";
export { MetadataStoreError } from "./cluster/metadata-store-error.ts";
export type * from "./cluster/metadata-store.ts";
export { topicNameProblem } from "./cluster/topic-name.ts";
export type { TopicError, TopicRules } from "./cluster/topic-plan.ts";
export { GroupCoordinator, type GroupCoordinatorOptions } from "./group/group-coordinator.ts";
export {
  DEFAULT_GROUP_CONFIG,
  OFFSETS_TOPIC,
  type ClientContext,
  type GroupConfig,
  type TopicsView,
} from "./group/group-config.ts";
export { partitionForId } from "./runtime/java-hash.ts";
export type {
  AppendResult,
  CoordinatorRecord,
  PartitionLoader,
  PartitionWriter,
} from "./runtime/partition-writer.ts";
