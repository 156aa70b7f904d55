import {
  consumerProtocolAssignment,
  consumerProtocolSubscription,
  decodeVersioned,
  encodeVersioned,
} from "@ottla/protocol";
import { groupByTopic, type TopicPartition } from "../topic-partition.ts";
import type { Assignor, GroupMember } from "./assignors/assignor.ts";

/** With owned partitions and their generation, which is all that the assignors look at (KIP-792). */
const SUBSCRIPTION_VERSION = 2;
const ASSIGNMENT_VERSION = 1;
const INT32_BYTES = 4;

export interface OwnSubscription {
  readonly topics: readonly string[];
  readonly owned: readonly TopicPartition[];
  readonly generationId: number;
}

/** What a member says about itself when it joins, for one assignor. */
export function encodeSubscription(assignor: Assignor, own: OwnSubscription): Uint8Array {
  const topics = [...new Set(own.topics)].sort();
  return encodeVersioned(
    consumerProtocolSubscription,
    {
      topics,
      userData: assignor.isCooperative ? generationBytes(own.generationId) : null,
      ownedPartitions: [...groupByTopic(own.owned)].map(([topic, list]) => ({
        topic,
        partitions: list.map(({ partition }) => partition),
      })),
      generationId: own.generationId,
    },
    SUBSCRIPTION_VERSION,
  );
}

/** Members before KIP-792 look for the generation in the user data of the sticky assignor. */
function generationBytes(generationId: number): Uint8Array {
  const bytes = new Uint8Array(INT32_BYTES);
  new DataView(bytes.buffer).setInt32(0, generationId);
  return bytes;
}

export function decodeMember(
  memberId: string,
  groupInstanceId: string | null,
  metadata: Uint8Array,
): GroupMember {
  const { version, value } = decodeVersioned(consumerProtocolSubscription, metadata);
  return {
    memberId,
    groupInstanceId,
    topics: value.topics,
    owned: value.ownedPartitions.flatMap(({ topic, partitions }) =>
      partitions.map((partition) => ({ topic, partition })),
    ),
    generationId:
      version >= SUBSCRIPTION_VERSION ? value.generationId : generationOf(value.userData),
  };
}

function generationOf(userData: Uint8Array | null): number {
  if (userData === null || userData.length !== INT32_BYTES) return -1;
  return new DataView(userData.buffer, userData.byteOffset).getInt32(0);
}

export function encodeAssignment(partitions: readonly TopicPartition[]): Uint8Array {
  const assignedPartitions = [...groupByTopic(partitions)].map(([topic, list]) => ({
    topic,
    partitions: list.map(({ partition }) => partition),
  }));
  return encodeVersioned(consumerProtocolAssignment, { assignedPartitions }, ASSIGNMENT_VERSION);
}

export function decodeAssignment(bytes: Uint8Array): TopicPartition[] {
  // The coordinator sends nothing to a member that the leader left out.
  if (bytes.length === 0) return [];
  const { value } = decodeVersioned(consumerProtocolAssignment, bytes);
  return value.assignedPartitions.flatMap(({ topic, partitions }) =>
    partitions.map((partition) => ({ topic, partition })),
  );
}
