import {
  allPartitions,
  byMemberOrder,
  type Assignments,
  type Assignor,
  type GroupMember,
} from "./assignor.ts";

/** All partitions in order are dealt to the members in turn; who does not want the topic is passed over. */
export const roundRobinAssignor: Assignor = {
  name: "roundrobin",
  isCooperative: false,
  assign(members, partitionCounts) {
    const assignments: Assignments = new Map(members.map(({ memberId }) => [memberId, []]));
    const circle = [...members].sort(byMemberOrder);
    let turn = 0;
    for (const topicPartition of allPartitions(members, partitionCounts)) {
      while (!(circle[turn % circle.length] as GroupMember).topics.includes(topicPartition.topic))
        turn += 1;
      const { memberId } = circle[turn % circle.length] as GroupMember;
      assignments.get(memberId)?.push(topicPartition);
      turn += 1;
    }
    return assignments;
  },
};
