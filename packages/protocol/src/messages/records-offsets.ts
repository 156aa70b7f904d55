import { f } from "../schema/field.ts";
import { message, type Infer } from "../schema/message.ts";

/*
 * Records of `__consumer_offsets`: committed offsets and classic groups. The versions of a key
 * are its record types; a value carries its own version.
 */

export const offsetCommitKey = message({
  name: "OffsetCommitKey",
  validVersions: "0-1",
  flexibleVersions: "none",
  fields: { group: f.string(), topic: f.string(), partition: f.int32() },
});

export interface OffsetCommitKey extends Infer<typeof offsetCommitKey> {}

export const offsetCommitValue = message({
  name: "OffsetCommitValue",
  validVersions: "0-4",
  flexibleVersions: "4+",
  fields: {
    offset: f.int64(),
    leaderEpoch: f.int32({ versions: "3+", default: -1 }),
    metadata: f.string(),
    commitTimestamp: f.int64(),
    expireTimestamp: f.int64({ versions: "1", default: -1n }),
    topicId: f.uuid({ versions: "4+", tagged: "4+", tag: 0 }),
  },
});

export interface OffsetCommitValue extends Infer<typeof offsetCommitValue> {}

export const groupMetadataKey = message({
  name: "GroupMetadataKey",
  validVersions: "2",
  flexibleVersions: "none",
  fields: { group: f.string() },
});

export interface GroupMetadataKey extends Infer<typeof groupMetadataKey> {}

const memberMetadataFields = {
  memberId: f.string(),
  groupInstanceId: f.string({ versions: "3+", nullable: "3+", default: null }),
  clientId: f.string(),
  clientHost: f.string(),
  rebalanceTimeout: f.int32({ versions: "1+", default: -1 }),
  sessionTimeout: f.int32(),
  subscription: f.bytes(),
  assignment: f.bytes(),
};

export const groupMetadataValue = message({
  name: "GroupMetadataValue",
  validVersions: "0-4",
  flexibleVersions: "4+",
  fields: {
    protocolType: f.string(),
    generation: f.int32(),
    protocol: f.string({ nullable: "0+" }),
    leader: f.string({ nullable: "0+" }),
    currentStateTimestamp: f.int64({ versions: "2+", default: -1n }),
    members: f.array({ fields: memberMetadataFields }),
  },
});

export interface GroupMetadataValue extends Infer<typeof groupMetadataValue> {}
