import { f } from "../schema/field.ts";
import { message, type Infer } from "../schema/message.ts";

/*
 * ConsumerGroupHeartbeat (key 68): joins, stays in and leaves a group of the newer protocol,
 * where the broker assigns (KIP-848). 1 subscribes by regular expression and lets the member
 * choose its id (KIP-1082). Versions 0 to 1, flexible from 0.
 */

export const consumerGroupHeartbeatRequest = message({
  apiKey: 68,
  name: "ConsumerGroupHeartbeatRequest",
  validVersions: "0-1",
  flexibleVersions: "0+",
  fields: {
    groupId: f.string(),
    memberId: f.string(),
    memberEpoch: f.int32(),
    instanceId: f.string({ nullable: "0+", default: null }),
    rackId: f.string({ nullable: "0+", default: null }),
    rebalanceTimeoutMs: f.int32({ default: -1 }),
    subscribedTopicNames: f.array({ nullable: "0+", default: null, of: f.string() }),
    subscribedTopicRegex: f.string({ versions: "1+", nullable: "1+", default: null }),
    serverAssignor: f.string({ nullable: "0+", default: null }),
    topicPartitions: f.array({
      nullable: "0+",
      default: null,
      fields: { topicId: f.uuid(), partitions: f.array({ of: f.int32() }) },
    }),
  },
});

export interface ConsumerGroupHeartbeatRequest extends Infer<
  typeof consumerGroupHeartbeatRequest
> {}

const topicPartitionsFields = { topicId: f.uuid(), partitions: f.array({ of: f.int32() }) };

export const consumerGroupHeartbeatResponse = message({
  apiKey: 68,
  name: "ConsumerGroupHeartbeatResponse",
  validVersions: "0-1",
  flexibleVersions: "0+",
  fields: {
    throttleTimeMs: f.int32(),
    errorCode: f.int16(),
    errorMessage: f.string({ nullable: "0+", default: null }),
    memberId: f.string({ nullable: "0+", default: null }),
    memberEpoch: f.int32(),
    heartbeatIntervalMs: f.int32(),
    assignment: f.struct({
      nullable: "0+",
      default: null,
      fields: { topicPartitions: f.array({ fields: topicPartitionsFields }) },
    }),
  },
});

export interface ConsumerGroupHeartbeatResponse extends Infer<
  typeof consumerGroupHeartbeatResponse
> {}
