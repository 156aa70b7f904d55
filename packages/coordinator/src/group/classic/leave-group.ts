import { ErrorCode } from "@ottla/protocol";
import type { Effects } from "../../runtime/effects.ts";
import type { GroupState } from "../group-state.ts";
import type { ClassicGroup } from "./classic-group.ts";
import {
  completeJoinAfterInitialDelay,
  dismissMember,
  forgetUnusedGroup,
  prepareRebalance,
} from "./rebalance.ts";
import { outcomeOf } from "./transition-table.ts";

export interface LeavingMember {
  readonly memberId: string;
  readonly groupInstanceId: string | null;
}

/** Takes the members out, then lets the group react once. Per member an error code, in order. */
export function leaveGroup(
  state: GroupState,
  effects: Effects,
  groupId: string,
  members: readonly LeavingMember[],
): readonly number[] {
  const group = state.groups.get(groupId);
  if (!group) return members.map(() => ErrorCode.UNKNOWN_MEMBER_ID);
  const errorCodes = members.map((member) => leave(effects, group, member));
  if (!errorCodes.includes(ErrorCode.NONE)) return errorCodes;
  const outcome = outcomeOf(group.state, "memberRemoved");
  if (outcome === "rebalance") prepareRebalance(state, effects, group);
  else if (outcome === "completeWhenAllJoined")
    completeJoinAfterInitialDelay(state, effects, group);
  forgetUnusedGroup(state, group);
  return errorCodes;
}

function leave(effects: Effects, group: ClassicGroup, leaving: LeavingMember): number {
  const { memberId, groupInstanceId } = leaving;
  if (memberId === "") {
    // An administrator removes a static member without knowing its id.
    const owner = groupInstanceId === null ? undefined : group.staticMemberId(groupInstanceId);
    if (owner === undefined) return ErrorCode.UNKNOWN_MEMBER_ID;
    dismissMember(effects, group, owner);
    return ErrorCode.NONE;
  }
  if (group.removePending(memberId)) return ErrorCode.NONE;
  const errorCode = group.validateMember(memberId, groupInstanceId);
  if (errorCode === 0) dismissMember(effects, group, memberId);
  return errorCode;
}
