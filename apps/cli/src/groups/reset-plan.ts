import type { Admin, OffsetSpec, TopicPartition } from "@ottla/client";
import { CommandError } from "../failure/exit.ts";
import { describeReset, type ResetTarget } from "./reset-target.ts";
import { keyOf, partitionOf, sorted } from "./group-offsets.ts";

/** What a reset would do to one partition. */
export interface PlannedOffset extends TopicPartition {
  readonly current: number | undefined;
  readonly next: number;
}

/** All topics that the group has offsets of, or topics by name with all or some of their partitions. */
export type ResetScope =
  | { readonly kind: "all-topics" }
  | { readonly kind: "topics"; readonly topics: readonly TopicScope[] };

export interface TopicScope {
  readonly topic: string;
  readonly partitions: readonly number[] | undefined;
}

/** `orders` or `orders:0,1`. */
export function parseTopicScope(text: string): TopicScope {
  const match = /^([^:]+)(?::(\d+(?:,\d+)*))?$/.exec(text);
  if (match === null) throw new CommandError(`"${text}" names no topic: use NAME or NAME:0,1`);
  return { topic: match[1] ?? "", partitions: match[2]?.split(",").map(Number) };
}

/** Computes the new offsets and changes nothing. A new offset never lies outside the log. */
export async function planReset(
  admin: Admin,
  groupId: string,
  scope: ResetScope,
  target: ResetTarget,
): Promise<PlannedOffset[]> {
  const committed = new Map<string, number>();
  for (const one of await admin.listConsumerGroupOffsets(groupId))
    if (one.offset >= 0) committed.set(keyOf(one), one.offset);
  const partitions = await partitionsIn(
    admin,
    scope,
    target,
    [...committed.keys()].map(partitionOf),
  );
  if (partitions.length === 0)
    throw new CommandError(`group ${groupId} has no committed offsets: name a topic`);
  const list = (spec: OffsetSpec) => admin.listOffsets(partitions.map((one) => ({ ...one, spec })));
  const [beginnings, ends] = await Promise.all([list("earliest"), list("latest")]);
  const timed =
    target.kind === "timestamp" ? await list({ timestamp: target.timestampMs }) : undefined;
  return partitions.map((partition, index) => {
    const current = committed.get(keyOf(partition));
    const log = {
      beginning: beginnings[index]?.offset ?? 0,
      end: ends[index]?.offset ?? 0,
      timed: timed?.[index]?.offset ?? -1,
    };
    const wanted = wantedOffset(target, partition, current, log);
    return { ...partition, current, next: Math.min(Math.max(wanted, log.beginning), log.end) };
  });
}

async function partitionsIn(
  admin: Admin,
  scope: ResetScope,
  target: ResetTarget,
  known: readonly TopicPartition[],
): Promise<TopicPartition[]> {
  if (target.kind === "file") return sorted([...target.offsets.keys()].map(partitionOf));
  if (scope.kind === "all-topics") return sorted(known);
  const described = await admin.describeTopics(scope.topics.map(({ topic }) => topic));
  return sorted(
    scope.topics.flatMap(({ topic, partitions }, index) => {
      const existing = (described[index]?.partitions ?? []).map(({ partition }) => partition);
      const missing = partitions?.find((partition) => !existing.includes(partition));
      if (missing !== undefined)
        throw new CommandError(
          `topic ${topic} has no partition ${missing}: it has ${existing.length}, counted from 0`,
        );
      return (partitions ?? existing).map((partition) => ({ topic, partition }));
    }),
  );
}

function wantedOffset(
  target: ResetTarget,
  partition: TopicPartition,
  current: number | undefined,
  log: { readonly beginning: number; readonly end: number; readonly timed: number },
): number {
  switch (target.kind) {
    case "earliest":
      return log.beginning;
    case "latest":
      return log.end;
    case "current":
      return current ?? log.end;
    case "offset":
      return target.offset;
    case "timestamp":
      return log.timed < 0 ? log.end : log.timed;
    case "shift":
      if (current === undefined) {
        throw new CommandError(
          `${partition.topic}-${partition.partition} has no committed offset, so ${describeReset(target)} means nothing: name a place`,
        );
      }
      return current + target.by;
    case "file":
      return target.offsets.get(keyOf(partition)) ?? log.end;
    default:
      return target satisfies never;
  }
}
