import { f } from "../schema/field.ts";
import { message, type Infer } from "../schema/message.ts";

/*
 * StreamsGroupDescribe (key 89): describes streams groups (KIP-1071). Version 0, flexible from 0.
 */

export const streamsGroupDescribeRequest = message({
  apiKey: 89,
  name: "StreamsGroupDescribeRequest",
  validVersions: "0",
  flexibleVersions: "0+",
  fields: { groupIds: f.array({ of: f.string() }), includeAuthorizedOperations: f.bool() },
});

export interface StreamsGroupDescribeRequest extends Infer<typeof streamsGroupDescribeRequest> {}

const keyValueFields = { key: f.string(), value: f.string() };

const topicInfoFields = {
  name: f.string(),
  partitions: f.int32(),
  replicationFactor: f.int16(),
  topicConfigs: f.array({ fields: keyValueFields }),
};

const endpointFields = { host: f.string(), port: f.uint16() };

const taskOffsetFields = { subtopologyId: f.string(), partition: f.int32(), offset: f.int64() };

const taskIdsFields = { subtopologyId: f.string(), partitions: f.array({ of: f.int32() }) };

const assignmentFields = {
  activeTasks: f.array({ fields: taskIdsFields }),
  standbyTasks: f.array({ fields: taskIdsFields }),
  warmupTasks: f.array({ fields: taskIdsFields }),
};

export const streamsGroupDescribeResponse = message({
  apiKey: 89,
  name: "StreamsGroupDescribeResponse",
  validVersions: "0",
  flexibleVersions: "0+",
  fields: {
    throttleTimeMs: f.int32(),
    groups: f.array({
      fields: {
        errorCode: f.int16(),
        errorMessage: f.string({ nullable: "0+", default: null }),
        groupId: f.string(),
        groupState: f.string(),
        groupEpoch: f.int32(),
        assignmentEpoch: f.int32(),
        topology: f.struct({
          nullable: "0+",
          default: null,
          fields: {
            epoch: f.int32(),
            subtopologies: f.array({
              nullable: "0+",
              default: null,
              fields: {
                subtopologyId: f.string(),
                sourceTopics: f.array({ of: f.string() }),
                repartitionSinkTopics: f.array({ of: f.string() }),
                stateChangelogTopics: f.array({ fields: topicInfoFields }),
                repartitionSourceTopics: f.array({ fields: topicInfoFields }),
              },
            }),
          },
        }),
        members: f.array({
          fields: {
            memberId: f.string(),
            memberEpoch: f.int32(),
            instanceId: f.string({ nullable: "0+", default: null }),
            rackId: f.string({ nullable: "0+", default: null }),
            clientId: f.string(),
            clientHost: f.string(),
            topologyEpoch: f.int32(),
            processId: f.string(),
            userEndpoint: f.struct({ nullable: "0+", default: null, fields: endpointFields }),
            clientTags: f.array({ fields: keyValueFields }),
            taskOffsets: f.array({ fields: taskOffsetFields }),
            taskEndOffsets: f.array({ fields: taskOffsetFields }),
            assignment: f.struct({ fields: assignmentFields }),
            targetAssignment: f.struct({ fields: assignmentFields }),
            isClassic: f.bool(),
          },
        }),
        authorizedOperations: f.int32({ default: -2_147_483_648 }),
      },
    }),
  },
});

export interface StreamsGroupDescribeResponse extends Infer<typeof streamsGroupDescribeResponse> {}
