import { f } from "../schema/field.ts";
import { message, type Infer } from "../schema/message.ts";

/*
 * ShareGroupHeartbeat (key 76): joins, stays in and leaves a share group (KIP-932). Version 1,
 * flexible from 0.
 */

export const shareGroupHeartbeatRequest = message({
  apiKey: 76,
  name: "ShareGroupHeartbeatRequest",
  validVersions: "1",
  flexibleVersions: "0+",
  fields: {
    groupId: f.string(),
    memberId: f.string(),
    memberEpoch: f.int32(),
    rackId: f.string({ nullable: "0+", default: null }),
    subscribedTopicNames: f.array({ nullable: "0+", default: null, of: f.string() }),
  },
});

export interface ShareGroupHeartbeatRequest extends Infer<typeof shareGroupHeartbeatRequest> {}

const topicPartitionsFields = { topicId: f.uuid(), partitions: f.array({ of: f.int32() }) };

export const shareGroupHeartbeatResponse = message({
  apiKey: 76,
  name: "ShareGroupHeartbeatResponse",
  validVersions: "1",
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

export interface ShareGroupHeartbeatResponse extends Infer<typeof shareGroupHeartbeatResponse> {}
