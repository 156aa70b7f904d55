import { f } from "../schema/field.ts";
import { message, type Infer } from "../schema/message.ts";

/*
 * Records of `__consumer_offsets`: groups of the newer protocol (KIP-848). The version of a key
 * is its record type.
 */

export const consumerGroupMetadataKey = message({
  name: "ConsumerGroupMetadataKey",
  validVersions: "3",
  flexibleVersions: "none",
  fields: { groupId: f.string() },
});

export interface ConsumerGroupMetadataKey extends Infer<typeof consumerGroupMetadataKey> {}

export const consumerGroupMetadataValue = message({
  name: "ConsumerGroupMetadataValue",
  validVersions: "0",
  flexibleVersions: "0+",
  fields: { epoch: f.int32(), metadataHash: f.int64({ tagged: "0+", tag: 0 }) },
});

export interface ConsumerGroupMetadataValue extends Infer<typeof consumerGroupMetadataValue> {}

export const consumerGroupPartitionMetadataKey = message({
  name: "ConsumerGroupPartitionMetadataKey",
  validVersions: "4",
  flexibleVersions: "none",
  fields: { groupId: f.string() },
});

export interface ConsumerGroupPartitionMetadataKey extends Infer<
  typeof consumerGroupPartitionMetadataKey
> {}

export const consumerGroupPartitionMetadataValue = message({
  name: "ConsumerGroupPartitionMetadataValue",
  validVersions: "0",
  flexibleVersions: "0+",
  fields: {
    topics: f.array({
      fields: {
        topicId: f.uuid(),
        topicName: f.string(),
        numPartitions: f.int32(),
        partitionMetadata: f.array({
          fields: { partition: f.int32(), racks: f.array({ of: f.string() }) },
        }),
      },
    }),
  },
});

export interface ConsumerGroupPartitionMetadataValue extends Infer<
  typeof consumerGroupPartitionMetadataValue
> {}

export const consumerGroupMemberMetadataKey = message({
  name: "ConsumerGroupMemberMetadataKey",
  validVersions: "5",
  flexibleVersions: "none",
  fields: { groupId: f.string(), memberId: f.string() },
});

export interface ConsumerGroupMemberMetadataKey extends Infer<
  typeof consumerGroupMemberMetadataKey
> {}

export const consumerGroupMemberMetadataValue = message({
  name: "ConsumerGroupMemberMetadataValue",
  validVersions: "0",
  flexibleVersions: "0+",
  fields: {
    instanceId: f.string({ nullable: "0+" }),
    rackId: f.string({ nullable: "0+" }),
    clientId: f.string(),
    clientHost: f.string(),
    subscribedTopicNames: f.array({ of: f.string() }),
    subscribedTopicRegex: f.string({ nullable: "0+" }),
    rebalanceTimeoutMs: f.int32({ default: -1 }),
    serverAssignor: f.string({ nullable: "0+" }),
    classicMemberMetadata: f.struct({
      nullable: "0+",
      tagged: "0+",
      tag: 0,
      fields: {
        sessionTimeoutMs: f.int32(),
        supportedProtocols: f.array({ fields: { name: f.string(), metadata: f.bytes() } }),
      },
    }),
  },
});

export interface ConsumerGroupMemberMetadataValue extends Infer<
  typeof consumerGroupMemberMetadataValue
> {}

export const consumerGroupTargetAssignmentMetadataKey = message({
  name: "ConsumerGroupTargetAssignmentMetadataKey",
  validVersions: "6",
  flexibleVersions: "none",
  fields: { groupId: f.string() },
});

export interface ConsumerGroupTargetAssignmentMetadataKey extends Infer<
  typeof consumerGroupTargetAssignmentMetadataKey
> {}

export const consumerGroupTargetAssignmentMetadataValue = message({
  name: "ConsumerGroupTargetAssignmentMetadataValue",
  validVersions: "0",
  flexibleVersions: "0+",
  fields: { assignmentEpoch: f.int32(), assignmentTimestamp: f.int64({ tagged: "0+", tag: 0 }) },
});

export interface ConsumerGroupTargetAssignmentMetadataValue extends Infer<
  typeof consumerGroupTargetAssignmentMetadataValue
> {}

export const consumerGroupTargetAssignmentMemberKey = message({
  name: "ConsumerGroupTargetAssignmentMemberKey",
  validVersions: "7",
  flexibleVersions: "none",
  fields: { groupId: f.string(), memberId: f.string() },
});

export interface ConsumerGroupTargetAssignmentMemberKey extends Infer<
  typeof consumerGroupTargetAssignmentMemberKey
> {}

export const consumerGroupTargetAssignmentMemberValue = message({
  name: "ConsumerGroupTargetAssignmentMemberValue",
  validVersions: "0",
  flexibleVersions: "0+",
  fields: {
    topicPartitions: f.array({
      fields: { topicId: f.uuid(), partitions: f.array({ of: f.int32() }) },
    }),
  },
});

export interface ConsumerGroupTargetAssignmentMemberValue extends Infer<
  typeof consumerGroupTargetAssignmentMemberValue
> {}

export const consumerGroupCurrentMemberAssignmentKey = message({
  name: "ConsumerGroupCurrentMemberAssignmentKey",
  validVersions: "8",
  flexibleVersions: "none",
  fields: { groupId: f.string(), memberId: f.string() },
});

export interface ConsumerGroupCurrentMemberAssignmentKey extends Infer<
  typeof consumerGroupCurrentMemberAssignmentKey
> {}

const topicPartitionsFields = {
  topicId: f.uuid(),
  partitions: f.array({ of: f.int32() }),
  assignmentEpochs: f.array({ nullable: "0+", tagged: "0+", tag: 0, of: f.int32() }),
};

export const consumerGroupCurrentMemberAssignmentValue = message({
  name: "ConsumerGroupCurrentMemberAssignmentValue",
  validVersions: "0",
  flexibleVersions: "0+",
  fields: {
    memberEpoch: f.int32(),
    previousMemberEpoch: f.int32(),
    state: f.int8(),
    assignedPartitions: f.array({ fields: topicPartitionsFields }),
    partitionsPendingRevocation: f.array({ fields: topicPartitionsFields }),
  },
});

export interface ConsumerGroupCurrentMemberAssignmentValue extends Infer<
  typeof consumerGroupCurrentMemberAssignmentValue
> {}

export const consumerGroupRegularExpressionKey = message({
  name: "ConsumerGroupRegularExpressionKey",
  validVersions: "16",
  flexibleVersions: "none",
  fields: { groupId: f.string(), regularExpression: f.string() },
});

export interface ConsumerGroupRegularExpressionKey extends Infer<
  typeof consumerGroupRegularExpressionKey
> {}

export const consumerGroupRegularExpressionValue = message({
  name: "ConsumerGroupRegularExpressionValue",
  validVersions: "0",
  flexibleVersions: "0+",
  fields: { topics: f.array({ of: f.string() }), version: f.int64(), timestamp: f.int64() },
});

export interface ConsumerGroupRegularExpressionValue extends Infer<
  typeof consumerGroupRegularExpressionValue
> {}
