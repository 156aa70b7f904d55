import { f } from "../schema/field.ts";
import { message, type Infer } from "../schema/message.ts";

/*
 * Records of `__consumer_offsets`: share groups (KIP-932). The version of a key is its record
 * type.
 */

export const shareGroupMemberMetadataKey = message({
  name: "ShareGroupMemberMetadataKey",
  validVersions: "10",
  flexibleVersions: "none",
  fields: { groupId: f.string(), memberId: f.string() },
});

export interface ShareGroupMemberMetadataKey extends Infer<typeof shareGroupMemberMetadataKey> {}

export const shareGroupMemberMetadataValue = message({
  name: "ShareGroupMemberMetadataValue",
  validVersions: "0",
  flexibleVersions: "0+",
  fields: {
    rackId: f.string({ nullable: "0+" }),
    clientId: f.string(),
    clientHost: f.string(),
    subscribedTopicNames: f.array({ of: f.string() }),
  },
});

export interface ShareGroupMemberMetadataValue extends Infer<
  typeof shareGroupMemberMetadataValue
> {}

export const shareGroupMetadataKey = message({
  name: "ShareGroupMetadataKey",
  validVersions: "11",
  flexibleVersions: "none",
  fields: { groupId: f.string() },
});

export interface ShareGroupMetadataKey extends Infer<typeof shareGroupMetadataKey> {}

export const shareGroupMetadataValue = message({
  name: "ShareGroupMetadataValue",
  validVersions: "0",
  flexibleVersions: "0+",
  fields: { epoch: f.int32(), metadataHash: f.int64() },
});

export interface ShareGroupMetadataValue extends Infer<typeof shareGroupMetadataValue> {}

export const shareGroupTargetAssignmentMetadataKey = message({
  name: "ShareGroupTargetAssignmentMetadataKey",
  validVersions: "12",
  flexibleVersions: "none",
  fields: { groupId: f.string() },
});

export interface ShareGroupTargetAssignmentMetadataKey extends Infer<
  typeof shareGroupTargetAssignmentMetadataKey
> {}

export const shareGroupTargetAssignmentMetadataValue = message({
  name: "ShareGroupTargetAssignmentMetadataValue",
  validVersions: "0",
  flexibleVersions: "0+",
  fields: { assignmentEpoch: f.int32(), assignmentTimestamp: f.int64({ tagged: "0+", tag: 0 }) },
});

export interface ShareGroupTargetAssignmentMetadataValue extends Infer<
  typeof shareGroupTargetAssignmentMetadataValue
> {}

export const shareGroupTargetAssignmentMemberKey = message({
  name: "ShareGroupTargetAssignmentMemberKey",
  validVersions: "13",
  flexibleVersions: "none",
  fields: { groupId: f.string(), memberId: f.string() },
});

export interface ShareGroupTargetAssignmentMemberKey extends Infer<
  typeof shareGroupTargetAssignmentMemberKey
> {}

export const shareGroupTargetAssignmentMemberValue = message({
  name: "ShareGroupTargetAssignmentMemberValue",
  validVersions: "0",
  flexibleVersions: "0+",
  fields: {
    topicPartitions: f.array({
      fields: { topicId: f.uuid(), partitions: f.array({ of: f.int32() }) },
    }),
  },
});

export interface ShareGroupTargetAssignmentMemberValue extends Infer<
  typeof shareGroupTargetAssignmentMemberValue
> {}

export const shareGroupCurrentMemberAssignmentKey = message({
  name: "ShareGroupCurrentMemberAssignmentKey",
  validVersions: "14",
  flexibleVersions: "none",
  fields: { groupId: f.string(), memberId: f.string() },
});

export interface ShareGroupCurrentMemberAssignmentKey extends Infer<
  typeof shareGroupCurrentMemberAssignmentKey
> {}

const topicPartitionsFields = { topicId: f.uuid(), partitions: f.array({ of: f.int32() }) };

export const shareGroupCurrentMemberAssignmentValue = message({
  name: "ShareGroupCurrentMemberAssignmentValue",
  validVersions: "0",
  flexibleVersions: "0+",
  fields: {
    memberEpoch: f.int32(),
    previousMemberEpoch: f.int32(),
    state: f.int8(),
    assignedPartitions: f.array({ fields: topicPartitionsFields }),
  },
});

export interface ShareGroupCurrentMemberAssignmentValue extends Infer<
  typeof shareGroupCurrentMemberAssignmentValue
> {}

export const shareGroupStatePartitionMetadataKey = message({
  name: "ShareGroupStatePartitionMetadataKey",
  validVersions: "15",
  flexibleVersions: "none",
  fields: { groupId: f.string() },
});

export interface ShareGroupStatePartitionMetadataKey extends Infer<
  typeof shareGroupStatePartitionMetadataKey
> {}

const topicPartitionsInfoFields = {
  topicId: f.uuid(),
  topicName: f.string(),
  partitions: f.array({ of: f.int32() }),
};

const topicInfoFields = { topicId: f.uuid(), topicName: f.string() };

export const shareGroupStatePartitionMetadataValue = message({
  name: "ShareGroupStatePartitionMetadataValue",
  validVersions: "0",
  flexibleVersions: "0+",
  fields: {
    initializingTopics: f.array({ fields: topicPartitionsInfoFields }),
    initializedTopics: f.array({ fields: topicPartitionsInfoFields }),
    deletingTopics: f.array({ fields: topicInfoFields }),
  },
});

export interface ShareGroupStatePartitionMetadataValue extends Infer<
  typeof shareGroupStatePartitionMetadataValue
> {}
