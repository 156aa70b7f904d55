import {
  ErrorCode,
  type MessageInput,
  type OffsetDeleteRequest,
  type OffsetDeleteResponse,
} from "@ottla/protocol";
import type { Effects } from "../runtime/effects.ts";
import type { Reply } from "../runtime/reply.ts";
import { CONSUMER_PROTOCOL_TYPE } from "./classic/subscription.ts";
import { outcomeOf } from "./classic/transition-table.ts";
import type { TopicsView } from "./group-config.ts";
import { groupTombstone, offsetTombstone } from "./group-records.ts";
import type { GroupState } from "./group-state.ts";
import type { CommittedOffset, OffsetPosition } from "./offset-store.ts";

export type OffsetDeleteReply = Reply<MessageInput<OffsetDeleteResponse>>;

/** Removes an offset from memory and log together. */
function deleteOffset(state: GroupState, effects: Effects, position: OffsetPosition): void {
  state.offsets.delete(position);
  effects.append(offsetTombstone(position));
}

/** OffsetDelete: the offsets of topics that no member subscribes to. */
export function deleteOffsets(
  state: GroupState,
  effects: Effects,
  request: OffsetDeleteRequest,
  view: TopicsView,
  reply: OffsetDeleteReply,
): void {
  const group = state.groups.get(request.groupId);
  const outcome = group
    ? outcomeOf(group.state, "deleteOffsets")
    : { refuse: ErrorCode.GROUP_ID_NOT_FOUND };
  if (!group || typeof outcome === "object") {
    effects.fail(
      reply,
      typeof outcome === "object" ? outcome.refuse : ErrorCode.GROUP_ID_NOT_FOUND,
    );
    return;
  }
  const hasMembers = outcome === "deleteUnsubscribed";
  if (hasMembers && group.protocolType !== CONSUMER_PROTOCOL_TYPE) {
    effects.fail(reply, ErrorCode.NON_EMPTY_GROUP);
    return;
  }
  const topics = request.topics.map(({ name, partitions }) => {
    const count = view.partitionCount(name) ?? 0;
    const isSubscribed = hasMembers && group.isSubscribedTo(name);
    return {
      name,
      partitions: partitions.map(({ partitionIndex }) => {
        if (partitionIndex < 0 || partitionIndex >= count) {
          return { partitionIndex, errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION };
        }
        if (isSubscribed) return { partitionIndex, errorCode: ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC };
        const position = { groupId: group.groupId, topic: name, partition: partitionIndex };
        const exists =
          state.offsets.get(position) !== undefined || state.offsets.isUnstable(position);
        if (exists) deleteOffset(state, effects, position);
        return { partitionIndex, errorCode: ErrorCode.NONE };
      }),
    };
  });
  effects.sendWhenCommitted(reply, { topics });
}

/** DeleteGroups, for one group: 0, or why not. */
export function deleteGroup(state: GroupState, effects: Effects, groupId: string): number {
  const group = state.groups.get(groupId);
  if (!group) return ErrorCode.GROUP_ID_NOT_FOUND;
  const outcome = outcomeOf(group.state, "deleteGroup");
  if (outcome !== "delete") return outcome.refuse;
  for (const [topic, partitions] of state.offsets.topics(groupId)) {
    for (const partition of partitions.keys())
      deleteOffset(state, effects, { groupId, topic, partition });
  }
  group.cancelTimers();
  group.transitionTo("Dead");
  state.groups.delete(groupId);
  effects.append(groupTombstone(groupId));
  return ErrorCode.NONE;
}

/** Offsets of topics that are gone: a topic of the same name later is another one. */
export function deleteOffsetsOfTopics(
  state: GroupState,
  effects: Effects,
  topics: ReadonlySet<string>,
): void {
  for (const groupId of state.offsets.groupIds) {
    for (const [topic, partitions] of state.offsets.topics(groupId)) {
      if (!topics.has(topic)) continue;
      for (const partition of partitions.keys())
        deleteOffset(state, effects, { groupId, topic, partition });
    }
  }
}

/** Expires offsets, then removes empty groups that have none left. */
export function expireOffsets(state: GroupState, effects: Effects): void {
  const nowMs = state.clock.nowMs();
  for (const group of state.groups.values()) {
    const isExpired = expiryOf(state, group.groupId, nowMs);
    for (const [topic, partitions] of isExpired ? state.offsets.topics(group.groupId) : []) {
      if (group.state !== "Empty" && group.isSubscribedTo(topic)) continue;
      for (const [partition, committed] of partitions) {
        const position = { groupId: group.groupId, topic, partition };
        if (isExpired?.(committed) && !state.offsets.isUnstable(position))
          deleteOffset(state, effects, position);
      }
    }
    const isUnused =
      group.state === "Empty" &&
      group.pendingMembers.size === 0 &&
      !state.offsets.has(group.groupId) &&
      !state.offsets.hasOpenTransaction(group.groupId);
    if (isUnused) deleteGroup(state, effects, group.groupId);
  }
}

/*
 * From when an offset's retention counts:
 *   no protocol type (offsets only)      its commit
 *   Empty                                the moment the group became Empty (or its commit, if unknown)
 *   Stable consumers, topics known       its commit, for topics that nobody subscribes to any more
 *   else                                 never
 * A retention that an old client asked for goes before all of these.
 */
function expiryOf(
  state: GroupState,
  groupId: string,
  nowMs: number,
): ((committed: CommittedOffset) => boolean) | undefined {
  const group = state.groups.get(groupId);
  if (!group) return undefined;
  const isEmptied =
    group.protocolType !== null && group.state === "Empty" && group.stateTimestampMs >= 0;
  const isWatched = group.state === "Stable" && group.subscribedTopics !== null;
  if (group.state !== "Empty" && !isWatched) return undefined;
  return (committed) => {
    if (committed.expireTimestampMs !== null) return nowMs >= committed.expireTimestampMs;
    const sinceMs = isEmptied ? group.stateTimestampMs : committed.commitTimestampMs;
    return nowMs - sinceMs >= state.config.offsetsRetentionMs;
  };
}
