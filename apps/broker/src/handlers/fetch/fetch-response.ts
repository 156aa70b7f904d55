import { ErrorCode, type FetchResponse, type MessageInput } from "@ottla/protocol";
import type { RequestContext } from "../../request/request-context.ts";
import type { FetchedPartition } from "./fetch-reader.ts";
import type { SessionUse } from "./fetch-session-use.ts";

type PartitionData = NonNullable<
  NonNullable<MessageInput<FetchResponse>["responses"]>[number]["partitions"]
>[number];

/** A failure of the request as a whole; only versions with sessions can carry it. */
export function sessionError(errorCode: number): MessageInput<FetchResponse> {
  return { errorCode, sessionId: 0, responses: [] };
}

/** Builds the answer, and remembers in the session what the client has now been told. */
export function fetchResponseBody(options: {
  readonly context: RequestContext;
  readonly use: SessionUse;
  readonly fetched: readonly FetchedPartition[];
}): MessageInput<FetchResponse> {
  const { use, fetched, context } = options;
  const responses: { topic: string; topicId: string; partitions: PartitionData[] }[] = [];
  let leaderMoved = false;
  for (const one of fetched) {
    const { target } = one;
    if (use.incremental && !hasNews(one)) continue;
    remember(use, one);
    leaderMoved ||= isLeaderError(one.errorCode);
    let topic = responses.at(-1);
    if (!topic || topic.topic !== (target.topic ?? "") || topic.topicId !== target.topicId) {
      topic = { topic: target.topic ?? "", topicId: target.topicId, partitions: [] };
      responses.push(topic);
    }
    topic.partitions.push(partitionData(one));
  }
  return {
    errorCode: ErrorCode.NONE,
    sessionId: use.sessionId,
    responses,
    nodeEndpoints: leaderMoved ? [nodeEndpoint(context)] : [],
  };
}

function hasNews(one: FetchedPartition): boolean {
  const { target } = one;
  return (
    one.sizeBytes > 0 ||
    one.errorCode !== ErrorCode.NONE ||
    one.diverging !== undefined ||
    target.sentError ||
    one.highWatermark !== target.sentHighWatermark ||
    one.logStartOffset !== target.sentLogStartOffset
  );
}

function remember(use: SessionUse, one: FetchedPartition): void {
  const { target } = one;
  target.sentHighWatermark = one.highWatermark;
  target.sentLogStartOffset = one.logStartOffset;
  target.sentError = one.errorCode !== ErrorCode.NONE || one.diverging !== undefined;
  if (one.sizeBytes > 0) use.session?.moveToEnd(target);
}

function isLeaderError(errorCode: number): boolean {
  return (
    errorCode === ErrorCode.NOT_LEADER_OR_FOLLOWER || errorCode === ErrorCode.FENCED_LEADER_EPOCH
  );
}

function partitionData(one: FetchedPartition): PartitionData {
  const { partition } = one;
  return {
    partitionIndex: one.target.partition,
    errorCode: one.errorCode,
    highWatermark: BigInt(one.highWatermark),
    lastStableOffset: BigInt(one.lastStableOffset),
    logStartOffset: BigInt(one.logStartOffset),
    abortedTransactions:
      one.abortedTransactions?.map(({ producerId, firstOffset }) => ({
        producerId,
        firstOffset: BigInt(firstOffset),
      })) ?? null,
    records: one.slices,
    ...(one.diverging
      ? {
          divergingEpoch: {
            epoch: one.diverging.epoch,
            endOffset: BigInt(one.diverging.endOffset),
          },
        }
      : {}),
    ...(partition && isLeaderError(one.errorCode)
      ? { currentLeader: { leaderId: partition.leader, leaderEpoch: partition.leaderEpoch } }
      : {}),
  };
}

function nodeEndpoint(context: RequestContext) {
  const { host, port } = context.services.addresses.addressFor(context.connection);
  return { nodeId: context.services.config.nodeId, host, port, rack: null };
}
