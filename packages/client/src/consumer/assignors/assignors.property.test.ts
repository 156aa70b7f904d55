import { SeededRandom, testSeed } from "@ottla/testkit";
import { describe, expect, test } from "vitest";
import { partitionKey } from "../../topic-partition.ts";
import type { Assignments, GroupMember } from "./assignor.ts";
import { cooperativeStickyAssignor } from "./cooperative-sticky.ts";
import { rangeAssignor } from "./range.ts";
import { roundRobinAssignor } from "./round-robin.ts";
import { stickyAssign } from "./sticky-balance.ts";

const seed = testSeed();
const RUNS = 300;

function member(memberId: string, topics: string[], rest: Partial<GroupMember> = {}): GroupMember {
  return { memberId, topics, groupInstanceId: null, owned: [], generationId: -1, ...rest };
}

function numbers(assignments: Assignments, memberId: string): string[] {
  return (assignments.get(memberId) ?? []).map(partitionKey);
}

interface Group {
  readonly counts: Map<string, number>;
  readonly members: GroupMember[];
}

function randomGroup(random: SeededRandom, isUniform: boolean): Group {
  const topics = Array.from({ length: 1 + random.nextInt(4) }, (_, index) => `topic-${index}`);
  const counts = new Map(topics.map((topic) => [topic, random.nextInt(12)]));
  const members = Array.from({ length: 1 + random.nextInt(6) }, (_, index) => {
    const wanted = isUniform ? topics : topics.filter(() => random.nextInt(3) > 0);
    return member(`member-${index}`, wanted.length > 0 ? wanted : [topics[0] as string]);
  });
  return { counts, members };
}

/** Every partition that anybody wants has exactly one owner, who wants it. */
function expectComplete({ counts, members }: Group, assignments: Assignments): void {
  const wanted = new Set(members.flatMap(({ topics }) => topics));
  const expected = [...wanted].flatMap((topic) =>
    Array.from({ length: counts.get(topic) ?? 0 }, (_, partition) => `${topic}/${partition}`),
  );
  const given = [...assignments.values()].flat().map(partitionKey);
  expect(given.sort()).toEqual(expected.sort());
  for (const { memberId, topics } of members) {
    for (const { topic } of assignments.get(memberId) ?? []) expect(topics).toContain(topic);
  }
}

/** No single partition could move to someone who has at least two less. */
function expectBalanced({ members }: Group, assignments: Assignments): void {
  const size = (id: string): number => assignments.get(id)?.length ?? 0;
  for (const rich of members) {
    for (const { topic } of assignments.get(rich.memberId) ?? []) {
      for (const poor of members) {
        if (poor.topics.includes(topic))
          expect(size(rich.memberId) - size(poor.memberId)).toBeLessThan(2);
      }
    }
  }
}

function withOwned(
  members: readonly GroupMember[],
  assignments: Assignments,
  generationId: number,
): GroupMember[] {
  return members.map((one) => ({
    ...one,
    owned: assignments.get(one.memberId) ?? [],
    generationId,
  }));
}

function moved(before: Assignments, after: Assignments): number {
  const owner = new Map(
    [...before].flatMap(([id, list]) => list.map((one) => [partitionKey(one), id] as const)),
  );
  return [...after].flatMap(([id, list]) =>
    list.filter((one) => owner.has(partitionKey(one)) && owner.get(partitionKey(one)) !== id),
  ).length;
}

