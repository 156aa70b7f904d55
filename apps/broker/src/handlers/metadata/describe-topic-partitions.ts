/*
 * DescribeTopicPartitions (API 75), version 0 (KIP-966): topics and partitions in pages. Topics are
 * answered in order of their names; where a page ends, the cursor names the next partition.
 */
import { topicNameProblem, type TopicImage } from "@ottla/coordinator";
import {
  Api,
  ErrorCode,
  type DescribeTopicPartitionsRequest,
  type MessageInput,
} from "@ottla/protocol";
import type { DescribeTopicPartitionsResponse } from "@ottla/protocol";
import { defineHandler } from "../../request/handler.ts";
import type { RequestContext } from "../../request/request-context.ts";
import { ALL_TOPIC_OPERATIONS } from "./authorized-operations.ts";
import { brokerNodes } from "./broker-nodes.ts";
import { describePartition, partitionsOf } from "./describe-partition.ts";

type Response = MessageInput<DescribeTopicPartitionsResponse>;
type ResponseTopic = NonNullable<Response["topics"]>[number];
type Cursor = NonNullable<DescribeTopicPartitionsRequest["cursor"]>;

export const describeTopicPartitions = defineHandler({
  api: Api.DescribeTopicPartitions,
  minVersion: 0,
  maxVersion: 0,
  handle(context, request): Response {
    const { cursor } = request;
    const { topicsByName } = context.services.controller.image;
    const all = request.topics.length === 0;
    const names = new Set(all ? topicsByName.keys() : request.topics.map(({ name }) => name));
    if (cursor && (cursor.partitionIndex < 0 || (!all && !names.has(cursor.topicName)))) {
      const errorCode = ErrorCode.INVALID_REQUEST;
      return { topics: [...names].map((name) => ({ errorCode, name })) };
    }
    const sorted = [...names].filter((name) => !cursor || name >= cursor.topicName).sort();
    return page(context, sorted, request);
  },
});

function page(
  context: RequestContext,
  names: readonly string[],
  { cursor, responsePartitionLimit }: DescribeTopicPartitionsRequest,
): Response {
  const { config, controller } = context.services;
  const reachable = new Set(
    brokerNodes(context, { includeFenced: false }).map((node) => node.brokerId),
  );
  // A page of nothing would never end.
  let room = Math.max(1, Math.min(responsePartitionLimit, config.describePartitionsLimit));
  const topics: ResponseTopic[] = [];
  for (const name of names) {
    const topic = controller.image.topicsByName.get(name);
    if (!topic) {
      topics.push(missingTopic(name));
      continue;
    }
    const first = firstPartition(cursor, name);
    if (room === 0) return { topics, nextCursor: { topicName: name, partitionIndex: first } };
    const end = Math.min(topic.partitions.length, first + room);
    const partitions = partitionsOf(context.services, topic);
    topics.push(describeTopic({ ...topic, partitions }, { first, end }, reachable));
    room -= Math.max(0, end - first);
    if (end < topic.partitions.length) {
      return { topics, nextCursor: { topicName: name, partitionIndex: end } };
    }
  }
  return { topics };
}

function firstPartition(cursor: Cursor | null, name: string): number {
  return cursor?.topicName === name ? cursor.partitionIndex : 0;
}

function describeTopic(
  topic: TopicImage,
  { first, end }: { readonly first: number; readonly end: number },
  reachable: ReadonlySet<number>,
): ResponseTopic {
  return {
    errorCode: ErrorCode.NONE,
    name: topic.name,
    topicId: topic.topicId,
    isInternal: topic.internal,
    partitions: topic.partitions.slice(first, end).map((partition) => ({
      ...describePartition(partition, reachable),
      eligibleLeaderReplicas: [],
      lastKnownElr: [],
    })),
    topicAuthorizedOperations: ALL_TOPIC_OPERATIONS,
  };
}

function missingTopic(name: string): ResponseTopic {
  const errorCode =
    topicNameProblem(name) === undefined
      ? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
      : ErrorCode.INVALID_TOPIC_EXCEPTION;
  return { errorCode, name, topicAuthorizedOperations: ALL_TOPIC_OPERATIONS };
}
