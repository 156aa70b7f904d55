import { OFFSETS_TOPIC, type NewTopic } from "@ottla/coordinator";
import type { BrokerServices } from "../../broker-services.ts";

/** How a topic that the broker keeps for itself is created; undefined for any other name. */
export function internalTopicSpec({ config }: BrokerServices, name: string): NewTopic | undefined {
  if (name !== OFFSETS_TOPIC) return undefined;
  const { offsetsTopicPartitions, offsetsTopicSegmentBytes } = config.groups;
  return {
    name,
    numPartitions: offsetsTopicPartitions,
    replicationFactor: 1,
    configs: [
      { name: "cleanup.policy", value: "compact" },
      { name: "compression.type", value: "producer" },
      { name: "segment.bytes", value: String(offsetsTopicSegmentBytes) },
    ],
  };
}
