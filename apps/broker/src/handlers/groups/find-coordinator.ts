/*
 * FindCoordinator (API 10), versions 0 to 6. v1 key type; v4 several keys (KIP-699); v6 share groups
 * (KIP-932), whose key type is for brokers only.
 */
import {
  Api,
  ErrorCode,
  errorInfo,
  type FindCoordinatorResponse,
  type MessageInput,
} from "@ottla/protocol";
import { OFFSETS_TOPIC } from "@ottla/coordinator";
import { defineHandler } from "../../request/handler.ts";
import type { RequestContext } from "../../request/request-context.ts";
import { createOffsetsTopic } from "./offsets-topic.ts";

const FIRST_VERSION_WITH_KEYS = 4;
const GROUP_KEY_TYPE = 0;
const NOWHERE = { nodeId: -1, host: "", port: -1 };

type Coordinator = NonNullable<MessageInput<FindCoordinatorResponse>["coordinators"]>[number];

export const findCoordinator = defineHandler({
  api: Api.FindCoordinator,
  minVersion: 0,
  maxVersion: 6,
  async handle(context, request) {
    const { keyType } = request;
    if (context.apiVersion >= FIRST_VERSION_WITH_KEYS) {
      const coordinators: Coordinator[] = [];
      for (const key of request.coordinatorKeys)
        coordinators.push(await coordinatorOf(context, key, keyType));
      return { coordinators };
    }
    const { errorMessage, ...coordinator } = await coordinatorOf(context, request.key, keyType);
    // Up to version 3 the message is null when there is nothing to say.
    return { ...coordinator, errorMessage: errorMessage === "" ? null : (errorMessage ?? null) };
  },
});

async function coordinatorOf(
  context: RequestContext,
  key: string,
  keyType: number,
): Promise<Coordinator> {
  // Neither transactions nor share groups have a coordinator here yet; no retry would find one.
  if (keyType !== GROUP_KEY_TYPE) return unknownCoordinator(key, ErrorCode.INVALID_REQUEST);
  const { controller, groups, config, addresses, partitions } = context.services;
  const topic = controller.image.topicsByName.get(OFFSETS_TOPIC);
  if (!topic) {
    await createOffsetsTopic(context.services);
    return unknownCoordinator(key, ErrorCode.COORDINATOR_NOT_AVAILABLE);
  }
  const shard = groups.partitionFor(key);
  // On a log directory that is offline nothing can be committed, and nobody else has the shard.
  if (partitions.get(OFFSETS_TOPIC, shard)?.log.online === false)
    return unknownCoordinator(key, ErrorCode.COORDINATOR_NOT_AVAILABLE);
  const nodeId = topic.partitions[shard]?.leader ?? -1;
  if (nodeId === config.nodeId) {
    return {
      key,
      nodeId,
      ...addresses.addressFor(context.connection),
      errorCode: ErrorCode.NONE,
      errorMessage: "",
    };
  }
  const endpoint = controller.image.brokers
    .get(nodeId)
    ?.endpoints.find(({ listenerName }) => listenerName === context.connection.listenerName);
  if (!endpoint) return unknownCoordinator(key, ErrorCode.COORDINATOR_NOT_AVAILABLE);
  const { host, port } = endpoint;
  return { key, nodeId, host, port, errorCode: ErrorCode.NONE, errorMessage: "" };
}

function unknownCoordinator(key: string, errorCode: number): Coordinator {
  return { key, ...NOWHERE, errorCode, errorMessage: errorInfo(errorCode).message };
}
