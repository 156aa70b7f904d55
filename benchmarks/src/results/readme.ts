import type { Measurement, Results } from "./measurement.ts";
import { renderTable } from "./markdown.ts";
import { renderTargets } from "./targets.ts";

const BEGIN = "<!-- benchmark: written by `npm run bench -- --readme` -->";
const END = "<!-- /benchmark -->";

const DIRECTORY = "benchmarks/results";

/** The README with the part between the two marks made anew of these results; everything else stays. */
export function renewReadme(readme: string, results: Results): string {
  const begin = readme.indexOf(BEGIN);
  const end = readme.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`the README lacks "${BEGIN}" or "${END}"`);
  const before = readme.slice(0, begin + BEGIN.length);
  return `${before}\n${renderSection(results)}\n${readme.slice(end)}`;
}

function renderSection(results: Results): string {
  const { measurements } = results;
  const { Node: node = "?", "Apache Kafka": kafka = "?" } = results.versions;
  const lines = [
    `One run on ${results.date.slice(0, 10)}, ${results.machine["processor"] ?? "?"}, Node ${node}, Apache Kafka ${kafka}: brokers alternating,`,
    `${results.settings["rounds"] ?? "?"} rounds, medians, acks=all, **Ottla with an fsync before every acknowledgement**, Kafka without (its default) and with it.`,
    "A ratio above 1 means that Ottla is better. From the worst cell to the best:",
    "",
    ...renderTargets(measurements),
    "",
    "Produce throughput in MB/s. The limit is what bare system calls reach with the same bytes in the same portions.",
    "",
    ...renderTable(measurements.filter(({ section }) => section === "produce").map(withoutUsage)),
    "",
    `![Produce throughput](${DIRECTORY}/produce.svg)`,
    "",
    ...plotsOf(measurements),
    `Everything measured, with spread, settings and machine: [${DIRECTORY}/results.md](${DIRECTORY}/results.md); again with \`npm run bench\`.`,
  ];
  return lines.join("\n");
}

/** Who used the processors stands in the report, where there is space. */
function withoutUsage({ columns = {}, ...measurement }: Measurement): Measurement {
  const kept = Object.entries(columns).filter(([, { unit }]) => unit !== "processors");
  return { ...measurement, columns: Object.fromEntries(kept) };
}

function plotsOf(measurements: readonly Measurement[]): string[] {
  const dimensions = ["partitions", "connections"].filter((dimension) =>
    measurements.some(({ point }) => point?.dimension === dimension),
  );
  return dimensions.flatMap((dimension) => [
    `![Costs against ${dimension}](${DIRECTORY}/scale-${dimension}.svg)`,
    "",
  ]);
}
