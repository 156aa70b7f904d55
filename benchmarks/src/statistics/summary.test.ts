import { describe, expect, it } from "vitest";
import { quantile, summarise } from "./summary.ts";

describe("summarise", () => {
  it("takes the middle of an odd number of rounds whatever their order", () => {
    expect(summarise([30, 10, 20])).toEqual({
      median: 20,
      min: 10,
      max: 30,
      spread: 1,
      rounds: 3,
    });
  });

  it("takes the mean of the two middle rounds of an even number", () => {
    expect(summarise([4, 1, 2, 100]).median).toBe(3);
  });

  it("has no spread for one round or for rounds of zero", () => {
    expect(summarise([7]).spread).toBe(0);
    expect(summarise([0, 0]).spread).toBe(0);
  });
});

describe("quantile", () => {
  it("interpolates between neighbours", () => {
    const values = [10, 20, 30, 40, 50];
    expect(quantile(values, 0)).toBe(10);
    expect(quantile(values, 0.99)).toBeCloseTo(49.6);
    expect(quantile(values, 1)).toBe(50);
  });

  it("refuses to summarise nothing", () => {
    expect(() => quantile([], 0.5)).toThrow("no values");
  });
});