describe(`assignors (seed ${seed})`, () => {
  test("range gives the first members one partition more when it does not come out even", () => {
    const members = [member("b", ["t"]), member("a", ["t"]), member("c", ["u"])];
    const assignments = rangeAssignor.assign(
      members,
      new Map([
        ["t", 5],
        ["u", 1],
      ]),
    );
    expect(numbers(assignments, "a")).toEqual(["t/0", "t/1", "t/2"]);
    expect(numbers(assignments, "b")).toEqual(["t/3", "t/4"]);
    expect(numbers(assignments, "c")).toEqual(["u/0"]);
  });

  test("range puts static members first, by their instance id", () => {
    const members = [member("a", ["t"]), member("z", ["t"], { groupInstanceId: "one" })];
    const assignments = rangeAssignor.assign(members, new Map([["t", 3]]));
    expect(numbers(assignments, "z")).toEqual(["t/0", "t/1"]);
  });

  test("round robin deals partitions of all topics in turn and passes over who does not want one", () => {
    const members = [member("a", ["t", "u"]), member("b", ["u"])];
    const assignments = roundRobinAssignor.assign(
      members,
      new Map([
        ["t", 2],
        ["u", 2],
      ]),
    );
    expect(numbers(assignments, "a")).toEqual(["t/0", "t/1", "u/1"]);
    expect(numbers(assignments, "b")).toEqual(["u/0"]);
  });

  for (const isUniform of [true, false]) {
    const kind = isUniform ? "equal" : "different";
    test(`every assignor gives every partition to exactly one taker, ${kind} subscriptions`, () => {
      const random = new SeededRandom(seed);
      for (let run = 0; run < RUNS; run++) {
        const group = randomGroup(random, isUniform);
        for (const assignor of [rangeAssignor, roundRobinAssignor, cooperativeStickyAssignor]) {
          expectComplete(group, assignor.assign(group.members, group.counts));
        }
      }
    });

    test(`sticky is balanced, and stays as it is while nothing changes, ${kind} subscriptions`, () => {
      const random = new SeededRandom(seed);
      for (let run = 0; run < RUNS; run++) {
        const group = randomGroup(random, isUniform);
        const first = stickyAssign(group.members, group.counts);
        expectBalanced(group, first);
        const again = stickyAssign(withOwned(group.members, first, 1), group.counts);
        expect(moved(first, again)).toBe(0);
      }
    });
  }

  test("sticky moves nothing between those who stay when a member leaves", () => {
    const random = new SeededRandom(seed);
    for (let run = 0; run < RUNS; run++) {
      const { counts, members } = randomGroup(random, true);
      if (members.length < 2) continue;
      const before = stickyAssign(members, counts);
      const left = withOwned(members, before, 3).slice(1);
      const after = stickyAssign(left, counts);
      expectBalanced({ counts, members: left }, after);
      const kept = new Map([...before].filter(([id]) => id !== members[0]?.memberId));
      expect(moved(kept, after)).toBe(0);
    }
  });

  test("sticky moves to a new member no more than its share", () => {
    const random = new SeededRandom(seed);
    for (let run = 0; run < RUNS; run++) {
      const { counts, members } = randomGroup(random, true);
      const before = stickyAssign(members, counts);
      const grown = [
        ...withOwned(members, before, 3),
        member("newcomer", members[0]?.topics.slice() ?? []),
      ];
      const after = stickyAssign(grown, counts);
      expectBalanced({ counts, members: grown }, after);
      expect(moved(before, after)).toBe(after.get("newcomer")?.length);
    }
  });

  test("two claims for a partition: the newer generation wins, equal ones count for nothing", () => {
    const owned = [{ topic: "t", partition: 0 }];
    const counts = new Map([["t", 2]]);
    const newer = stickyAssign(
      [
        member("a", ["t"], { owned, generationId: 1 }),
        member("b", ["t"], { owned, generationId: 2 }),
      ],
      counts,
    );
    expect(numbers(newer, "b")).toEqual(["t/0"]);
  });

  test("cooperative rounds end with everything assigned, and never give a held partition to another", () => {
    const random = new SeededRandom(seed);
    for (let run = 0; run < RUNS; run++) {
      const { counts, members } = randomGroup(random, random.nextInt(2) === 0);
      const stable = cooperativeStickyAssignor.assign(members, counts);
      let group = [
        ...withOwned(members, stable, 1),
        member("newcomer", members[0]?.topics.slice() ?? []),
      ];
      for (let round = 0; round < 3; round++) {
        const assignments = cooperativeStickyAssignor.assign(group, counts);
        for (const [id, list] of assignments) {
          const heldByOthers = group
            .filter(({ memberId }) => memberId !== id)
            .flatMap(({ owned }) => owned.map(partitionKey));
          for (const one of list) expect(heldByOthers).not.toContain(partitionKey(one));
        }
        group = withOwned(group, assignments, round + 2);
      }
      const final = cooperativeStickyAssignor.assign(group, counts);
      expectComplete({ counts, members: group }, final);
      expectBalanced({ counts, members: group }, final);
    }
  });
});
