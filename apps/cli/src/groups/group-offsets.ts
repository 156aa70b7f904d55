import {
  KafkaError,
  type Admin,
  type DescribedGroup,
  type DescribedMember,
  type TopicPartition,
} from "@ottla/client";
import { ErrorCode } from "@ottla/protocol";
import { CommandError } from "../failure/exit.ts";
import { explainError } from "../failure/explain-error.ts";

/** One partition that a group reads or has read; undefined is what is not known or not there. */
export interface GroupOffsetRow extends TopicPartition {
  readonly committed: number | undefined;
  readonly logEndOffset: number | undefined;
  readonly lag: number | undefined;
  readonly member: DescribedMember | undefined;
}

export async function describeExisting(
  admin: Admin,
  groupIds: readonly string[],
): Promise<DescribedGroup[]> {
  const groups = await admin.describeGroups(groupIds);
  for (const { groupId, state, error } of groups) {
    if (state === "Dead" || error?.code === ErrorCode.GROUP_ID_NOT_FOUND) {
      throw new CommandError(
        `consumer group ${groupId} does not exist: "ottla group list" shows the groups`,
      );
    }
    if (error !== undefined)
      throw new CommandError(`consumer group ${groupId}: ${explainError(error)}`);
  }
  return groups;
}

/** Partitions of members first, busy members before idle ones, then what was committed and nobody reads now. */
export async function groupOffsets(admin: Admin, group: DescribedGroup): Promise<GroupOffsetRow[]> {
  const committed = new Map<string, number>();
  for (const one of await admin.listConsumerGroupOffsets(group.groupId))
    if (one.offset >= 0) committed.set(keyOf(one), one.offset);
  const members = [...group.members].sort(
    (one, other) => other.assignment.length - one.assignment.length,
  );
  const assigned = members.flatMap((member) =>
    sorted(member.assignment).map((partition) => ({ ...partition, member })),
  );
  const taken = new Set(assigned.map(keyOf));
  const free = sorted([...committed.keys()].filter((key) => !taken.has(key)).map(partitionOf)).map(
    (partition) => ({ ...partition, member: undefined }),
  );
  const partitions = [...assigned, ...free];
  const ends = await endOffsets(admin, partitions);
  return partitions.map(({ topic, partition, member }) => {
    const offset = committed.get(keyOf({ topic, partition }));
    const end = ends.get(keyOf({ topic, partition }));
    const lag = offset === undefined || end === undefined ? undefined : Math.max(0, end - offset);
    return { topic, partition, committed: offset, logEndOffset: end, lag, member };
  });
}

/** Offsets outlive their topics, so a topic that is gone has no end. */
async function endOffsets(
  admin: Admin,
  partitions: readonly TopicPartition[],
): Promise<Map<string, number>> {
  const ends = new Map<string, number>();
  const topics = new Set(partitions.map(({ topic }) => topic));
  await Promise.all(
    [...topics].map(async (topic) => {
      try {
        const own = partitions.filter((one) => one.topic === topic);
        const listed = await admin.listOffsets(
          own.map(({ partition }) => ({ topic, partition, spec: "latest" as const })),
        );
        for (const one of listed) ends.set(keyOf(one), one.offset);
      } catch (error) {
        if (!(error instanceof KafkaError) || error.code !== ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
          throw error;
      }
    }),
  );
  return ends;
}

export function keyOf({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`;
}

export function partitionOf(key: string): TopicPartition {
  const [topic = "", partition = ""] = key.split("/");
  return { topic, partition: Number(partition) };
}

export function sorted<T extends TopicPartition>(partitions: readonly T[]): T[] {
  return [...partitions].sort((one, other) =>
    one.topic === other.topic ? one.partition - other.partition : one.topic < other.topic ? -1 : 1,
  );
}
