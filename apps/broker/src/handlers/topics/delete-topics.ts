/*
 * DeleteTopics (API 20), versions 1 to 6. Version 5 adds messages, version 6 deletion by id (KIP-516).
 */
import {
  MetadataStoreError,
  type DeleteTopicResult,
  type TopicReference,
} from "@ottla/coordinator";
import { Api, ErrorCode, ZERO_UUID, type DeleteTopicsRequest } from "@ottla/protocol";
import { defineHandler } from "../../request/handler.ts";

const IDS_SINCE = 6;
const DELETION_DISABLED_SINCE = 3;

export const deleteTopics = defineHandler({
  api: Api.DeleteTopics,
  minVersion: 1,
  maxVersion: 6,
  async handle({ apiVersion, services }, request) {
    const { controller, partitions, logger } = services;
    const references = referencesOf(request, apiVersion);
    try {
      const results = await controller.deleteTopics(references);
      // The old data is out of reach when the answer leaves, also for a topic created anew at once.
      await partitions.settled();
      return { responses: results.map((result) => describeResult(result, apiVersion)) };
    } catch (error) {
      if (!(error instanceof MetadataStoreError)) throw error;
      logger.error("could not delete topics", { error: error.message });
      const { message } = error;
      const failed = { ok: false, errorCode: ErrorCode.KAFKA_STORAGE_ERROR, message } as const;
      const responses = references.map((one) => describeResult({ ...one, ...failed }, apiVersion));
      return { responses };
    }
  },
});

function referencesOf(request: DeleteTopicsRequest, apiVersion: number): TopicReference[] {
  if (apiVersion < IDS_SINCE) return request.topicNames.map((name) => ({ name, topicId: null }));
  return request.topics.map(({ name, topicId }) => ({
    name,
    topicId: topicId === ZERO_UUID ? null : topicId,
  }));
}

function describeResult(result: DeleteTopicResult, apiVersion: number) {
  const { name, topicId } = result;
  const errorCode = result.ok ? ErrorCode.NONE : result.errorCode;
  const unknownToClient =
    errorCode === ErrorCode.TOPIC_DELETION_DISABLED && apiVersion < DELETION_DISABLED_SINCE;
  return {
    name,
    topicId: topicId ?? ZERO_UUID,
    errorCode: unknownToClient ? ErrorCode.INVALID_REQUEST : errorCode,
    errorMessage: result.ok ? null : result.message,
  };
}
