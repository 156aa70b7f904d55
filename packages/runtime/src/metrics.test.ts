import { describe, expect, it } from "vitest";
import { Histogram, MetricsRegistry } from "./metrics.ts";

describe("MetricsRegistry", () => {
  it("reads counters and gauges as they stand at the time of reading", () => {
    const metrics = new MetricsRegistry();
    const appends = metrics.counter({ name: "appends_total", help: "Appends." });
    let online = 3;
    metrics.gauge(
      { name: "online", help: "Partitions online.", labels: { kind: "log" } },
      () => online,
    );
    appends.value += 2;
    online = 4;
    expect(metrics.read()).toEqual([
      { name: "appends_total", help: "Appends.", kind: "counter", value: 2 },
      {
        name: "online",
        help: "Partitions online.",
        labels: { kind: "log" },
        kind: "gauge",
        value: 4,
      },
    ]);
  });

  it("refuses a second metric of the same name and labels, in whatever order they are written", () => {
    const metrics = new MetricsRegistry();
    metrics.counter({ name: "n", help: "", labels: { a: "1", b: "2" } });
    metrics.counter({ name: "n", help: "", labels: { a: "1", b: "3" } });
    expect(() => metrics.counter({ name: "n", help: "", labels: { b: "2", a: "1" } })).toThrow(
      "made once",
    );
  });
});

describe("Histogram", () => {
  it("counts a value in the first bucket whose bound it does not exceed", () => {
    const histogram = new Histogram([1, 10, 100]);
    for (const value of [0.5, 1, 1.5, 10, 99, 101]) histogram.record(value);
    expect(histogram.read()).toEqual({
      bounds: [1, 10, 100],
      counts: [2, 2, 1, 1],
      sum: 213,
      count: 6,
    });
  });

  it("refuses bounds that do not ascend", () => {
    expect(() => new Histogram([1, 1])).toThrow("ascend");
  });
});
