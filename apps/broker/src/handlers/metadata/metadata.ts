/*
 * Metadata (API 3), versions 0 to 13: brokers, controller and topics with their leaders.
 *
 * Version 0 asks for all topics with an empty list; since version 1 null asks for all and an empty
 * list for none. Since version 4 the client says whether a missing topic may be created; before, it
 * may. Version 5 adds offline replicas, 7 leader epochs, 8 authorized operations (KIP-430), 10 topic
 * ids in answers (KIP-516), 12 in requests. Version 13 has an error for the whole answer that makes
 * clients start anew (KIP-1102), which we never send.
 */
import { topicNameProblem, type TopicImage } from "@ottla/coordinator";
import { Api, ErrorCode, ZERO_UUID, type MetadataRequest } from "@ottla/protocol";
import { defineHandler } from "../../request/handler.ts";
import type { RequestContext } from "../../request/request-context.ts";
import { createMissingTopics } from "../topics/missing-topics.ts";
import {
  ALL_CLUSTER_OPERATIONS,
  ALL_TOPIC_OPERATIONS,
  OPERATIONS_NOT_ASKED,
} from "./authorized-operations.ts";
import { brokerNodes } from "./broker-nodes.ts";
import { describePartition, partitionsOf } from "./describe-partition.ts";

const NULL_ASKS_FOR_ALL_SINCE = 1;
const TOPIC_IDS_SINCE = 12;
const LISTENER_NOT_FOUND_SINCE = 6;

type AskedTopic = NonNullable<MetadataRequest["topics"]>[number];
type MissingTopic = Pick<AskedTopic, "name" | "topicId">;

export const metadata = defineHandler({
  api: Api.Metadata,
  minVersion: 0,
  maxVersion: 13,
  async handle(context, request) {
    const { services, apiVersion } = context;
    const refusal = refuseMalformed(apiVersion, request.topics ?? []);
    if (refusal) return refusal;
    const failures = await createAsked(context, request);
    const { image } = services.controller;
    const nodes = brokerNodes(context, { includeFenced: false });
    const reachable = new Set(nodes.map(({ brokerId }) => brokerId));
    const describe = (topic: TopicImage) =>
      describeTopic(
        { ...topic, partitions: partitionsOf(services, topic) },
        reachable,
        request,
        apiVersion,
      );
    const asked = asksForAll(request, apiVersion)
      ? [...image.topicsByName.values()]
      : distinct((request.topics ?? []).map((one) => find(image, one) ?? missing(one)));
    const topics = asked.map((one) =>
      "partitions" in one ? describe(one) : missingTopic(one, failures, request),
    );
    return {
      brokers: nodes.map(({ brokerId, host, port, rack }) => ({
        nodeId: brokerId,
        host,
        port,
        rack,
      })),
      clusterId: image.clusterId,
      controllerId: image.controllerId,
      topics,
      clusterAuthorizedOperations: request.includeClusterAuthorizedOperations
        ? ALL_CLUSTER_OPERATIONS
        : OPERATIONS_NOT_ASKED,
    };
  },
});

function asksForAll({ topics }: MetadataRequest, apiVersion: number): boolean {
  return topics === null || (apiVersion < NULL_ASKS_FOR_ALL_SINCE && topics.length === 0);
}

/** Ids are not served before version 12, and an entry without id and name asks for nothing. */
function refuseMalformed(apiVersion: number, topics: readonly AskedTopic[]) {
  const malformed = topics.some(({ name, topicId }) =>
    apiVersion < TOPIC_IDS_SINCE
      ? topicId !== ZERO_UUID || name === null
      : topicId === ZERO_UUID && name === null,
  );
  if (!malformed) return undefined;
  const errorCode = ErrorCode.INVALID_REQUEST;
  return { topics: topics.map(({ name, topicId }) => ({ errorCode, name: name ?? "", topicId })) };
}

/** Creates what may be created. The result tells why a name still does not exist. */
async function createAsked(
  { services }: RequestContext,
  request: MetadataRequest,
): Promise<ReadonlyMap<string, number>> {
  if (!request.allowAutoTopicCreation || !services.config.autoCreateTopics) return new Map();
  const { topicsByName } = services.controller.image;
  const missing = new Set<string>();
  for (const { name, topicId } of request.topics ?? []) {
    if (topicId === ZERO_UUID && name !== null && !topicsByName.has(name)) missing.add(name);
  }
  return missing.size === 0 ? new Map() : createMissingTopics(services, missing);
}

/** A topic is answered once, also when it is asked for by name and by id. */
function distinct(topics: readonly (TopicImage | MissingTopic)[]): (TopicImage | MissingTopic)[] {
  return [...new Map(topics.map((one) => [`${one.topicId} ${one.name}`, one])).values()];
}

function find(
  image: RequestContext["services"]["controller"]["image"],
  { name, topicId }: AskedTopic,
): TopicImage | undefined {
  if (topicId !== ZERO_UUID) return image.topicsById.get(topicId);
  return name === null ? undefined : image.topicsByName.get(name);
}

function missing({ name, topicId }: AskedTopic): MissingTopic {
  return { name, topicId };
}

function describeTopic(
  topic: TopicImage,
  reachable: ReadonlySet<number>,
  request: MetadataRequest,
  apiVersion: number,
) {
  return {
    errorCode: ErrorCode.NONE,
    name: topic.name,
    topicId: topic.topicId,
    isInternal: topic.internal,
    partitions: topic.partitions.map((partition) => {
      const described = describePartition(partition, reachable);
      const tooOld =
        described.errorCode === ErrorCode.LISTENER_NOT_FOUND &&
        apiVersion < LISTENER_NOT_FOUND_SINCE;
      return tooOld ? { ...described, errorCode: ErrorCode.LEADER_NOT_AVAILABLE } : described;
    }),
    topicAuthorizedOperations: operationsAsked(request),
  };
}

function missingTopic(
  { name, topicId }: MissingTopic,
  failures: ReadonlyMap<string, number>,
  request: MetadataRequest,
) {
  const byId = topicId !== ZERO_UUID;
  const errorCode = byId ? ErrorCode.UNKNOWN_TOPIC_ID : missingName(name ?? "", failures);
  return {
    errorCode,
    name: byId ? null : name,
    topicId,
    topicAuthorizedOperations: operationsAsked(request),
  };
}

function missingName(name: string, failures: ReadonlyMap<string, number>): number {
  if (topicNameProblem(name) !== undefined) return ErrorCode.INVALID_TOPIC_EXCEPTION;
  return failures.get(name) ?? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
}

function operationsAsked({ includeTopicAuthorizedOperations }: MetadataRequest): number {
  return includeTopicAuthorizedOperations ? ALL_TOPIC_OPERATIONS : OPERATIONS_NOT_ASKED;
}
