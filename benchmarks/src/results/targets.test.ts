import { expect, it } from "vitest";
import type { Measurement } from "./measurement.ts";
import { renderTargets } from "./targets.ts";

function measurement(
  id: string,
  samples: Measurement["samples"],
  more?: Partial<Measurement>,
): Measurement {
  return { id, section: "produce", title: id, unit: "MB/s", better: "higher", samples, ...more };
}

function row(title: string, measurements: readonly Measurement[]): string | undefined {
  return renderTargets(measurements).find((line) => line.startsWith(`| ${title} |`));
}

const PRODUCE = "produce throughput with fsync, against Kafka without";

it("counts the cells that reach a ratio, and gives the worst, the best and the middle", () => {
  const cells = [10, 20, 30].map((ottla, index) =>
    measurement(`produce/java/${index}/1`, { ottla: [ottla], kafka: [10] }),
  );
  expect(row(PRODUCE, cells)).toBe(
    `| ${PRODUCE} | ≥ 1.5 × | 1.00 × to 3.00 ×, median 2.00 × | 2 of 3 |`,
  );
});

it("says when all cells reach it, and leaves out a cell that a rival failed", () => {
  const cells = [
    measurement("produce/java/100/1", { ottla: [20], kafka: [10] }),
    measurement("produce/java/1024/1", { ottla: [1] }),
  ];
  expect(row(PRODUCE, cells)).toContain("| 2.00 × | **all** of 1 |");
});

it("does not pass what was not measured", () => {
  expect(row(PRODUCE, [])).toBe(`| ${PRODUCE} | ≥ 1.5 × | not measured | – |`);
});

it("judges a figure by itself", () => {
  const idle = measurement("memory/idle", { ottla: [95], kafka: [400] }, { better: "lower" });
  expect(row("idle memory, in MB", [idle])).toContain("| ≤ 90 | 95.0 | 0 of 1 |");
});

it("compares a curve with its least point and not beyond what the target speaks of", () => {
  const point = (x: number, ottla: number): Measurement =>
    measurement(
      `scale/partitions/${x}/throughput`,
      { ottla: [ottla] },
      { section: "scale", point: { dimension: "partitions", x, figure: "throughput" } },
    );
  const curve = [point(10_000, 1), point(1, 100), point(2000, 90), point(100, 50)];
  expect(row("partitions, 1 to 2,000: throughput kept", curve)).toContain(
    "| ≥ 80 % | 50 % to 90 %, median 70 % | 1 of 2 |",
  );
});
