import type { TopicPartition } from "../../topic-partition.ts";

/** A member of a group as the leader sees it. */
export interface GroupMember {
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly topics: readonly string[];
  /** What it held before this rebalance; empty unless it rebalances cooperatively. */
  readonly owned: readonly TopicPartition[];
  /** In which generation it was given those; -1 when unknown. */
  readonly generationId: number;
}

/** Partitions by member id. */
export type Assignments = Map<string, TopicPartition[]>;

export interface Assignor {
  /** Name of the protocol in the group; members agree on one that all of them have. */
  readonly name: string;
  /** Whether members may keep their partitions while the group rebalances. */
  readonly isCooperative: boolean;
  assign(
    members: readonly GroupMember[],
    partitionCounts: ReadonlyMap<string, number>,
  ): Assignments;
}

/** Kafka's order: static members by their instance id, then the others by member id. */
export function byMemberOrder(one: GroupMember, other: GroupMember): number {
  if (one.groupInstanceId !== null && other.groupInstanceId !== null) {
    return compareText(one.groupInstanceId, other.groupInstanceId);
  }
  if (one.groupInstanceId !== null) return -1;
  if (other.groupInstanceId !== null) return 1;
  return compareText(one.memberId, other.memberId);
}

export function compareText(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}

/** Every partition of every topic that someone wants, by topic name and number. */
export function allPartitions(
  members: readonly GroupMember[],
  partitionCounts: ReadonlyMap<string, number>,
): TopicPartition[] {
  const topics = [...new Set(members.flatMap((member) => member.topics))].sort(compareText);
  return topics.flatMap((topic) =>
    Array.from({ length: partitionCounts.get(topic) ?? 0 }, (_, partition) => ({
      topic,
      partition,
    })),
  );
}
