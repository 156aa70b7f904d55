import { expect, it } from "vitest";
import { DIMENSIONS, PLANS } from "../plans.ts";
import { pointTitle, scaleLoad } from "./dimensions.ts";

it("changes one thing only along a dimension", () => {
  const { topics, ...load } = scaleLoad("partitions", 1, "p");
  expect(scaleLoad("partitions", 10_000, "p")).toEqual({
    ...load,
    topics: [{ ...topics[0], partitions: 10_000 }],
  });
});

it("keeps as many requests under way with one connection as with many", () => {
  const underWay = [1, 10, 10_000].map((x) => {
    const { active, depth } = scaleLoad("connections", x, "c");
    return active * depth;
  });
  expect(Math.min(...underWay) / Math.max(...underWay)).toBeGreaterThan(0.9);
  expect(scaleLoad("connections", 10_000, "c")).toMatchObject({ connections: 10_000, active: 10 });
});

it("has at least one record in a batch, and a window that memory can hold", () => {
  const { topics, active, depth } = scaleLoad("record-size", 2 ** 20, "r");
  expect(topics[0]!.recordsPerBatch).toBe(1);
  expect(active * depth * 2 ** 20).toBeLessThanOrEqual(16 * 2 ** 20);
});

it("gives every point of every plan a load that the generator takes", () => {
  for (const { scale } of Object.values(PLANS)) {
    for (const dimension of DIMENSIONS) {
      for (const x of [...scale[dimension].ottla, ...scale[dimension].kafka]) {
        const { active, connections, depth } = scaleLoad(dimension, x, "x");
        expect(active).toBeLessThanOrEqual(connections);
        expect(depth).toBeGreaterThanOrEqual(1);
        expect(depth).toBeLessThanOrEqual(1024);
      }
    }
  }
});

it("names points in words", () => {
  expect(pointTitle("partitions", 1)).toBe("1 partition");
  expect(pointTitle("connections", 10_000)).toBe("10,000 connections");
  expect(pointTitle("record-size", 2 ** 20)).toBe("records of 1024 KiB");
});
