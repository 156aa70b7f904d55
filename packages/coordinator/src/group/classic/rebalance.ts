import { ErrorCode } from "@ottla/protocol";
import { recordSizeBytes, type Effects } from "../../runtime/effects.ts";
import { groupRecord } from "../group-records.ts";
import type { GroupState } from "../group-state.ts";
import type { ClassicGroup } from "./classic-group.ts";
import { NO_ASSIGNMENT, type ClassicMember } from "./classic-member.ts";
import { joinedResponse } from "./join-response.ts";
import { outcomeOf } from "./transition-table.ts";

/*
 * The phases of a rebalance and everything that time does to a group:
 *   prepareRebalance ─▶ (all joined | rebalance timeout) ─▶ completeJoin ─▶ leader's SyncGroup
 */

/**
 * How long a member may wait for its first generation. It cannot send heartbeats before, and a
 * client that retried meanwhile left a ghost behind.
 */
export const NEW_MEMBER_JOIN_TIMEOUT_MS = 5 * 60 * 1_000;

const canRebalance = (group: ClassicGroup): boolean =>
  group.state === "Empty" || group.state === "Stable" || group.state === "CompletingRebalance";

/** Starts a rebalance where none is running, else ends the join phase if everyone is there. */
export function rebalanceOrCompleteJoin(
  state: GroupState,
  effects: Effects,
  group: ClassicGroup,
): void {
  if (canRebalance(group)) prepareRebalance(state, effects, group);
  else completeJoinAfterInitialDelay(state, effects, group);
}

export function prepareRebalance(state: GroupState, effects: Effects, group: ClassicGroup): void {
  if (group.state === "CompletingRebalance") refuseParkedSyncs(state, effects, group);
  group.membersYetToSync.clear();
  group.syncTimer.cancel();
  const isInitial = group.state === "Empty";
  group.transitionTo("PreparingRebalance");
  if (isInitial) {
    group.hasNewMember = false;
    const { initialRebalanceDelayMs } = state.config;
    const leftMs = Math.max(group.rebalanceTimeoutMs - initialRebalanceDelayMs, 0);
    scheduleInitialJoin(state, group, initialRebalanceDelayMs, leftMs);
  } else if (group.haveAllJoined) {
    completeJoin(state, effects, group);
  } else {
    scheduleJoinTimeout(state, group);
  }
}

/** During the initial delay of a new group more members are expected, so it runs to its end. */
export function completeJoinAfterInitialDelay(
  state: GroupState,
  effects: Effects,
  group: ClassicGroup,
): void {
  const isInitial = group.previousState === "Empty";
  if (group.state === "PreparingRebalance" && !isInitial && group.haveAllJoined) {
    completeJoin(state, effects, group);
  }
}

function completeJoinIfAllJoined(state: GroupState, effects: Effects, group: ClassicGroup): void {
  if (group.haveAllJoined) completeJoin(state, effects, group);
}

/** A new group waits for more members, again and again while some come, up to the rebalance timeout. */
function scheduleInitialJoin(
  state: GroupState,
  group: ClassicGroup,
  delayMs: number,
  leftMs: number,
): void {
  group.joinTimer.schedule(delayMs, () =>
    state.context.run((effects) => {
      if (outcomeOf(group.state, "joinTimeout") === "nothing") return;
      if (!group.hasNewMember || leftMs === 0) {
        completeJoin(state, effects, group);
        return;
      }
      group.hasNewMember = false;
      const nextDelayMs = Math.min(state.config.initialRebalanceDelayMs, leftMs);
      scheduleInitialJoin(state, group, nextDelayMs, Math.max(leftMs - delayMs, 0));
    }),
  );
}

function scheduleJoinTimeout(state: GroupState, group: ClassicGroup): void {
  group.joinTimer.schedule(group.rebalanceTimeoutMs, () =>
    state.context.run((effects) => {
      if (outcomeOf(group.state, "joinTimeout") === "completeJoin")
        completeJoin(state, effects, group);
    }),
  );
}

/**
 * Ends the join phase: drops dynamic members that did not join again, chooses leader and protocol,
 * and answers the joins of the new generation. Static members stay until their session ends.
 */
function completeJoin(state: GroupState, effects: Effects, group: ClassicGroup): void {
  group.joinTimer.cancel();
  for (const member of group.members.values()) {
    if (member.joinReply === null && !member.isStatic) group.remove(member.memberId);
  }
  if (group.members.size > 0 && !group.electLeader()) {
    // Only absent static members are left: wait until they come or their sessions end.
    scheduleJoinTimeout(state, group);
    return;
  }
  group.startGeneration();
  if (group.members.size === 0) {
    effects.append(groupRecord(group));
    return;
  }
  for (const member of group.members.values()) {
    const reply = member.joinReply;
    member.joinReply = null;
    member.isNew = false;
    if (reply) effects.send(reply, joinedResponse(group, member));
    refreshSession(state, group, member);
    group.membersYetToSync.add(member.memberId);
  }
  scheduleSyncTimeout(state, group);
}

