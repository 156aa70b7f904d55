import { partitionKey } from "../../topic-partition.ts";
import type { Assignments, Assignor, GroupMember } from "./assignor.ts";
import { stickyAssign } from "./sticky-balance.ts";

/**
 * Sticky, and in two rounds (KIP-429): a partition that moves is first given to nobody, so that its
 * owner gives it up and joins again; the next round hands it to the new owner.
 */
export const cooperativeStickyAssignor: Assignor = {
  name: "cooperative-sticky",
  isCooperative: true,
  assign(members, partitionCounts) {
    const assignments = stickyAssign(members, partitionCounts);
    withholdMoving(members, assignments);
    return assignments;
  },
};

function withholdMoving(members: readonly GroupMember[], assignments: Assignments): void {
  const holders = new Map<string, Set<string>>();
  for (const { memberId, owned } of members) {
    for (const partition of owned) {
      const key = partitionKey(partition);
      holders.set(key, (holders.get(key) ?? new Set()).add(memberId));
    }
  }
  for (const [memberId, partitions] of assignments) {
    const free = partitions.filter((partition) => {
      const held = holders.get(partitionKey(partition));
      return held === undefined || held.has(memberId);
    });
    assignments.set(memberId, free);
  }
}
