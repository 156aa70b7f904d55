import { f } from "../schema/field.ts";
import { message, type Infer } from "../schema/message.ts";

/*
 * StreamsGroupHeartbeat (key 88): joins, stays in and leaves a streams group (KIP-1071). Version
 * 0, flexible from 0.
 */

const keyValueFieldsOfRequest = { key: f.string(), value: f.string() };

const topicInfoFieldsOfRequest = {
  name: f.string(),
  partitions: f.int32(),
  replicationFactor: f.int16(),
  topicConfigs: f.array({ fields: keyValueFieldsOfRequest }),
};

const taskIdsFieldsOfRequest = {
  subtopologyId: f.string(),
  partitions: f.array({ of: f.int32() }),
};

const endpointFieldsOfRequest = { host: f.string(), port: f.uint16() };

const taskOffsetFieldsOfRequest = {
  subtopologyId: f.string(),
  partition: f.int32(),
  offset: f.int64(),
};

export const streamsGroupHeartbeatRequest = message({
  apiKey: 88,
  name: "StreamsGroupHeartbeatRequest",
  validVersions: "0",
  flexibleVersions: "0+",
  fields: {
    groupId: f.string(),
    memberId: f.string(),
    memberEpoch: f.int32(),
    endpointInformationEpoch: f.int32(),
    instanceId: f.string({ nullable: "0+", default: null }),
    rackId: f.string({ nullable: "0+", default: null }),
    rebalanceTimeoutMs: f.int32({ default: -1 }),
    topology: f.struct({
      nullable: "0+",
      default: null,
      fields: {
        epoch: f.int32(),
        subtopologies: f.array({
          fields: {
            subtopologyId: f.string(),
            sourceTopics: f.array({ of: f.string() }),
            sourceTopicRegex: f.array({ of: f.string() }),
            stateChangelogTopics: f.array({ fields: topicInfoFieldsOfRequest }),
            repartitionSinkTopics: f.array({ of: f.string() }),
            repartitionSourceTopics: f.array({ fields: topicInfoFieldsOfRequest }),
            copartitionGroups: f.array({
              fields: {
                sourceTopics: f.array({ of: f.int16() }),
                sourceTopicRegex: f.array({ of: f.int16() }),
                repartitionSourceTopics: f.array({ of: f.int16() }),
              },
            }),
          },
        }),
      },
    }),
    activeTasks: f.array({ nullable: "0+", default: null, fields: taskIdsFieldsOfRequest }),
    standbyTasks: f.array({ nullable: "0+", default: null, fields: taskIdsFieldsOfRequest }),
    warmupTasks: f.array({ nullable: "0+", default: null, fields: taskIdsFieldsOfRequest }),
    processId: f.string({ nullable: "0+", default: null }),
    userEndpoint: f.struct({ nullable: "0+", default: null, fields: endpointFieldsOfRequest }),
    clientTags: f.array({ nullable: "0+", default: null, fields: keyValueFieldsOfRequest }),
    taskOffsets: f.array({ nullable: "0+", default: null, fields: taskOffsetFieldsOfRequest }),
    taskEndOffsets: f.array({ nullable: "0+", default: null, fields: taskOffsetFieldsOfRequest }),
    shutdownApplication: f.bool(),
  },
});

export interface StreamsGroupHeartbeatRequest extends Infer<typeof streamsGroupHeartbeatRequest> {}

const statusFieldsOfResponse = { statusCode: f.int8(), statusDetail: f.string() };

const taskIdsFieldsOfResponse = {
  subtopologyId: f.string(),
  partitions: f.array({ of: f.int32() }),
};

const endpointFieldsOfResponse = { host: f.string(), port: f.uint16() };

const topicPartitionFieldsOfResponse = {
  topic: f.string(),
  partitions: f.array({ of: f.int32() }),
};

export const streamsGroupHeartbeatResponse = message({
  apiKey: 88,
  name: "StreamsGroupHeartbeatResponse",
  validVersions: "0",
  flexibleVersions: "0+",
  fields: {
    throttleTimeMs: f.int32(),
    errorCode: f.int16(),
    errorMessage: f.string({ nullable: "0+", default: null }),
    memberId: f.string(),
    memberEpoch: f.int32(),
    heartbeatIntervalMs: f.int32(),
    acceptableRecoveryLag: f.int32(),
    taskOffsetIntervalMs: f.int32(),
    status: f.array({ nullable: "0+", fields: statusFieldsOfResponse }),
    activeTasks: f.array({ nullable: "0+", default: null, fields: taskIdsFieldsOfResponse }),
    standbyTasks: f.array({ nullable: "0+", default: null, fields: taskIdsFieldsOfResponse }),
    warmupTasks: f.array({ nullable: "0+", default: null, fields: taskIdsFieldsOfResponse }),
    endpointInformationEpoch: f.int32(),
    partitionsByUserEndpoint: f.array({
      nullable: "0+",
      default: null,
      fields: {
        userEndpoint: f.struct({ fields: endpointFieldsOfResponse }),
        activePartitions: f.array({ fields: topicPartitionFieldsOfResponse }),
        standbyPartitions: f.array({ fields: topicPartitionFieldsOfResponse }),
      },
    }),
  },
});

export interface StreamsGroupHeartbeatResponse extends Infer<
  typeof streamsGroupHeartbeatResponse
> {}
