import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { renderMarkdown } from "./markdown.ts";
import type { Results, Section } from "./measurement.ts";
import { renderPlots } from "./plots.ts";

/** Replaces what an earlier run left, so that plots and tables are always of one run. */
export function writeResults(directory: string, results: Results): void {
  mkdirSync(directory, { recursive: true });
  for (const name of readdirSync(directory)) {
    if (name.endsWith(".svg")) rmSync(path.join(directory, name));
  }
  const { Node: node = "?", "Apache Kafka": kafka } = results.versions;
  const subtitle = `${results.date.slice(0, 10)}, ${results.machine["processor"] ?? ""}, Node ${node}${kafka === undefined ? "" : `, Kafka ${kafka}`}`;
  const plots = renderPlots(results.measurements, subtitle);
  const names = new Map<Section, string[]>();
  for (const { section, fileName, svg } of plots) {
    writeFileSync(path.join(directory, fileName), svg);
    names.set(section, [...(names.get(section) ?? []), fileName]);
  }
  writeFileSync(path.join(directory, "results.json"), `${JSON.stringify(results, undefined, 1)}\n`);
  writeFileSync(path.join(directory, "results.md"), renderMarkdown(results, names));
}
