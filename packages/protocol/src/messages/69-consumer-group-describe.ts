import { f } from "../schema/field.ts";
import { message, type Infer } from "../schema/message.ts";

/*
 * ConsumerGroupDescribe (key 69): describes groups of the newer protocol (KIP-848). 1 tells the
 * type of each member (KIP-1099). Versions 0 to 1, flexible from 0.
 */

export const consumerGroupDescribeRequest = message({
  apiKey: 69,
  name: "ConsumerGroupDescribeRequest",
  validVersions: "0-1",
  flexibleVersions: "0+",
  fields: { groupIds: f.array({ of: f.string() }), includeAuthorizedOperations: f.bool() },
});

export interface ConsumerGroupDescribeRequest extends Infer<typeof consumerGroupDescribeRequest> {}

const topicPartitionsFields = {
  topicId: f.uuid(),
  topicName: f.string(),
  partitions: f.array({ of: f.int32() }),
};

const assignmentFields = { topicPartitions: f.array({ fields: topicPartitionsFields }) };

export const consumerGroupDescribeResponse = message({
  apiKey: 69,
  name: "ConsumerGroupDescribeResponse",
  validVersions: "0-1",
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
            instanceId: f.string({ nullable: "0+", default: null }),
            rackId: f.string({ nullable: "0+", default: null }),
            memberEpoch: f.int32(),
            clientId: f.string(),
            clientHost: f.string(),
            subscribedTopicNames: f.array({ of: f.string() }),
            subscribedTopicRegex: f.string({ nullable: "0+", default: null }),
            assignment: f.struct({ fields: assignmentFields }),
            targetAssignment: f.struct({ fields: assignmentFields }),
            memberType: f.int8({ versions: "1+", default: -1 }),
          },
        }),
        authorizedOperations: f.int32({ default: -2_147_483_648 }),
      },
    }),
  },
});

export interface ConsumerGroupDescribeResponse extends Infer<
  typeof consumerGroupDescribeResponse
> {}
