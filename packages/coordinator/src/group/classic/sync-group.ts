import {
  ErrorCode,
  type MessageInput,
  type SyncGroupRequest,
  type SyncGroupResponse,
} from "@ottla/protocol";
import type { Effects } from "../../runtime/effects.ts";
import type { GroupState } from "../group-state.ts";
import type { ClassicGroup } from "./classic-group.ts";
import { NO_ASSIGNMENT, type ClassicMember, type SyncReply } from "./classic-member.ts";
import { persistGroup, prepareRebalance, refreshSession } from "./rebalance.ts";
import { outcomeOf } from "./transition-table.ts";

/** A SyncGroup request whose assignments are copied out of its frame. */
export interface Sync {
  readonly groupId: string;
  readonly generationId: number;
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly protocolType: string | null;
  readonly protocolName: string | null;
  readonly assignments: ReadonlyMap<string, Uint8Array>;
}

export function syncOf(request: SyncGroupRequest): Sync {
  return {
    groupId: request.groupId,
    generationId: request.generationId,
    memberId: request.memberId,
    groupInstanceId: request.groupInstanceId,
    protocolType: request.protocolType,
    protocolName: request.protocolName,
    assignments: new Map(
      request.assignments.map(({ memberId, assignment }) => [memberId, new Uint8Array(assignment)]),
    ),
  };
}

export function syncGroup(state: GroupState, effects: Effects, sync: Sync, reply: SyncReply): void {
  const group = state.groups.get(sync.groupId);
  const errorCode = group ? validate(group, sync) : ErrorCode.UNKNOWN_MEMBER_ID;
  if (!group || errorCode !== 0) {
    effects.fail(reply, errorCode);
    return;
  }
  const member = group.member(sync.memberId);
  const event = group.isLeader(sync.memberId) ? "leaderSync" : "followerSync";
  const outcome = outcomeOf(group.state, event);
  switch (outcome) {
    case "awaitAssignment":
      park(group, member, reply);
      return;
    case "storeAssignment":
      park(group, member, reply);
      storeAssignment(state, effects, group, sync.assignments);
      return;
    case "returnAssignment":
      group.membersYetToSync.delete(member.memberId);
      // The record that holds the assignment may still be on its way.
      effects.sendWhenCommitted(reply, assignedResponse(group, member));
      return;
    default:
      effects.fail(reply, outcome.refuse);
  }
}

function validate(group: ClassicGroup, sync: Sync): number {
  if (group.state === "Dead") return ErrorCode.COORDINATOR_NOT_AVAILABLE;
  const errorCode = group.validateMember(sync.memberId, sync.groupInstanceId);
  if (errorCode !== 0) return errorCode;
  if (sync.generationId !== group.generationId) return ErrorCode.ILLEGAL_GENERATION;
  const isConsistent =
    agrees(sync.protocolType, group.protocolType) && agrees(sync.protocolName, group.protocolName);
  return isConsistent ? ErrorCode.NONE : ErrorCode.INCONSISTENT_GROUP_PROTOCOL;
}

/** Versions before 5 do not say, and then nothing is checked. */
function agrees(said: string | null, actual: string | null): boolean {
  return said === null || actual === null || said === actual;
}

function park(group: ClassicGroup, member: ClassicMember, reply: SyncReply): void {
  // A second sync of one member means that its client has given up on the first.
  member.syncReply?.fail(ErrorCode.REBALANCE_IN_PROGRESS);
  member.syncReply = reply;
  group.membersYetToSync.delete(member.memberId);
}

/**
 * The leader has decided. The assignment is in force at once, but nobody hears of it before the
 * record is committed: a restart must not forget what a member was told.
 */
function storeAssignment(
  state: GroupState,
  effects: Effects,
  group: ClassicGroup,
  assignments: ReadonlyMap<string, Uint8Array>,
): void {
  for (const member of group.members.values()) {
    member.assignment = assignments.get(member.memberId) ?? NO_ASSIGNMENT;
  }
  if (!persistGroup(state, effects, group)) {
    answerSyncs(state, group, (_, reply) => effects.fail(reply, ErrorCode.UNKNOWN_SERVER_ERROR));
    prepareRebalance(state, effects, group);
    return;
  }
  group.transitionTo("Stable");
  answerSyncs(state, group, (member, reply) =>
    effects.send(reply, assignedResponse(group, member)),
  );
}

function answerSyncs(
  state: GroupState,
  group: ClassicGroup,
  answer: (member: ClassicMember, reply: SyncReply) => void,
): void {
  for (const member of group.members.values()) {
    const reply = member.syncReply;
    if (!reply) continue;
    member.syncReply = null;
    answer(member, reply);
    // While it was parked its session did not count.
    refreshSession(state, group, member);
  }
}

function assignedResponse(
  group: ClassicGroup,
  member: ClassicMember,
): MessageInput<SyncGroupResponse> {
  return {
    protocolType: group.protocolType,
    protocolName: group.protocolName,
    assignment: member.assignment,
  };
}
