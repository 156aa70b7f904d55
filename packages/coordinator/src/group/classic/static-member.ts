import { ErrorCode } from "@ottla/protocol";
import { invariant } from "@ottla/runtime";
import type { Effects } from "../../runtime/effects.ts";
import type { GroupState } from "../group-state.ts";
import type { ClassicGroup } from "./classic-group.ts";
import { ClassicMember, type JoinReply } from "./classic-member.ts";
import type { Join } from "./join-group.ts";
import { joinedMembers, joinError, joinedResponse } from "./join-response.ts";
import {
  completeJoinAfterInitialDelay,
  persistGroup,
  prepareRebalance,
  refreshSession,
} from "./rebalance.ts";
import { outcomeOf } from "./transition-table.ts";

/** KIP-814: a leader that came back can be told that it has nothing to assign. */
const FIRST_VERSION_WITH_SKIP_ASSIGNMENT = 9;

interface Replacement {
  readonly join: Join;
  readonly oldMemberId: string;
  readonly newMemberId: string;
}

/**
 * KIP-345: an instance that starts again under its `group.instance.id` takes over from its old self,
 * whose id is fenced from now on. If the chosen protocol stays, the group does not rebalance.
 */
export function replaceStaticMember(
  state: GroupState,
  effects: Effects,
  group: ClassicGroup,
  replacement: Replacement,
  reply: JoinReply,
): void {
  const { join, oldMemberId, newMemberId } = replacement;
  const oldLeaderId = group.leaderId;
  const outcome = outcomeOf(group.state, "staticReplacement");
  invariant(outcome !== "impossible", `a group in state ${group.state} has no static members`);
  const member = takeOver(state, effects, group, replacement);
  if (outcome === "awaitGeneration") {
    group.park(member, reply);
    completeJoinAfterInitialDelay(state, effects, group);
    return;
  }
  if (outcome === "restartRebalance" || group.selectProtocol() !== group.protocolName) {
    group.park(member, reply);
    prepareRebalance(state, effects, group);
    return;
  }
  group.refreshSubscription();
  if (!persistGroup(state, effects, group)) {
    effects.send(reply, joinError(ErrorCode.UNKNOWN_SERVER_ERROR, newMemberId, join.apiVersion));
    prepareRebalance(state, effects, group);
    return;
  }
  const response = joinedResponse(group, member);
  if (join.apiVersion >= FIRST_VERSION_WITH_SKIP_ASSIGNMENT) {
    const isLeader = group.isLeader(newMemberId);
    effects.send(reply, {
      ...response,
      members: isLeader ? joinedMembers(group) : [],
      skipAssignment: isLeader,
    });
  } else {
    // Told that somebody else leads, an old client does not compute an assignment that would be ignored.
    effects.send(reply, { ...response, leader: oldLeaderId ?? "", members: [] });
  }
  assertReplaced(group, oldMemberId, newMemberId);
}

/** Fences the old self and puts the new one, with the protocols of its join, in its place. */
function takeOver(
  state: GroupState,
  effects: Effects,
  group: ClassicGroup,
  { join, oldMemberId, newMemberId }: Replacement,
): ClassicMember {
  const old = group.member(oldMemberId);
  if (old.joinReply) effects.fail(old.joinReply, ErrorCode.FENCED_INSTANCE_ID);
  if (old.syncReply) effects.fail(old.syncReply, ErrorCode.FENCED_INSTANCE_ID);
  old.joinReply = null;
  old.syncReply = null;
  const description = {
    memberId: newMemberId,
    groupInstanceId: join.groupInstanceId,
    clientId: join.client.clientId ?? "",
    clientHost: join.client.clientHost,
    sessionTimeoutMs: join.sessionTimeoutMs,
    rebalanceTimeoutMs: join.rebalanceTimeoutMs,
    protocols: join.protocols,
    assignment: old.assignment,
  };
  const wasYetToSync = group.membersYetToSync.has(oldMemberId);
  const member = new ClassicMember(description, state.clock);
  group.replace(oldMemberId, member);
  if (wasYetToSync) group.membersYetToSync.add(newMemberId);
  refreshSession(state, group, member);
  return member;
}

function assertReplaced(group: ClassicGroup, oldMemberId: string, newMemberId: string): void {
  invariant(!group.members.has(oldMemberId), "a replaced member is gone");
  invariant(group.members.has(newMemberId), "its replacement is there");
}
