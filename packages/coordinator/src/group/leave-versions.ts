import {
  ErrorCode,
  type LeaveGroupRequest,
  type LeaveGroupResponse,
  type MessageInput,
} from "@ottla/protocol";
import type { LeavingMember } from "./classic/leave-group.ts";

/** KIP-345: from here on several members leave with one request, and static ones by instance id. */
const FIRST_VERSION_WITH_MEMBERS = 3;

export function leavingMembersOf(
  request: LeaveGroupRequest,
  apiVersion: number,
): readonly LeavingMember[] {
  if (apiVersion >= FIRST_VERSION_WITH_MEMBERS) return request.members;
  return [{ memberId: request.memberId, groupInstanceId: null }];
}

export function leaveResponse(
  members: readonly LeavingMember[],
  errorCodes: readonly number[],
  apiVersion: number,
): MessageInput<LeaveGroupResponse> {
  if (apiVersion < FIRST_VERSION_WITH_MEMBERS)
    return { errorCode: errorCodes[0] ?? ErrorCode.NONE };
  return {
    members: members.map(({ memberId, groupInstanceId }, at) => ({
      memberId,
      groupInstanceId,
      errorCode: errorCodes[at] ?? ErrorCode.NONE,
    })),
  };
}
