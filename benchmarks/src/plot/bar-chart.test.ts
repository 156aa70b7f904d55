import { describe, expect, it } from "vitest";
import { renderBarChart, type BarChart } from "./bar-chart.ts";

const chart: BarChart = {
  title: "Produce <fast> & safe",
  subtitle: "acks=all",
  axisTitle: "MB/s, higher is better",
  series: ["ottla", "kafka"],
  groups: [
    {
      label: "1 KiB",
      bars: [
        { value: 200, min: 180, max: 210, text: "200" },
        { value: 100, min: 100, max: 100, text: "100 (2.00 ×)" },
      ],
    },
    { label: "10 KiB", bars: [{ value: 50, min: 50, max: 50, text: "50" }, undefined] },
  ],
};

/** Widths of the bars, which are the rectangles of the bars' height. */
function barWidths(svg: string): number[] {
  return [...svg.matchAll(/<rect[^>]* width="([\d.]+)" height="15"/g)].map((match) =>
    Number(match[1]),
  );
}

describe("renderBarChart", () => {
  it("draws bars in proportion to their values", () => {
    const [first, second, third] = barWidths(renderBarChart(chart));
    expect(second! / first!).toBeCloseTo(0.5, 2);
    expect(third! / first!).toBeCloseTo(0.25, 2);
  });

  it("has title, axis title, legend and the text of each bar, escaped", () => {
    const svg = renderBarChart(chart);
    for (const text of [
      "Produce &lt;fast&gt; &amp; safe",
      "MB/s, higher is better",
      ">ottla<",
      ">kafka<",
      "100 (2.00 ×)",
    ]) {
      expect(svg).toContain(text);
    }
    expect(svg).not.toContain("<fast>");
  });

  it("says where nothing was measured instead of drawing an empty bar", () => {
    const svg = renderBarChart(chart);
    expect(svg).toContain("not measured");
    expect(barWidths(svg)).toHaveLength(3);
  });

  it("draws the range only of bars that have one", () => {
    expect(renderBarChart(chart).match(/<path/g)).toHaveLength(1);
  });

  it("is wide enough for its longest label", () => {
    const label = "first acknowledged record, 10,000 partitions, after kill -9 with 10 GB";
    const svg = renderBarChart({ ...chart, groups: [{ ...chart.groups[0]!, label }] });
    const right = Number(/<text x="(\d+)"[^>]*text-anchor="end"[^>]*>first/.exec(svg)?.[1]);
    expect(right).toBeGreaterThan(label.length * 6);
  });
});
