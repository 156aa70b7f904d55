import {
  ErrorCode,
  type DescribeGroupsResponse,
  type ListGroupsRequest,
  type ListGroupsResponse,
  type MessageInput,
} from "@ottla/protocol";
import type { GroupState } from "./group-state.ts";

export type DescribedGroup = NonNullable<MessageInput<DescribeGroupsResponse>["groups"]>[number];
export type ListedGroup = NonNullable<MessageInput<ListGroupsResponse>["groups"]>[number];

/** From here on a group that does not exist is an error; before, it is an empty group that is Dead. */
const FIRST_VERSION_WITH_GROUP_ID_NOT_FOUND = 6;
const GROUP_TYPE = "Classic";
const NO_BYTES = new Uint8Array(0);

export function describeGroup(
  state: GroupState,
  groupId: string,
  apiVersion: number,
): DescribedGroup {
  const group = state.groups.get(groupId);
  if (!group) {
    const dead = { groupId, groupState: "Dead" };
    if (apiVersion < FIRST_VERSION_WITH_GROUP_ID_NOT_FOUND) return dead;
    const errorMessage = `Group ${groupId} not found.`;
    return { ...dead, errorCode: ErrorCode.GROUP_ID_NOT_FOUND, errorMessage };
  }
  // Between generations there is no protocol, and what members last said may be void.
  const isStable = group.state === "Stable";
  return {
    groupId,
    groupState: group.state,
    protocolType: group.protocolType ?? "",
    protocolData: isStable ? (group.protocolName ?? "") : "",
    members: [...group.members.values()].map((member) => ({
      memberId: member.memberId,
      groupInstanceId: member.groupInstanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      memberMetadata: isStable ? member.metadataFor(group.protocolName) : NO_BYTES,
      memberAssignment: member.assignment,
    })),
  };
}

/** The groups that match; an empty filter lets everything through, and case does not matter. */
export function listGroups(state: GroupState, request: ListGroupsRequest): ListedGroup[] {
  const states = normalised(request.statesFilter);
  const types = normalised(request.typesFilter);
  if (types.size > 0 && !types.has(GROUP_TYPE.toLowerCase())) return [];
  const listed: ListedGroup[] = [];
  for (const group of state.groups.values()) {
    if (states.size > 0 && !states.has(group.state.toLowerCase())) continue;
    listed.push({
      groupId: group.groupId,
      protocolType: group.protocolType ?? "",
      groupState: group.state,
      groupType: GROUP_TYPE,
    });
  }
  return listed;
}

function normalised(filter: readonly string[]): ReadonlySet<string> {
  return new Set(filter.map((word) => word.trim().toLowerCase()));
}
