import { ErrorCode } from "@ottla/protocol";
import { OFFSETS_TOPIC } from "@ottla/coordinator";
import type { BrokerServices } from "../../broker-services.ts";
import { internalTopicSpec } from "../topics/internal-topics.ts";

/**
 * Creates `__consumer_offsets` for the first group that asks for a coordinator. Its partition count
 * is fixed from here on: groups are found by it.
 */
export async function createOffsetsTopic(services: BrokerServices): Promise<void> {
  const spec = internalTopicSpec(services, OFFSETS_TOPIC);
  if (!spec) return;
  const [result] = await services.controller.createTopics([spec]);
  // Somebody else was faster, which is as good.
  if (!result || result.ok || result.errorCode === ErrorCode.TOPIC_ALREADY_EXISTS) return;
  services.logger.error("the offsets topic could not be created", { errorCode: result.errorCode, reason: result.message });
}
