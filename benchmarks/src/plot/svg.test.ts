import { describe, expect, it } from "vitest";
import { niceCeiling } from "./svg.ts";

describe("niceCeiling", () => {
  it("rounds up to a short figure and never below the value", () => {
    expect([0, 0.03, 1, 7, 180, 210, 250, 1001].map(niceCeiling)).toEqual([
      1, 0.05, 1, 10, 200, 250, 250, 2000,
    ]);
  });
});
