import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import type { Results } from "./measurement.ts";
import { renewReadme } from "./readme.ts";

const results: Results = {
  format: 1,
  date: "2026-02-03T00:00:00Z",
  command: "npm run bench",
  machine: { processor: "a processor" },
  versions: { Node: "26", "Apache Kafka": "4.3.1" },
  settings: { rounds: "2" },
  missing: [],
  measurements: [
    {
      id: "produce/java/1024/1",
      section: "produce",
      title: "Java, 1 KiB, 1 partition",
      unit: "MB/s",
      better: "higher",
      samples: { ottla: [30], kafka: [20] },
      columns: {
        "client with ottla": { unit: "processors", samples: [1.5] },
        "share of the limit": { unit: "%", samples: [40] },
      },
    },
  ],
};

const readme = [
  "# Project",
  "<!-- benchmark: written by `npm run bench -- --readme` -->",
  "old figures",
  "<!-- /benchmark -->",
  "## After",
].join("\n");

it("replaces what stands between the marks and nothing else", () => {
  const text = renewReadme(readme, results);
  expect(text).toMatch(/^# Project\n<!-- benchmark/);
  expect(text).toMatch(/<!-- \/benchmark -->\n## After$/);
  expect(text).not.toContain("old figures");
  expect(text).toContain("1.50 ×");
});

it("shows the share of the limit, and leaves the processors of clients to the report", () => {
  const text = renewReadme(readme, results);
  expect(text).toContain("40.0 %");
  expect(text).not.toContain("client with ottla");
});

it("gives the same again from its own result", () => {
  const once = renewReadme(readme, results);
  expect(renewReadme(once, results)).toBe(once);
});

it("refuses a text without the marks instead of losing it", () => {
  expect(() => renewReadme("# Project", results)).toThrow("lacks");
});

it("finds its marks in the README of this project", () => {
  const own = readFileSync(new URL("../../../README.md", import.meta.url), "utf8");
  expect(renewReadme(own, results)).toContain("Java, 1 KiB, 1 partition");
});
