import { ByteReader } from "../codec/byte-reader.ts";
import type { Message } from "../schema/message.ts";
import * as consumerGroup from "./records-consumer-group.ts";
import * as offsets from "./records-offsets.ts";
import * as shareGroup from "./records-share-group.ts";
import * as streamsGroup from "./records-streams-group.ts";

/*
 * The key of a record in an internal topic begins with an int16 that names its type. Kafka calls it a
 * version, and so do our tables: the only version of a key table is its record type (offset commits
 * have two, 0 being the legacy one). The int16 before a value is a true version.
 */

export interface RecordType {
  readonly key: Message<unknown>;
  readonly value: Message<unknown>;
}

/** The record types of `__consumer_offsets`. */
export const offsetsRecordTypes: ReadonlyMap<number, RecordType> = new Map<number, RecordType>([
  [0, { key: offsets.offsetCommitKey, value: offsets.offsetCommitValue }],
  [1, { key: offsets.offsetCommitKey, value: offsets.offsetCommitValue }],
  [2, { key: offsets.groupMetadataKey, value: offsets.groupMetadataValue }],
  [
    3,
    {
      key: consumerGroup.consumerGroupMetadataKey,
      value: consumerGroup.consumerGroupMetadataValue,
    },
  ],
  [
    4,
    {
      key: consumerGroup.consumerGroupPartitionMetadataKey,
      value: consumerGroup.consumerGroupPartitionMetadataValue,
    },
  ],
  [
    5,
    {
      key: consumerGroup.consumerGroupMemberMetadataKey,
      value: consumerGroup.consumerGroupMemberMetadataValue,
    },
  ],
  [
    6,
    {
      key: consumerGroup.consumerGroupTargetAssignmentMetadataKey,
      value: consumerGroup.consumerGroupTargetAssignmentMetadataValue,
    },
  ],
  [
    7,
    {
      key: consumerGroup.consumerGroupTargetAssignmentMemberKey,
      value: consumerGroup.consumerGroupTargetAssignmentMemberValue,
    },
  ],
  [
    8,
    {
      key: consumerGroup.consumerGroupCurrentMemberAssignmentKey,
      value: consumerGroup.consumerGroupCurrentMemberAssignmentValue,
    },
  ],
  [
    10,
    {
      key: shareGroup.shareGroupMemberMetadataKey,
      value: shareGroup.shareGroupMemberMetadataValue,
    },
  ],
  [11, { key: shareGroup.shareGroupMetadataKey, value: shareGroup.shareGroupMetadataValue }],
  [
    12,
    {
      key: shareGroup.shareGroupTargetAssignmentMetadataKey,
      value: shareGroup.shareGroupTargetAssignmentMetadataValue,
    },
  ],
  [
    13,
    {
      key: shareGroup.shareGroupTargetAssignmentMemberKey,
      value: shareGroup.shareGroupTargetAssignmentMemberValue,
    },
  ],
  [
    14,
    {
      key: shareGroup.shareGroupCurrentMemberAssignmentKey,
      value: shareGroup.shareGroupCurrentMemberAssignmentValue,
    },
  ],
  [
    15,
    {
      key: shareGroup.shareGroupStatePartitionMetadataKey,
      value: shareGroup.shareGroupStatePartitionMetadataValue,
    },
  ],
  [
    16,
    {
      key: consumerGroup.consumerGroupRegularExpressionKey,
      value: consumerGroup.consumerGroupRegularExpressionValue,
    },
  ],
  [
    17,
    { key: streamsGroup.streamsGroupMetadataKey, value: streamsGroup.streamsGroupMetadataValue },
  ],
  [
    19,
    {
      key: streamsGroup.streamsGroupMemberMetadataKey,
      value: streamsGroup.streamsGroupMemberMetadataValue,
    },
  ],
  [
    20,
    {
      key: streamsGroup.streamsGroupTargetAssignmentMetadataKey,
      value: streamsGroup.streamsGroupTargetAssignmentMetadataValue,
    },
  ],
  [
    21,
    {
      key: streamsGroup.streamsGroupTargetAssignmentMemberKey,
      value: streamsGroup.streamsGroupTargetAssignmentMemberValue,
    },
  ],
  [
    22,
    {
      key: streamsGroup.streamsGroupCurrentMemberAssignmentKey,
      value: streamsGroup.streamsGroupCurrentMemberAssignmentValue,
    },
  ],
  [
    23,
    { key: streamsGroup.streamsGroupTopologyKey, value: streamsGroup.streamsGroupTopologyValue },
  ],
]);

/** The record type of a key, without reading the rest of it. */
export function readRecordType(key: Uint8Array): number {
  return new ByteReader(key).readInt16();
}
