import { ErrorCode, type JoinGroupRequest } from "@ottla/protocol";
import type { Effects } from "../../runtime/effects.ts";
import type { ClientContext } from "../group-config.ts";
import type { GroupState } from "../group-state.ts";
import { ClassicGroup } from "./classic-group.ts";
import {
  ClassicMember,
  NO_ASSIGNMENT,
  protocolsOf,
  type JoinReply,
  type MemberProtocols,
} from "./classic-member.ts";
import { joinError, joinedResponse } from "./join-response.ts";
import { newMemberId } from "./member-id.ts";
import {
  NEW_MEMBER_JOIN_TIMEOUT_MS,
  addPendingMember,
  completeJoinAfterInitialDelay,
  forgetUnusedGroup,
  rebalanceOrCompleteJoin,
  refreshSession,
} from "./rebalance.ts";
import { replaceStaticMember } from "./static-member.ts";
import { outcomeOf } from "./transition-table.ts";

/** KIP-394: from here on a member must come back with the id it is given before it counts. */
const FIRST_VERSION_WITH_MEMBER_ID_REQUIRED = 4;
const UNKNOWN_MEMBER_ID = "";

/** A JoinGroup request in the form that does not depend on its version. */
export interface Join {
  readonly apiVersion: number;
  readonly client: ClientContext;
  readonly groupId: string;
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
  readonly protocolType: string;
  readonly protocols: MemberProtocols;
}

export function joinOf(request: JoinGroupRequest, apiVersion: number, client: ClientContext): Join {
  const { sessionTimeoutMs, rebalanceTimeoutMs } = request;
  return {
    apiVersion,
    client,
    groupId: request.groupId,
    memberId: request.memberId,
    groupInstanceId: request.groupInstanceId,
    sessionTimeoutMs,
    // Version 0 has one timeout for both.
    rebalanceTimeoutMs: rebalanceTimeoutMs < 0 ? sessionTimeoutMs : rebalanceTimeoutMs,
    protocolType: request.protocolType,
    protocols: protocolsOf(request.protocols),
  };
}

export function joinGroup(state: GroupState, effects: Effects, join: Join, reply: JoinReply): void {
  let group = state.groups.get(join.groupId);
  const isUnknown = join.memberId === UNKNOWN_MEMBER_ID;
  if (!group) {
    if (!isUnknown) {
      refuse(effects, join, reply, ErrorCode.UNKNOWN_MEMBER_ID, join.memberId);
      return;
    }
    group = new ClassicGroup(join.groupId, state.clock);
    state.groups.set(join.groupId, group);
  }
  if (!hasRoomFor(state, group, join.memberId)) {
    refuse(effects, join, reply, ErrorCode.GROUP_MAX_SIZE_REACHED, UNKNOWN_MEMBER_ID);
    removeSurplus(state, effects, group, join.memberId);
  } else if (!group.supports(join.protocolType, join.protocols.keys())) {
    refuse(effects, join, reply, ErrorCode.INCONSISTENT_GROUP_PROTOCOL, join.memberId);
  } else if (isUnknown) {
    joinWithoutId(state, effects, group, join, reply);
  } else {
    joinWithId(state, effects, group, join, reply);
  }
  forgetUnusedGroup(state, group);
}

/**
 * While a group prepares a rebalance the members that are back count, so that a group which is above
 * a lowered limit sheds those who come last; in other states the members count.
 */
function hasRoomFor(state: GroupState, group: ClassicGroup, memberId: string): boolean {
  const member = group.members.get(memberId);
  const { maxSize } = state.config;
  if (group.state === "Empty" || group.state === "Dead") return true;
  if (group.state === "PreparingRebalance") {
    return (member !== undefined && member.joinReply !== null) || group.awaitingJoinCount < maxSize;
  }
  return member !== undefined || group.members.size < maxSize;
}

function removeSurplus(
  state: GroupState,
  effects: Effects,
  group: ClassicGroup,
  memberId: string,
): void {
  group.removePending(memberId);
  if (group.members.has(memberId)) group.remove(memberId);
  completeJoinAfterInitialDelay(state, effects, group);
}

