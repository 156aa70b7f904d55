import type { ConfigEntry, PartitionMetadata, TopicMetadata } from "@ottla/client";

export interface DescribeOptions {
  readonly only: "all" | "under-replicated" | "unavailable";
  readonly isSummaryOnly: boolean;
}

/** The lines of `kafka-topics --describe`: a summary of the topic, then a line per partition, with tabs between. */
export function describeLines(
  topic: TopicMetadata,
  settings: readonly ConfigEntry[],
  options: DescribeOptions,
): string[] {
  const { only, isSummaryOnly } = options;
  const partitions = topic.partitions.filter((partition) => isWanted(partition, only));
  const lines = isSummaryOnly
    ? []
    : partitions.map((partition) => partitionLine(topic.name, partition));
  return only === "all" ? [summaryLine(topic, settings), ...lines] : lines;
}

function isWanted(
  { leader, isr, replicas }: PartitionMetadata,
  only: DescribeOptions["only"],
): boolean {
  if (only === "unavailable") return leader < 0;
  return only === "all" || isr.length < replicas.length;
}

function summaryLine(
  { name, topicId, partitions }: TopicMetadata,
  settings: readonly ConfigEntry[],
): string {
  return [
    `Topic: ${name}`,
    ...(topicId === undefined ? [] : [`TopicId: ${topicId}`]),
    `PartitionCount: ${partitions.length}`,
    `ReplicationFactor: ${partitions[0]?.replicas.length ?? 0}`,
    `Configs: ${settings.map((entry) => `${entry.name}=${entry.value ?? ""}`).join(",")}`,
  ].join("\t");
}

function partitionLine(
  name: string,
  { partition, leader, replicas, isr }: PartitionMetadata,
): string {
  return [
    "",
    `Topic: ${name}`,
    `Partition: ${partition}`,
    `Leader: ${leader < 0 ? "none" : leader}`,
    `Replicas: ${replicas.join(",")}`,
    `Isr: ${isr.join(",")}`,
    "Elr: ",
    "LastKnownElr: ",
  ].join("\t");
}
