import { byMemberOrder, compareText, type Assignments, type Assignor } from "./assignor.ts";

/** Topic by topic: members in order take neighbouring partitions, the first ones one more if it does not come out even. */
export const rangeAssignor: Assignor = {
  name: "range",
  isCooperative: false,
  assign(members, partitionCounts) {
    const assignments: Assignments = new Map(members.map(({ memberId }) => [memberId, []]));
    const topics = [...new Set(members.flatMap((member) => member.topics))].sort(compareText);
    for (const topic of topics) {
      const count = partitionCounts.get(topic) ?? 0;
      const takers = members.filter((member) => member.topics.includes(topic)).sort(byMemberOrder);
      const share = Math.floor(count / takers.length);
      const extra = count % takers.length;
      let next = 0;
      for (const [index, { memberId }] of takers.entries()) {
        const end = next + share + (index < extra ? 1 : 0);
        for (; next < end; next++) assignments.get(memberId)?.push({ topic, partition: next });
      }
    }
    return assignments;
  },
};
