import { expect, it } from "vitest";
import { renderLineChart, type LineChart, type LinePoint } from "./line-chart.ts";

const point = (x: number, y: number): LinePoint => ({ x, y, min: y, max: y });

const chart: LineChart = {
  title: "Costs & <growth>",
  subtitle: "one run",
  xTitle: "partitions",
  series: ["ottla", "kafka"],
  panels: [
    {
      title: "throughput, MB/s",
      lines: [
        [point(10_000, 100), point(1, 50), point(100, 200)],
        [{ x: 1, y: 20, min: 10, max: 30 }],
      ],
    },
    { title: "memory, MB", lines: [[point(1, 0), point(100, 1000)], []] },
  ],
};

function polylines(svg: string): [x: number, y: number][][] {
  return [...svg.matchAll(/<polyline points="([^"]+)"/g)].map((match) =>
    match[1]!.split(" ").map((pair) => pair.split(",").map(Number) as [number, number]),
  );
}

it("draws points from left to right on a logarithmic axis, higher values above", () => {
  const [throughput] = polylines(renderLineChart(chart));
  const [first, second, third] = throughput!;
  expect(second![0] - first![0]).toBeCloseTo(third![0] - second![0], 0);
  expect(second![1]).toBeLessThan(third![1]);
  expect(third![1]).toBeLessThan(first![1]);
});

it("gives each panel its own scale from zero", () => {
  const [throughput, , memory] = polylines(renderLineChart(chart));
  // 1000 of 1000 and 200 of 200 are both at the top.
  expect(memory![1]![1]).toBe(throughput![1]![1]);
  expect(memory![0]![1]).toBeGreaterThan(throughput![0]![1]);
});

it("draws no line for a series without points, and the range only of points that have one", () => {
  const svg = renderLineChart(chart);
  expect(polylines(svg)).toHaveLength(3);
  expect(svg.match(/<path/g)).toHaveLength(1);
});

it("escapes text and shortens counts", () => {
  const svg = renderLineChart(chart);
  expect(svg).toContain("Costs &amp; &lt;growth&gt;");
  expect(svg).toContain(">10k<");
});
