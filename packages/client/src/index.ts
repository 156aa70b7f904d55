export { Producer } from "./producer/producer.ts";
export type { ProducerOptions } from "./producer/producer-options.ts";
export type {
  BytesLike,
  HeadersInput,
  HeaderValue,
  ProducerMessage,
  RecordMetadata,
  SendRequest,
} from "./producer/messages.ts";
export { systemRuntime, type ClientRuntime, type ClientTimer } from "./client-runtime.ts";
export {
  ClosedError,
  ConnectionError,
  KafkaError,
  TimeoutError,
  UnsupportedVersionError,
} from "./errors.ts";
export type { ClientLogger } from "./logger.ts";
export type { ConnectionOptions } from "./options.ts";
export type { TopicMetadata, PartitionMetadata, BrokerMetadata } from "./connection/metadata.ts";
export type { TopicPartition, TopicPartitionOffset } from "./topic-partition.ts";
export type { CompressionName } from "@ottla/protocol";
export { Client } from "./client.ts";
export { Admin, type AdminOptions, type DescribedCluster } from "./admin/admin.ts";
export type {
  ConfigChange,
  ConfigEntry,
  ConfigResource,
  ConfigResourceType,
  ConfigSource,
  DescribedConfigs,
} from "./admin/configs.ts";
export type {
  DescribedGroup,
  DescribedMember,
  GroupResult,
  ListedGroup,
  PartitionResult,
} from "./admin/groups.ts";
export type {
  DescribedLogDir,
  DescribeLogDirsOptions,
  LogDirPartition,
} from "./admin/log-dirs.ts";
export type { DeletedRecords, RecordsToDelete } from "./admin/records.ts";
export type { CreatedTopic, ListedTopic, NewTopic, TopicResult } from "./admin/topics.ts";
export {
  Consumer,
  type AssignedFrom,
  type PollOptions,
  type Subscription,
} from "./consumer/consumer.ts";
export type { AutoOffsetReset, ConsumerOptions } from "./consumer/consumer-options.ts";
export { assignorByName, type Assignor, type AssignorName } from "./consumer/assignors/assignors.ts";
export type { ConsumerRecord } from "./consumer/fetched-records.ts";
export type { RebalanceListener } from "./consumer/group-session.ts";
export type { CommittedOffset, OffsetToCommit } from "./group-offsets.ts";
export type { IsolationLevel, ListedOffset, OffsetQuery, OffsetSpec } from "./list-offsets.ts";
