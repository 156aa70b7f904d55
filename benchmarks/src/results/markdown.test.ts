import { expect, it } from "vitest";
import { renderMarkdown, renderTable } from "./markdown.ts";
import type { Measurement, Results } from "./measurement.ts";

const produce: Measurement = {
  id: "produce/java/1024/1",
  section: "produce",
  title: "Java, 1 KiB, 1 partition",
  unit: "MB/s",
  better: "higher",
  samples: { ottla: [150, 100, 200], kafka: [100, 90, 110], "kafka-fsync": [30] },
};

const start: Measurement = {
  id: "start/first-ack",
  section: "start",
  title: "start to first acknowledged record",
  unit: "s",
  better: "lower",
  samples: { ottla: [0.2], kafka: [4] },
};

const results: Results = {
  format: 1,
  date: "2026-01-01",
  command: "npm run bench",
  machine: { processor: "a processor" },
  versions: { Node: "26" },
  settings: { acks: "all" },
  measurements: [start, produce],
  missing: ["librdkafka: no compiler"],
};

it("gives medians with their spread, and ratios of ours to each rival", () => {
  expect(renderTable([produce])).toEqual([
    "|  | ottla | kafka | kafka-fsync | ottla / kafka | ottla / kafka-fsync | unit |",
    "| :-- | --: | --: | --: | --: | --: | --: |",
    "| Java, 1 KiB, 1 partition | 150 ± 67 % | 100 ± 20 % | 30.0 | **1.50 ×** | **5.00 ×** | MB/s, higher is better |",
  ]);
});

it("turns the ratio round where lower is better, so that above 1 is always good", () => {
  expect(renderTable([start])[2]).toContain("**20 ×**");
});

it("marks a series that a measurement does not have", () => {
  expect(renderTable([produce, start])[3]).toContain("| – |");
});

it("escapes the character that separates cells", () => {
  expect(renderTable([{ ...start, title: "a|b" }])[2]).toContain("a\\|b");
});

it("orders sections, and states settings, versions, plots and what is missing", () => {
  const text = renderMarkdown(results, new Map([["produce", ["produce.svg"]]]));
  expect(text.indexOf("## Produce")).toBeLessThan(text.indexOf("## Start"));
  expect(text).toContain("![Produce](produce.svg)");
  expect(text).toContain("- acks: all");
  expect(text).toContain("- Node: 26");
  expect(text).toContain("- librdkafka: no compiler");
  expect(text).not.toContain("## Latency");
});

it("gives parts with other rivals a table of their own", () => {
  const part = (id: string, samples: Measurement["samples"]): Measurement => ({
    ...produce,
    id,
    section: "micro",
    samples,
  });
  const measurements = [
    part("codec", { ottla: [1], kafkajs: [1] }),
    part("records", { ottla: [1] }),
    part("engine", { ottla: [1], "bare file": [2] }),
  ];
  const text = renderMarkdown({ ...results, measurements }, new Map());
  expect(text.match(/^\|  \|.*$/gm)).toEqual([
    "|  | ottla | kafkajs | ottla / kafkajs | unit |",
    "|  | ottla | unit |",
    "|  | ottla | bare file | ottla / bare file | unit |",
  ]);
});

it("keeps a measurement that failed for one broker in the table of the others", () => {
  const failed: Measurement = {
    ...produce,
    id: "failed",
    samples: { ottla: [1], "kafka-fsync": [1] },
  };
  const text = renderMarkdown({ ...results, measurements: [produce, failed] }, new Map());
  expect(text.match(/^\|  \|.*$/gm)).toHaveLength(1);
});

it("names the cells in which busy processors are the client's", () => {
  const cell = (title: string, client: number, all: number): Measurement => ({
    ...produce,
    id: title,
    title,
    columns: {
      processors: { unit: "processors", samples: [2] },
      "client with ottla": { unit: "processors", samples: [client] },
      "all with ottla": { unit: "processors", samples: [all] },
    },
  });
  const measurements = [cell("client", 1.3, 1.9), cell("broker", 0.3, 1.9), cell("idle", 0.9, 1)];
  const text = renderMarkdown({ ...results, measurements }, new Map());
  expect(text).toMatch(/In 1 of 3 cells .*: client\.$/m);
});

it("has a column for each figure beside the values, with its unit", () => {
  const columns = { loopback: { unit: "MB/s", samples: [900, 1000, 1100] } } as const;
  const [header, , row] = renderTable([{ ...produce, columns }]);
  expect(header).toMatch(/\| unit \| loopback \|$/);
  expect(row).toMatch(/\| 1,000 MB\/s \|$/);
});
