import { describe, expect, it } from "vitest";
import { compareResults, parseResults, renderComparison } from "./compare.ts";
import type { Measurement, Results } from "./measurement.ts";

function results(...measurements: readonly Partial<Measurement>[]): Results {
  return {
    format: 1,
    date: "",
    command: "",
    machine: {},
    versions: {},
    settings: {},
    missing: [],
    measurements: measurements.map((measurement) => ({
      id: "cell",
      section: "produce",
      title: "",
      unit: "MB/s",
      better: "higher",
      samples: {},
      ...measurement,
    })),
  };
}

describe("compareResults", () => {
  it("flags a loss beyond tolerance and spread", () => {
    const before = results({ samples: { ottla: [100, 100, 100] } });
    const after = results({ samples: { ottla: [80, 80, 80] } });
    expect(compareResults(before, after).cells).toEqual([
      { id: "cell", ratio: 0.8, spread: 0, basis: "absolute", verdict: "worse" },
    ]);
  });

  it("does not flag the same loss when the rounds differ that much among themselves", () => {
    const before = results({ samples: { ottla: [90, 100, 110] } });
    const after = results({ samples: { ottla: [80, 80, 80] } });
    expect(compareResults(before, after).cells[0]!.verdict).toBe("same");
  });

  it("judges by the ratio to Kafka, so that a slower machine is no loss", () => {
    const before = results({ samples: { ottla: [200], kafka: [100] } });
    const slower = results({ samples: { ottla: [100], kafka: [50] } });
    expect(compareResults(before, slower).cells[0]).toMatchObject({
      ratio: 1,
      basis: "relative",
      verdict: "same",
    });
    const worse = results({ samples: { ottla: [100], kafka: [100] } });
    expect(compareResults(before, worse).cells[0]).toMatchObject({ ratio: 0.5, verdict: "worse" });
  });

  it("takes more for worse where lower is better", () => {
    const before = results({ better: "lower", samples: { ottla: [1], kafka: [4] } });
    const after = results({ better: "lower", samples: { ottla: [2], kafka: [4] } });
    expect(compareResults(before, after).cells[0]).toMatchObject({ ratio: 0.5, verdict: "worse" });
  });

  it("names cells that only one run has, and leaves out the limits of the machine", () => {
    const before = results(
      { id: "gone", samples: { ottla: [1] } },
      { id: "disk", section: "limits" },
    );
    const after = results({ id: "added", samples: { ottla: [1] } });
    expect(compareResults(before, after)).toEqual({
      cells: [],
      unmatched: ["added is new", "gone was not measured"],
    });
  });
});

it("counts what became worse in the last line", () => {
  const before = results({ samples: { ottla: [100] } });
  const after = results({ samples: { ottla: [50] } });
  const text = renderComparison(compareResults(before, after));
  expect(text).toContain("0.50 ×");
  expect(text).toContain("WORSE");
  expect(text.split("\n").at(-1)).toContain("1 cells compared, 1 worse");
});

it("refuses a file that is not a result", () => {
  expect(() => parseResults("{}", "x.json")).toThrow("x.json is not a result file");
});
