import { f } from "../schema/field.ts";
import { message, type Infer } from "../schema/message.ts";

/*
 * ShareGroupDescribe (key 77): describes share groups (KIP-932). Version 1, flexible from 0.
 */

export const shareGroupDescribeRequest = message({
  apiKey: 77,
  name: "ShareGroupDescribeRequest",
  validVersions: "1",
  flexibleVersions: "0+",
  fields: { groupIds: f.array({ of: f.string() }), includeAuthorizedOperations: f.bool() },
});

export interface ShareGroupDescribeRequest extends Infer<typeof shareGroupDescribeRequest> {}

const topicPartitionsFields = {
  topicId: f.uuid(),
  topicName: f.string(),
  partitions: f.array({ of: f.int32() }),
};

const assignmentFields = { topicPartitions: f.array({ fields: topicPartitionsFields }) };

export const shareGroupDescribeResponse = message({
  apiKey: 77,
  name: "ShareGroupDescribeResponse",
  validVersions: "1",
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
        assignorName: f.string(),
        members: f.array({
          fields: {
            memberId: f.string(),
            rackId: f.string({ nullable: "0+", default: null }),
            memberEpoch: f.int32(),
            clientId: f.string(),
            clientHost: f.string(),
            subscribedTopicNames: f.array({ of: f.string() }),
            assignment: f.struct({ fields: assignmentFields }),
          },
        }),
        authorizedOperations: f.int32({ default: -2_147_483_648 }),
      },
    }),
  },
});

export interface ShareGroupDescribeResponse extends Infer<typeof shareGroupDescribeResponse> {}
