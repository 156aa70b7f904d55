import { f } from "../schema/field.ts";
import { message, type Infer } from "../schema/message.ts";

/*
 * Records of `__share_group_state` (KIP-932): a snapshot of a share partition and the updates
 * after it. The version of a key is its record type.
 */

export const shareSnapshotKey = message({
  name: "ShareSnapshotKey",
  validVersions: "0",
  flexibleVersions: "none",
  fields: { groupId: f.string(), topicId: f.uuid(), partition: f.int32() },
});

export interface ShareSnapshotKey extends Infer<typeof shareSnapshotKey> {}

export const shareSnapshotValue = message({
  name: "ShareSnapshotValue",
  validVersions: "0",
  flexibleVersions: "0+",
  fields: {
    snapshotEpoch: f.int32(),
    stateEpoch: f.int32(),
    leaderEpoch: f.int32(),
    startOffset: f.int64(),
    deliveryCompleteCount: f.int32({ tagged: "0+", tag: 0, default: -1 }),
    createTimestamp: f.int64(),
    writeTimestamp: f.int64(),
    stateBatches: f.array({
      fields: {
        firstOffset: f.int64(),
        lastOffset: f.int64(),
        deliveryState: f.int8(),
        deliveryCount: f.int16(),
      },
    }),
  },
});

export interface ShareSnapshotValue extends Infer<typeof shareSnapshotValue> {}

export const shareUpdateKey = message({
  name: "ShareUpdateKey",
  validVersions: "1",
  flexibleVersions: "none",
  fields: { groupId: f.string(), topicId: f.uuid(), partition: f.int32() },
});

export interface ShareUpdateKey extends Infer<typeof shareUpdateKey> {}

export const shareUpdateValue = message({
  name: "ShareUpdateValue",
  validVersions: "0",
  flexibleVersions: "0+",
  fields: {
    snapshotEpoch: f.int32(),
    leaderEpoch: f.int32(),
    startOffset: f.int64(),
    deliveryCompleteCount: f.int32({ tagged: "0+", tag: 0, default: -1 }),
    stateBatches: f.array({
      fields: {
        firstOffset: f.int64(),
        lastOffset: f.int64(),
        deliveryState: f.int8(),
        deliveryCount: f.int16(),
      },
    }),
  },
});

export interface ShareUpdateValue extends Infer<typeof shareUpdateValue> {}
