import type { JoinGroupResponse, MessageInput } from "@ottla/protocol";
import type { ClassicGroup } from "./classic-group.ts";
import type { ClassicMember } from "./classic-member.ts";

/** The current generation as a member sees it: only the leader, who assigns, is told of the others. */
export function joinedResponse(
  group: ClassicGroup,
  member: ClassicMember,
): MessageInput<JoinGroupResponse> {
  return {
    generationId: group.generationId,
    protocolType: group.protocolType,
    protocolName: group.protocolName ?? "",
    leader: group.leaderId ?? "",
    memberId: member.memberId,
    members: group.isLeader(member.memberId) ? joinedMembers(group) : [],
  };
}

export function joinedMembers(
  group: ClassicGroup,
): NonNullable<MessageInput<JoinGroupResponse>["members"]> {
  return [...group.members.values()].map((member) => ({
    memberId: member.memberId,
    groupInstanceId: member.groupInstanceId,
    metadata: member.metadataFor(group.protocolName),
  }));
}

/** Before version 7 the protocol name could not be null. */
export function joinError(
  errorCode: number,
  memberId: string,
  apiVersion: number,
): MessageInput<JoinGroupResponse> {
  return { errorCode, memberId, protocolName: apiVersion < 7 ? "" : null };
}
