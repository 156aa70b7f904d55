import {
  decodeVersioned,
  encodeVersioned,
  groupMetadataKey,
  groupMetadataValue,
  offsetCommitKey,
  offsetCommitValue,
  readRecordType,
  type GroupMetadataValue,
} from "@ottla/protocol";
import type { CoordinatorRecord } from "../runtime/partition-writer.ts";
import type { ClassicGroup } from "./classic/classic-group.ts";
import type { CommittedOffset, OffsetPosition } from "./offset-store.ts";

/*
 * Records of `__consumer_offsets`, in Kafka's schemas. A key begins with an int16 that names the
 * record type (0 and 1 committed offset, 2 classic group), a value with the int16 version of its
 * schema. We write what Kafka 4.x writes, so that its brokers and tools read our topic:
 *   key 1 group, topic, partition ─▶ value 4 offset, leader epoch, metadata, commit time, topic id
 *                                    (value 1 when the client asked for an expiry time)
 *   key 2 group                   ─▶ value 3 protocol type, generation, protocol, leader, time, members
 */

const OFFSET_COMMIT_KEY_VERSION = 1;
const OFFSET_COMMIT_VALUE_VERSION = 4;
/** The only version that has an expiry time; in turn it has no leader epoch and no topic id. */
const OFFSET_COMMIT_VALUE_VERSION_WITH_EXPIRY = 1;
const GROUP_METADATA_KEY_VERSION = 2;
const GROUP_METADATA_VALUE_VERSION = 3;
const NO_TIMESTAMP = -1n;

export type GroupRecord =
  | {
      readonly type: "offset";
      readonly position: OffsetPosition;
      readonly committed: CommittedOffset | null;
    }
  | {
      readonly type: "group";
      readonly groupId: string;
      readonly metadata: GroupMetadataValue | null;
    }
  | { readonly type: "other"; readonly recordType: number };

export function offsetRecord(
  position: OffsetPosition,
  committed: CommittedOffset,
  topicId: string,
): CoordinatorRecord {
  const { expireTimestampMs } = committed;
  const value = {
    offset: committed.offset,
    leaderEpoch: committed.leaderEpoch,
    metadata: committed.metadata,
    commitTimestamp: BigInt(committed.commitTimestampMs),
    expireTimestamp: expireTimestampMs === null ? NO_TIMESTAMP : BigInt(expireTimestampMs),
    topicId,
  };
  const version =
    expireTimestampMs === null
      ? OFFSET_COMMIT_VALUE_VERSION
      : OFFSET_COMMIT_VALUE_VERSION_WITH_EXPIRY;
  return { key: offsetKey(position), value: encodeVersioned(offsetCommitValue, value, version) };
}

export function offsetTombstone(position: OffsetPosition): CoordinatorRecord {
  return { key: offsetKey(position), value: null };
}

export function groupRecord(group: ClassicGroup): CoordinatorRecord {
  const value = {
    protocolType: group.protocolType ?? "",
    generation: group.generationId,
    protocol: group.protocolName,
    leader: group.leaderId,
    currentStateTimestamp: BigInt(group.stateTimestampMs),
    members: [...group.members.values()].map((member) => ({
      memberId: member.memberId,
      groupInstanceId: member.groupInstanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      rebalanceTimeout: member.rebalanceTimeoutMs,
      sessionTimeout: member.sessionTimeoutMs,
      subscription: member.metadataFor(group.protocolName),
      assignment: member.assignment,
    })),
  };
  return {
    key: groupKey(group.groupId),
    value: encodeVersioned(groupMetadataValue, value, GROUP_METADATA_VALUE_VERSION),
  };
}

export function groupTombstone(groupId: string): CoordinatorRecord {
  return { key: groupKey(groupId), value: null };
}

/** Copies what it keeps: keys and values are views of a batch. */
export function readGroupRecord(record: CoordinatorRecord): GroupRecord {
  const recordType = readRecordType(record.key);
  if (recordType === 0 || recordType === OFFSET_COMMIT_KEY_VERSION) return readOffsetRecord(record);
  if (recordType !== GROUP_METADATA_KEY_VERSION) return { type: "other", recordType };
  const { group } = decodeVersioned(groupMetadataKey, record.key).value;
  const metadata =
    record.value === null ? null : decodeVersioned(groupMetadataValue, record.value).value;
  return { type: "group", groupId: group, metadata };
}

function readOffsetRecord(record: CoordinatorRecord): GroupRecord {
  const key = decodeVersioned(offsetCommitKey, record.key).value;
  const position = { groupId: key.group, topic: key.topic, partition: key.partition };
  if (record.value === null) return { type: "offset", position, committed: null };
  const { value } = decodeVersioned(offsetCommitValue, record.value);
  const committed = {
    offset: value.offset,
    leaderEpoch: value.leaderEpoch,
    metadata: value.metadata,
    commitTimestampMs: Number(value.commitTimestamp),
    expireTimestampMs:
      value.expireTimestamp === NO_TIMESTAMP ? null : Number(value.expireTimestamp),
  };
  return { type: "offset", position, committed };
}

function offsetKey({ groupId, topic, partition }: OffsetPosition): Uint8Array {
  return encodeVersioned(
    offsetCommitKey,
    { group: groupId, topic, partition },
    OFFSET_COMMIT_KEY_VERSION,
  );
}

function groupKey(groupId: string): Uint8Array {
  return encodeVersioned(groupMetadataKey, { group: groupId }, GROUP_METADATA_KEY_VERSION);
}
