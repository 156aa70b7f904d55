import { MetadataStoreError, type NewTopic } from "@ottla/coordinator";
import { ErrorCode } from "@ottla/protocol";
import type { BrokerServices } from "../../broker-services.ts";
import { internalTopicSpec } from "./internal-topics.ts";

const BROKER_DEFAULT = -1;

/**
 * Creates topics that a client asked metadata for, within the call: Kafka answers "unknown topic"
 * first and creates meanwhile, which shows as a warning in every new user's first minute.
 * Returns the error code of each name that could not be created.
 */
export async function createMissingTopics(
  services: BrokerServices,
  names: Iterable<string>,
): Promise<ReadonlyMap<string, number>> {
  const { controller, partitions, logger } = services;
  const wanted: NewTopic[] = [];
  for (const name of names) {
    const byDefault = { name, numPartitions: BROKER_DEFAULT, replicationFactor: BROKER_DEFAULT };
    wanted.push(internalTopicSpec(services, name) ?? byDefault);
  }
  const failures = new Map<string, number>();
  if (!partitions.canCreate) {
    for (const { name } of wanted) failures.set(name, ErrorCode.KAFKA_STORAGE_ERROR);
    return failures;
  }
  try {
    for (const result of await controller.createTopics(wanted)) {
      if (!result.ok) failures.set(result.name, result.errorCode);
    }
  } catch (error) {
    if (!(error instanceof MetadataStoreError)) throw error;
    logger.error("could not create topics", { error: error.message });
    for (const { name } of wanted) failures.set(name, ErrorCode.KAFKA_STORAGE_ERROR);
  }
  await partitions.settled();
  return failures;
}
