import { expect, it } from "vitest";
import { inTurn } from "./turns.ts";

it("begins with another one each round and leaves none out", () => {
  const rounds = [0, 1, 2, 3].map((round) => inTurn(["a", "b", "c"], round).join(""));
  expect(rounds).toEqual(["abc", "bca", "cab", "abc"]);
});

it("has nothing to turn in an empty list", () => {
  expect(inTurn([], 3)).toEqual([]);
});