/** Members that never ask for their assignment must not hold up the group for ever. */
function scheduleSyncTimeout(state: GroupState, group: ClassicGroup): void {
  const { generationId } = group;
  group.syncTimer.schedule(group.rebalanceTimeoutMs, () =>
    state.context.run((effects) => {
      if (generationId !== group.generationId || group.membersYetToSync.size === 0) return;
      if (outcomeOf(group.state, "syncTimeout") === "nothing") return;
      for (const memberId of group.membersYetToSync) {
        dismissParked(effects, group.member(memberId));
        group.remove(memberId);
      }
      prepareRebalance(state, effects, group);
    }),
  );
}

function refuseParkedSyncs(state: GroupState, effects: Effects, group: ClassicGroup): void {
  for (const member of group.members.values()) {
    member.assignment = NO_ASSIGNMENT;
    const reply = member.syncReply;
    member.syncReply = null;
    if (!reply) continue;
    effects.fail(reply, ErrorCode.REBALANCE_IN_PROGRESS);
    refreshSession(state, group, member);
  }
}

/** Answers what a member that goes has parked: it may come back as a new one. */
function dismissParked(effects: Effects, member: ClassicMember): void {
  if (member.joinReply) effects.fail(member.joinReply, ErrorCode.UNKNOWN_MEMBER_ID);
  if (member.syncReply) effects.fail(member.syncReply, ErrorCode.UNKNOWN_MEMBER_ID);
  member.joinReply = null;
  member.syncReply = null;
}

/** Takes a member out; the caller then lets the group react. */
export function dismissMember(effects: Effects, group: ClassicGroup, memberId: string): void {
  dismissParked(effects, group.member(memberId));
  group.remove(memberId);
}

export function refreshSession(
  state: GroupState,
  group: ClassicGroup,
  member: ClassicMember,
  timeoutMs: number = member.sessionTimeoutMs,
): void {
  member.session.schedule(timeoutMs, () =>
    state.context.run((effects) => expireSession(state, effects, group, member)),
  );
}

function expireSession(
  state: GroupState,
  effects: Effects,
  group: ClassicGroup,
  member: ClassicMember,
): void {
  if (member.isExcusedFromHeartbeats) return;
  state.logger.info("removing a group member, its session timed out", {
    groupId: group.groupId,
    memberId: member.memberId,
  });
  dismissMember(effects, group, member.memberId);
  const outcome = outcomeOf(group.state, "memberRemoved");
  if (outcome === "rebalance") prepareRebalance(state, effects, group);
  else if (outcome === "completeWhenAllJoined") completeJoinIfAllJoined(state, effects, group);
}

/** Gives out an id and waits for a session timeout that its owner joins with it. */
export function addPendingMember(
  state: GroupState,
  group: ClassicGroup,
  memberId: string,
  sessionTimeoutMs: number,
): void {
  group
    .addPending(memberId)
    .schedule(sessionTimeoutMs, () =>
      state.context.run((effects) => removePendingMember(state, effects, group, memberId)),
    );
}

export function removePendingMember(
  state: GroupState,
  effects: Effects,
  group: ClassicGroup,
  memberId: string,
): void {
  group.removePending(memberId);
  if (outcomeOf(group.state, "pendingMemberRemoved") === "completeWhenAllJoined") {
    completeJoinIfAllJoined(state, effects, group);
  }
  forgetUnusedGroup(state, group);
}

/** A group that nobody entered and no record tells of leaves nothing behind. */
export function forgetUnusedGroup(state: GroupState, group: ClassicGroup): void {
  const isUnused =
    group.state === "Empty" &&
    group.protocolType === null &&
    group.pendingMembers.size === 0 &&
    !state.offsets.has(group.groupId) &&
    !state.offsets.hasOpenTransaction(group.groupId);
  if (isUnused && state.groups.get(group.groupId) === group) state.groups.delete(group.groupId);
}

/** Writes the group down; false when it is larger than a batch may be. */
export function persistGroup(state: GroupState, effects: Effects, group: ClassicGroup): boolean {
  const record = groupRecord(group);
  if (recordSizeBytes(record) > state.config.maxBatchBytes) {
    state.logger.warn("a group's metadata is larger than the offsets topic takes", {
      groupId: group.groupId,
      members: group.members.size,
      sizeBytes: recordSizeBytes(record),
    });
    return false;
  }
  effects.append(record);
  return true;
}
