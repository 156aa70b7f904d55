import { describe, expect, test } from "vitest";
import { allowedTransitions, transitionTable, type GroupState } from "./transition-table.ts";

const states = Object.keys(transitionTable) as GroupState[];

/** One letter per cell, so that the whole table can be read, and compared with Kafka's, at a glance. */
function row(state: GroupState): string {
  return Object.entries(transitionTable[state])
    .map(
      ([event, outcome]) => `${event}: ${typeof outcome === "string" ? outcome : outcome.refuse}`,
    )
    .join("\n");
}

test("every state has an outcome for the same events", () => {
  const events = Object.keys(transitionTable.Empty);
  expect(events).toHaveLength(16);
  for (const state of states) expect(Object.keys(transitionTable[state])).toEqual(events);
});

describe("what requests are told", () => {
  test.each<[GroupState, number | string]>([
    ["Empty", 25],
    ["PreparingRebalance", "refreshAndRefuse"],
    ["CompletingRebalance", "refresh"],
    ["Stable", "refresh"],
    ["Dead", 15],
  ])("a heartbeat in %s: %s", (state, expected) => {
    const outcome = transitionTable[state].heartbeat;
    expect(typeof outcome === "string" ? outcome : outcome.refuse).toBe(expected);
  });

  test.each<[GroupState, number | string]>([
    ["Empty", "accept"],
    ["PreparingRebalance", "refresh"],
    ["CompletingRebalance", 27],
    ["Stable", "refresh"],
    ["Dead", 15],
  ])("a member's commit in %s: %s", (state, expected) => {
    const outcome = transitionTable[state].memberCommit;
    expect(typeof outcome === "string" ? outcome : outcome.refuse).toBe(expected);
  });

  test("only an Empty group can be deleted", () => {
    const deletable = states.filter((state) => transitionTable[state].deleteGroup === "delete");
    expect(deletable).toEqual(["Empty"]);
  });

  test("only the leader's sync in CompletingRebalance stores an assignment", () => {
    const storing = states.filter(
      (state) => transitionTable[state].leaderSync === "storeAssignment",
    );
    expect(storing).toEqual(["CompletingRebalance"]);
  });

  test("a Dead group refuses or ignores everything", () => {
    expect(row("Dead")).not.toMatch(/refresh|accept|add|await|return|rebalance|complete/i);
  });
});

test("a generation is only entered through a rebalance", () => {
  const before = (to: GroupState): GroupState[] =>
    states.filter((from) => allowedTransitions[from][to]);
  expect(before("Stable")).toEqual(["CompletingRebalance"]);
  expect(before("CompletingRebalance")).toEqual(["PreparingRebalance"]);
  expect(before("Empty")).toEqual(["PreparingRebalance"]);
  expect(before("PreparingRebalance")).toEqual(["Empty", "CompletingRebalance", "Stable"]);
  expect(before("Dead")).toEqual(states);
});
