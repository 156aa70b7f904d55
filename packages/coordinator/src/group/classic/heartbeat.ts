import { ErrorCode, type HeartbeatRequest } from "@ottla/protocol";
import type { GroupState } from "../group-state.ts";
import { refreshSession } from "./rebalance.ts";
import { outcomeOf } from "./transition-table.ts";

/** The error code of the answer. */
export function heartbeat(state: GroupState, request: HeartbeatRequest): number {
  const { memberId, generationId } = request;
  const group = state.groups.get(request.groupId);
  if (!group) return ErrorCode.UNKNOWN_MEMBER_ID;
  const outcome = outcomeOf(group.state, "heartbeat");
  if (outcome !== "refresh" && outcome !== "refreshAndRefuse") return outcome.refuse;
  const errorCode = group.validateMember(memberId, request.groupInstanceId);
  if (errorCode !== 0) return errorCode;
  if (generationId !== group.generationId) return ErrorCode.ILLEGAL_GENERATION;
  refreshSession(state, group, group.member(memberId));
  return outcome === "refresh" ? ErrorCode.NONE : ErrorCode.REBALANCE_IN_PROGRESS;
}