function joinWithoutId(
  state: GroupState,
  effects: Effects,
  group: ClassicGroup,
  join: Join,
  reply: JoinReply,
): void {
  const outcome = outcomeOf(group.state, "newMember");
  if (outcome !== "addMember") {
    refuse(effects, join, reply, outcome.refuse, UNKNOWN_MEMBER_ID);
    return;
  }
  const { groupInstanceId } = join;
  const memberId = newMemberId(groupInstanceId ?? join.client.clientId ?? "", state.random);
  if (groupInstanceId !== null) {
    const oldMemberId = group.staticMemberId(groupInstanceId);
    if (oldMemberId === undefined) addMember(state, effects, group, join, memberId, reply);
    else
      replaceStaticMember(
        state,
        effects,
        group,
        { join, oldMemberId, newMemberId: memberId },
        reply,
      );
  } else if (join.apiVersion >= FIRST_VERSION_WITH_MEMBER_ID_REQUIRED) {
    addPendingMember(state, group, memberId, join.sessionTimeoutMs);
    refuse(effects, join, reply, ErrorCode.MEMBER_ID_REQUIRED, memberId);
  } else {
    addMember(state, effects, group, join, memberId, reply);
  }
}

function joinWithId(
  state: GroupState,
  effects: Effects,
  group: ClassicGroup,
  join: Join,
  reply: JoinReply,
): void {
  const { memberId, groupInstanceId } = join;
  if (group.pendingMembers.has(memberId) && groupInstanceId === null) {
    const outcome = outcomeOf(group.state, "newMember");
    if (outcome === "addMember") addMember(state, effects, group, join, memberId, reply);
    else refuse(effects, join, reply, outcome.refuse, memberId);
    return;
  }
  const errorCode = group.validateMember(memberId, groupInstanceId);
  if (errorCode !== 0) {
    refuse(effects, join, reply, errorCode, memberId);
    return;
  }
  const member = group.member(memberId);
  const outcome = outcomeOf(group.state, rejoinEvent(group, member, join));
  if (outcome === "awaitGeneration") {
    group.update(member, join.protocols);
    member.sessionTimeoutMs = join.sessionTimeoutMs;
    member.rebalanceTimeoutMs = join.rebalanceTimeoutMs;
    group.park(member, reply);
    rebalanceOrCompleteJoin(state, effects, group);
  } else if (outcome === "returnGeneration") {
    effects.send(reply, joinedResponse(group, member));
  } else {
    refuse(effects, join, reply, outcome.refuse, memberId);
  }
}

function rejoinEvent(
  group: ClassicGroup,
  member: ClassicMember,
  join: Join,
): "sameMember" | "changedMember" | "sameLeader" {
  if (!member.hasProtocols(join.protocols)) return "changedMember";
  return group.isLeader(member.memberId) ? "sameLeader" : "sameMember";
}

function addMember(
  state: GroupState,
  effects: Effects,
  group: ClassicGroup,
  join: Join,
  memberId: string,
  reply: JoinReply,
): void {
  const description = {
    memberId,
    groupInstanceId: join.groupInstanceId,
    clientId: join.client.clientId ?? "",
    clientHost: join.client.clientHost,
    sessionTimeoutMs: join.sessionTimeoutMs,
    rebalanceTimeoutMs: join.rebalanceTimeoutMs,
    protocols: join.protocols,
    assignment: NO_ASSIGNMENT,
  };
  const member = new ClassicMember(description, state.clock);
  member.isNew = true;
  if (group.state === "PreparingRebalance" && group.previousState === "Empty")
    group.hasNewMember = true;
  group.add(member, join.protocolType);
  group.park(member, reply);
  refreshSession(state, group, member, NEW_MEMBER_JOIN_TIMEOUT_MS);
  rebalanceOrCompleteJoin(state, effects, group);
}

function refuse(
  effects: Effects,
  join: Join,
  reply: JoinReply,
  errorCode: number,
  memberId: string,
): void {
  effects.send(reply, joinError(errorCode, memberId, join.apiVersion));
}
