import { f } from "../schema/field.ts";
import { message, type Infer } from "../schema/message.ts";

/*
 * Records of `__consumer_offsets`: streams groups (KIP-1071). The version of a key is its record
 * type.
 */

export const streamsGroupMetadataKey = message({
  name: "StreamsGroupMetadataKey",
  validVersions: "17",
  flexibleVersions: "none",
  fields: { groupId: f.string() },
});

export interface StreamsGroupMetadataKey extends Infer<typeof streamsGroupMetadataKey> {}

const lastAssignmentConfigFields = { key: f.string(), value: f.string() };

export const streamsGroupMetadataValue = message({
  name: "StreamsGroupMetadataValue",
  validVersions: "0",
  flexibleVersions: "0+",
  fields: {
    epoch: f.int32(),
    metadataHash: f.int64(),
    validatedTopologyEpoch: f.int32({ tagged: "0+", tag: 0, default: -1 }),
    lastAssignmentConfigs: f.array({
      nullable: "0+",
      tagged: "0+",
      tag: 1,
      fields: lastAssignmentConfigFields,
    }),
  },
});

export interface StreamsGroupMetadataValue extends Infer<typeof streamsGroupMetadataValue> {}

export const streamsGroupMemberMetadataKey = message({
  name: "StreamsGroupMemberMetadataKey",
  validVersions: "19",
  flexibleVersions: "none",
  fields: { groupId: f.string(), memberId: f.string() },
});

export interface StreamsGroupMemberMetadataKey extends Infer<
  typeof streamsGroupMemberMetadataKey
> {}

const endpointFields = { host: f.string(), port: f.uint16() };

const keyValueFields = { key: f.string(), value: f.string() };

export const streamsGroupMemberMetadataValue = message({
  name: "StreamsGroupMemberMetadataValue",
  validVersions: "0",
  flexibleVersions: "0+",
  fields: {
    instanceId: f.string({ nullable: "0+" }),
    rackId: f.string({ nullable: "0+" }),
    clientId: f.string(),
    clientHost: f.string(),
    rebalanceTimeoutMs: f.int32({ default: -1 }),
    topologyEpoch: f.int32(),
    processId: f.string(),
    userEndpoint: f.struct({ nullable: "0+", default: null, fields: endpointFields }),
    clientTags: f.array({ fields: keyValueFields }),
  },
});

export interface StreamsGroupMemberMetadataValue extends Infer<
  typeof streamsGroupMemberMetadataValue
> {}

export const streamsGroupTargetAssignmentMetadataKey = message({
  name: "StreamsGroupTargetAssignmentMetadataKey",
  validVersions: "20",
  flexibleVersions: "none",
  fields: { groupId: f.string() },
});

export interface StreamsGroupTargetAssignmentMetadataKey extends Infer<
  typeof streamsGroupTargetAssignmentMetadataKey
> {}

export const streamsGroupTargetAssignmentMetadataValue = message({
  name: "StreamsGroupTargetAssignmentMetadataValue",
  validVersions: "0",
  flexibleVersions: "0+",
  fields: { assignmentEpoch: f.int32(), assignmentTimestamp: f.int64({ tagged: "0+", tag: 0 }) },
});

export interface StreamsGroupTargetAssignmentMetadataValue extends Infer<
  typeof streamsGroupTargetAssignmentMetadataValue
> {}

export const streamsGroupTargetAssignmentMemberKey = message({
  name: "StreamsGroupTargetAssignmentMemberKey",
  validVersions: "21",
  flexibleVersions: "none",
  fields: { groupId: f.string(), memberId: f.string() },
});

export interface StreamsGroupTargetAssignmentMemberKey extends Infer<
  typeof streamsGroupTargetAssignmentMemberKey
> {}

const taskIdsFields = { subtopologyId: f.string(), partitions: f.array({ of: f.int32() }) };

export const streamsGroupTargetAssignmentMemberValue = message({
  name: "StreamsGroupTargetAssignmentMemberValue",
  validVersions: "0",
  flexibleVersions: "0+",
  fields: {
    activeTasks: f.array({ fields: taskIdsFields }),
    standbyTasks: f.array({ fields: taskIdsFields }),
    warmupTasks: f.array({ fields: taskIdsFields }),
  },
});

export interface StreamsGroupTargetAssignmentMemberValue extends Infer<
  typeof streamsGroupTargetAssignmentMemberValue
> {}

export const streamsGroupCurrentMemberAssignmentKey = message({
  name: "StreamsGroupCurrentMemberAssignmentKey",
  validVersions: "22",
  flexibleVersions: "none",
  fields: { groupId: f.string(), memberId: f.string() },
});

export interface StreamsGroupCurrentMemberAssignmentKey extends Infer<
  typeof streamsGroupCurrentMemberAssignmentKey
> {}

const taskIdsFieldsOfCurrentMemberAssignment = {
  subtopologyId: f.string(),
  partitions: f.array({ of: f.int32() }),
  assignmentEpochs: f.array({ nullable: "0+", tagged: "0+", tag: 0, of: f.int32() }),
};

export const streamsGroupCurrentMemberAssignmentValue = message({
  name: "StreamsGroupCurrentMemberAssignmentValue",
  validVersions: "0",
  flexibleVersions: "0+",
  fields: {
    memberEpoch: f.int32(),
    previousMemberEpoch: f.int32(),
    state: f.int8(),
    activeTasks: f.array({ fields: taskIdsFieldsOfCurrentMemberAssignment }),
    standbyTasks: f.array({ fields: taskIdsFieldsOfCurrentMemberAssignment }),
    warmupTasks: f.array({ fields: taskIdsFieldsOfCurrentMemberAssignment }),
    activeTasksPendingRevocation: f.array({ fields: taskIdsFieldsOfCurrentMemberAssignment }),
    standbyTasksPendingRevocation: f.array({ fields: taskIdsFieldsOfCurrentMemberAssignment }),
    warmupTasksPendingRevocation: f.array({ fields: taskIdsFieldsOfCurrentMemberAssignment }),
  },
});

export interface StreamsGroupCurrentMemberAssignmentValue extends Infer<
  typeof streamsGroupCurrentMemberAssignmentValue
> {}

export const streamsGroupTopologyKey = message({
  name: "StreamsGroupTopologyKey",
  validVersions: "23",
  flexibleVersions: "none",
  fields: { groupId: f.string() },
});

export interface StreamsGroupTopologyKey extends Infer<typeof streamsGroupTopologyKey> {}

const topicConfigFields = { key: f.string(), value: f.string() };

const topicInfoFields = {
  name: f.string(),
  partitions: f.int32(),
  replicationFactor: f.int16(),
  topicConfigs: f.array({ fields: topicConfigFields }),
};

export const streamsGroupTopologyValue = message({
  name: "StreamsGroupTopologyValue",
  validVersions: "0",
  flexibleVersions: "0+",
  fields: {
    epoch: f.int32(),
    subtopologies: f.array({
      fields: {
        subtopologyId: f.string(),
        sourceTopics: f.array({ of: f.string() }),
        sourceTopicRegex: f.array({ of: f.string() }),
        stateChangelogTopics: f.array({ fields: topicInfoFields }),
        repartitionSinkTopics: f.array({ of: f.string() }),
        repartitionSourceTopics: f.array({ fields: topicInfoFields }),
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
});

export interface StreamsGroupTopologyValue extends Infer<typeof streamsGroupTopologyValue> {}
