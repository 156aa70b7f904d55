import type { Controller, GroupConfig, TopicsView } from "@ottla/coordinator";
import type { BrokerConfig } from "./config/broker-config.ts";

/** Room for the batch header and record framing below the largest batch that the offsets topic takes. */
const BATCH_MARGIN_BYTES = 4_096;

/** The settings that the group coordinator obeys. */
export function groupConfigOf(config: BrokerConfig): GroupConfig {
  const { maxMessageBytes } = config.effectiveTopicConfig(new Map()).log;
  return { ...config.groups, maxBatchBytes: Math.max(BATCH_MARGIN_BYTES, maxMessageBytes - BATCH_MARGIN_BYTES) };
}

/** What the group coordinator may know of topics: always the newest image. */
export function topicsViewOf(controller: Controller): TopicsView {
  return {
    partitionCount: (topic) => controller.image.topicsByName.get(topic)?.partitions.length,
    topicId: (topic) => controller.image.topicsByName.get(topic)?.topicId,
    topicName: (topicId) => controller.image.topicsById.get(topicId)?.name,
  };
}
