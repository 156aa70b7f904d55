/*
 * CreateTopics (API 19), versions 2 to 7. Since version 4 counts of -1 take the broker's defaults
 * (KIP-464), version 5 answers with counts and settings (KIP-525), version 7 with the topic id.
 */
import { MetadataStoreError, type CreateTopicResult, type NewTopic } from "@ottla/coordinator";
import { Api, ErrorCode, type CreateTopicsRequest } from "@ottla/protocol";
import { ineffectiveTopicSettings } from "../../config/topic-config.ts";
import { defineHandler } from "../../request/handler.ts";
import type { RequestContext } from "../../request/request-context.ts";
import { topicConfigEntries } from "../configs/config-entries.ts";

/** Nothing is promised in the metadata that no disk can hold. */
export const ALL_DIRECTORIES_OFFLINE = "all log directories of the broker are offline";

export const createTopics = defineHandler({
  api: Api.CreateTopics,
  minVersion: 2,
  maxVersion: 7,
  async handle(context, request) {
    // Kafka's controller gives up before it starts when there is no time; clients rely on code 7.
    if (request.timeoutMs <= 0) return refuseAll(request, ErrorCode.REQUEST_TIMED_OUT, null);
    const { controller, partitions, logger } = context.services;
    const { validateOnly } = request;
    if (!partitions.canCreate)
      return refuseAll(request, ErrorCode.KAFKA_STORAGE_ERROR, ALL_DIRECTORIES_OFFLINE);
    try {
      const results = await controller.createTopics(request.topics.map(newTopic), { validateOnly });
      if (!validateOnly) {
        warnOfIneffective(context, results);
        await partitions.settled();
      }
      return { topics: results.map((result) => describeResult(context, result)) };
    } catch (error) {
      if (!(error instanceof MetadataStoreError)) throw error;
      logger.error("could not create topics", { error: error.message });
      return refuseAll(request, ErrorCode.KAFKA_STORAGE_ERROR, error.message);
    }
  },
});

type RequestedTopic = CreateTopicsRequest["topics"][number];

function newTopic({
  name,
  numPartitions,
  replicationFactor,
  assignments,
  configs,
}: RequestedTopic): NewTopic {
  return {
    name,
    numPartitions,
    replicationFactor,
    assignments: assignments.map(({ partitionIndex, brokerIds }) => ({
      partition: partitionIndex,
      brokerIds,
    })),
    configs,
  };
}

function warnOfIneffective(
  { services }: RequestContext,
  results: readonly CreateTopicResult[],
): void {
  for (const result of results) {
    if (!result.ok) continue;
    for (const line of ineffectiveTopicSettings(result.configs.keys())) {
      services.logger.warn(line, { topic: result.name });
    }
  }
}

function describeResult({ services }: RequestContext, result: CreateTopicResult) {
  if (!result.ok) {
    const { name, errorCode, message } = result;
    return { name, errorCode, errorMessage: message, configs: [] };
  }
  const offline = services.partitions.offlineCount(result.name);
  if (offline > 0) {
    const errorMessage = `the topic exists now, but the logs of ${offline} of its partitions could not be made`;
    return { name: result.name, errorCode: ErrorCode.KAFKA_STORAGE_ERROR, errorMessage, configs: [] };
  }
  const entries = topicConfigEntries(result.configs, services.config.values);
  return {
    name: result.name,
    topicId: result.topicId,
    errorCode: ErrorCode.NONE,
    errorMessage: null,
    numPartitions: result.numPartitions,
    replicationFactor: result.replicationFactor,
    configs: entries.map(({ name, value, readOnly, configSource, isSensitive }) => ({
      name,
      value,
      readOnly,
      configSource,
      isSensitive,
    })),
  };
}

function refuseAll(
  { topics }: CreateTopicsRequest,
  errorCode: number,
  errorMessage: string | null,
) {
  return { topics: topics.map(({ name }) => ({ name, errorCode, errorMessage, configs: [] })) };
}
