import {
  ErrorCode,
  ZERO_UUID,
  type MessageInput,
  type OffsetFetchRequest,
  type OffsetFetchResponse,
} from "@ottla/protocol";
import type { TopicsView } from "./group-config.ts";
import type { GroupState } from "./group-state.ts";
import type { CommittedOffset, OffsetPosition } from "./offset-store.ts";

/** From here on one request asks for several groups. */
const FIRST_VERSION_WITH_GROUPS = 8;
/** From here on topics are named by id. */
const FIRST_VERSION_WITH_TOPIC_IDS = 10;
/** From here on an error can be said once for the group. */
const FIRST_VERSION_WITH_GROUP_ERROR = 2;
const NO_OFFSET = -1n;
const NO_LEADER_EPOCH = -1;

type RequestGroup = OffsetFetchRequest["groups"][number];
export type FetchedGroup = NonNullable<MessageInput<OffsetFetchResponse>["groups"]>[number];
type FetchedTopic = NonNullable<FetchedGroup["topics"]>[number];
type FetchedPartition = NonNullable<FetchedTopic["partitions"]>[number];

export interface FetchOptions {
  readonly apiVersion: number;
  readonly requireStable: boolean;
  readonly topics: TopicsView;
}

/** The groups that a request asks for, in the form of the newest versions. */
export function groupsOf(request: OffsetFetchRequest, apiVersion: number): readonly RequestGroup[] {
  if (apiVersion >= FIRST_VERSION_WITH_GROUPS) return request.groups;
  const topics = request.topics?.map((topic) => ({ ...topic, topicId: ZERO_UUID })) ?? null;
  return [{ groupId: request.groupId, memberId: null, memberEpoch: -1, topics }];
}

export function fetchOffsets(
  state: GroupState,
  group: RequestGroup,
  options: FetchOptions,
): FetchedGroup {
  const topics =
    group.topics === null
      ? allTopics(state, group.groupId, options)
      : askedTopics(state, group, options);
  return { groupId: group.groupId, topics };
}

function askedTopics(
  state: GroupState,
  group: RequestGroup,
  options: FetchOptions,
): FetchedTopic[] {
  return (group.topics ?? []).map((asked) => {
    const byId = options.apiVersion >= FIRST_VERSION_WITH_TOPIC_IDS;
    const topic = byId ? options.topics.topicName(asked.topicId) : asked.name;
    const partitions = asked.partitionIndexes.map((partition) => {
      if (topic === undefined) return withoutOffset(partition, ErrorCode.UNKNOWN_TOPIC_ID);
      return fetchedPartition(state, { groupId: group.groupId, topic, partition }, options);
    });
    return { name: asked.name, topicId: asked.topicId, partitions };
  });
}

/** Everything that the group has committed; topics whose id is gone cannot be named in version 10. */
function allTopics(state: GroupState, groupId: string, options: FetchOptions): FetchedTopic[] {
  const byId = options.apiVersion >= FIRST_VERSION_WITH_TOPIC_IDS;
  const fetched: FetchedTopic[] = [];
  for (const [topic, partitions] of state.offsets.topics(groupId)) {
    const topicId = options.topics.topicId(topic);
    if (byId && topicId === undefined) continue;
    fetched.push({
      name: topic,
      topicId: topicId ?? ZERO_UUID,
      partitions: [...partitions.keys()].map((partition) =>
        fetchedPartition(state, { groupId, topic, partition }, options),
      ),
    });
  }
  return fetched;
}

function fetchedPartition(
  state: GroupState,
  position: OffsetPosition,
  options: FetchOptions,
): FetchedPartition {
  if (options.requireStable && state.offsets.isUnstable(position)) {
    return withoutOffset(position.partition, ErrorCode.UNSTABLE_OFFSET_COMMIT);
  }
  const committed = state.offsets.get(position);
  // Never committed is an answer, not an error.
  return committed
    ? withOffset(position.partition, committed)
    : withoutOffset(position.partition, ErrorCode.NONE);
}

function withOffset(partitionIndex: number, committed: CommittedOffset): FetchedPartition {
  return {
    partitionIndex,
    committedOffset: committed.offset,
    committedLeaderEpoch: committed.leaderEpoch,
    metadata: committed.metadata,
    errorCode: ErrorCode.NONE,
  };
}

function withoutOffset(partitionIndex: number, errorCode: number): FetchedPartition {
  return {
    partitionIndex,
    committedOffset: NO_OFFSET,
    committedLeaderEpoch: NO_LEADER_EPOCH,
    metadata: "",
    errorCode,
  };
}

export function fetchError(group: RequestGroup, errorCode: number): FetchedGroup {
  return { groupId: group.groupId, topics: [], errorCode };
}

/** Puts the groups into the form of the version: up to 7 there is one, and its fields are the body's. */
export function fetchResponse(
  request: OffsetFetchRequest,
  groups: readonly FetchedGroup[],
  apiVersion: number,
): MessageInput<OffsetFetchResponse> {
  if (apiVersion >= FIRST_VERSION_WITH_GROUPS) return { groups };
  const group = groups[0]!;
  const errorCode = group.errorCode ?? ErrorCode.NONE;
  if (errorCode === ErrorCode.NONE || apiVersion >= FIRST_VERSION_WITH_GROUP_ERROR) {
    return { topics: group.topics ?? [], errorCode };
  }
  // Version 1 can only say it per partition.
  const topics = (request.topics ?? []).map(({ name, partitionIndexes }) => ({
    name,
    partitions: partitionIndexes.map((partition) => withoutOffset(partition, errorCode)),
  }));
  return { topics };
}
