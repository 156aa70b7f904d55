import type { Random } from "@ottla/runtime";
import type { TopicPartition } from "./storage-engine.ts";

/** The longest name that the usual file systems take, in bytes. */
const NAME_BYTES_MAX = 255;

const DELETED_SUFFIX = "-delete";

/** `topic-partition`; a topic may contain dashes, so the last one separates. */
const PARTITION_DIRECTORY = /^(?<topic>[a-zA-Z0-9._-]{1,249})-(?<partition>0|[1-9]\d{0,9})$/;

const DELETED_DIRECTORY = /\.[0-9a-f]{32}-delete$/;

/** The topic partition that a directory name stands for, or undefined when it is none of ours. */
export function parsePartitionDirectory(name: string): TopicPartition | undefined {
  const groups = PARTITION_DIRECTORY.exec(name)?.groups;
  if (groups?.["topic"] === undefined) return undefined;
  return { topic: groups["topic"], partition: Number(groups["partition"]) };
}

export function isDeletedDirectory(name: string): boolean {
  return DELETED_DIRECTORY.test(name);
}

export function partitionDirectory(
  directory: string,
  { topic, partition }: TopicPartition,
): string {
  return `${directory}/${topic}-${partition}`;
}

/** A deleted log gets a name of its own at once, so that a topic of the same name can be created while its files go. */
export function deletedDirectoryName({ topic, partition }: TopicPartition, random: Random): string {
  const suffix = `.${Buffer.from(random.bytes(16)).toString("hex")}${DELETED_SUFFIX}`;
  return `${`${topic}-${partition}`.slice(0, NAME_BYTES_MAX - suffix.length)}${suffix}`;
}

/** A key for maps; unique, because the last dash separates. */
export function partitionKey({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`;
}
