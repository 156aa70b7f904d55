/** `npm run bench`: measures Ottla, its parts and Apache Kafka in one run, and writes the report. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { killBrokers } from "./brokers/broker-process.ts";
import { kafkaJars } from "./brokers/kafka-broker.ts";
import { measureBackground } from "./background/measure-background.ts";
import { isBuilt } from "./brokers/ottla-broker.ts";
import { JavaPerf } from "./clients/java-perf.ts";
import { Librdkafka } from "./clients/librdkafka.ts";
import type { BenchContext } from "./end-to-end/bench-context.ts";
import { measureInProcessStart } from "./end-to-end/in-process-start.ts";
import { measureManyPartitions } from "./end-to-end/many-partitions.ts";
import { measureMemory } from "./end-to-end/memory.ts";
import { runEndToEnd } from "./end-to-end/run-end-to-end.ts";
import { measureStart } from "./end-to-end/start-time.ts";
import { describeMachine, describeVersions } from "./machine/describe-machine.ts";
import { measureLimits } from "./machine/physical-limits.ts";
import { runMicro } from "./micro/run-micro.ts";
import { parseOptions, USAGE, UsageError, type Options } from "./options.ts";
import { WireLoad } from "./native/wire-load.ts";
import { PARTS, PLANS, type Part } from "./plans.ts";
import { Progress } from "./progress.ts";
import { compareResults, parseResults, renderComparison } from "./results/compare.ts";
import { renderMarkdown } from "./results/markdown.ts";
import { TARGETS, type Results } from "./results/measurement.ts";
import { MeasurementLog } from "./results/measurement-log.ts";
import { renewReadme } from "./results/readme.ts";
import { writeResults } from "./results/write-results.ts";
import { measureScale } from "./scale/measure-scale.ts";
import { describeSettings } from "./settings.ts";

const RESULTS_DIRECTORY = fileURLToPath(new URL("../results", import.meta.url));

const README = fileURLToPath(new URL("../../README.md", import.meta.url));

const PARTS_WITH_BROKERS = ["e2e", "start", "memory", "scale", "background"] as const;

async function prepare(
  options: Options,
  log: MeasurementLog,
  directory: string,
): Promise<BenchContext> {
  const startedAt = performance.now();
  const needsBrokers = PARTS_WITH_BROKERS.some((part) => options.parts.has(part));
  if (needsBrokers && !isBuilt(options.program)) {
    throw new UsageError("there is no bundle: run `npm run build` first, or pass --program source");
  }
  const jars = needsBrokers ? await orMissing(log, "Apache Kafka", kafkaJars) : undefined;
  const wants = (client: "java" | "librdkafka"): boolean =>
    needsBrokers && options.clients.has(client);
  const librdkafka = wants("librdkafka")
    ? await orMissing(log, "librdkafka", () => Librdkafka.compile())
    : undefined;
  return {
    options,
    log,
    directory,
    jars,
    java: jars !== undefined && wants("java") ? new JavaPerf(jars.classPath) : undefined,
    librdkafka,
    wireLoad: await orMissing(log, "load without a client library", () =>
      WireLoad.compile(directory),
    ),
    targets: jars === undefined ? ["ottla"] : TARGETS,
    hasTime: (round) =>
      round === 0 ||
      options.minutesMax === undefined ||
      performance.now() - startedAt < options.minutesMax * 60_000,
  };
}

async function orMissing<T>(
  log: MeasurementLog,
  what: string,
  get: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await get();
  } catch (error) {
    log.addMissing(what, error);
    return undefined;
  }
}

async function runParts(context: BenchContext, progress: Progress): Promise<void> {
  const { options, log, directory, wireLoad } = context;
  const parts: Readonly<Record<Part, () => Promise<void>>> = {
    limits: async () => {
      for (let round = 0; round < options.rounds; round++)
        await measureLimits(log, directory, options.limits, wireLoad);
    },
    micro: () => runMicro(options, log, directory),
    start: async () => {
      await measureStart(context);
      await orMissing(log, "startOttla in process", () => measureInProcessStart(context));
      await orMissing(log, "start with many partitions", () => measureManyPartitions(context));
    },
    memory: () => measureMemory(context),
    scale: () => measureScale(context),
    background: () => measureBackground(context),
    e2e: () => runEndToEnd(context),
  };
  const chosen = PARTS.filter((part) => options.parts.has(part));
  for (const [index, part] of chosen.entries()) {
    progress.part = `${part} ${index + 1}/${chosen.length}`;
    await orMissing(log, part, parts[part]);
  }
}

async function measure(options: Options, directory: string): Promise<Results> {
  const progress = new Progress();
  const log = new MeasurementLog((line) => progress.note(line));
  const context = await prepare(options, log, directory);
  const settings = describeSettings(context);
  const machine = await describeMachine(directory);
  for (const [name, value] of Object.entries({ ...machine, ...settings })) {
    process.stderr.write(`${name}: ${value}\n`);
  }
  await runParts(context, progress);
  progress.end();
  return {
    format: 1,
    date: new Date().toISOString(),
    command: [
      "npm run bench",
      ...(process.argv.length > 2 ? ["--"] : []),
      ...process.argv.slice(2),
    ].join(" "),
    machine,
    versions: await describeVersions(context.jars?.version),
    settings,
    measurements: log.measurements(),
    missing: log.missing,
  };
}

/** Writes and prints; returns whether anything became worse than the baseline. */
function report(options: Options, results: Results): boolean {
  // A part alone would replace a whole report: it is kept only where it is asked for.
  const { defaultParts } = PLANS[options.effort];
  const isWhole = defaultParts.every((part) => options.parts.has(part));
  const directory = options.results ?? (isWhole ? RESULTS_DIRECTORY : undefined);
  if (directory !== undefined) {
    writeResults(directory, results);
    process.stderr.write(`written to ${directory}\n`);
  }
  if (options.saveBaseline !== undefined) {
    writeFileSync(options.saveBaseline, `${JSON.stringify(results, undefined, 1)}\n`);
  }
  process.stdout.write(`${renderMarkdown(results, new Map())}\n`);
  if (options.baseline === undefined) return false;
  const baseline = parseResults(readFileSync(options.baseline, "utf8"), options.baseline);
  const comparison = compareResults(baseline, results);
  process.stdout.write(`\nCompared with ${options.baseline}\n${renderComparison(comparison)}\n`);
  return comparison.cells.some(({ verdict }) => verdict === "worse");
}

/** Everything that is made of stored results, without measuring. */
function renewDocuments(directory: string): void {
  const file = path.join(directory, "results.json");
  const results = parseResults(readFileSync(file, "utf8"), file);
  writeResults(directory, results);
  writeFileSync(README, renewReadme(readFileSync(README, "utf8"), results));
  process.stderr.write(`renewed ${directory} and ${README}\n`);
}

async function main(): Promise<void> {
  if (process.argv.includes("--help")) {
    process.stdout.write(USAGE);
    return;
  }
  const options = parseOptions(process.argv.slice(2));
  if (options.readmeOnly) {
    renewDocuments(options.results ?? RESULTS_DIRECTORY);
    return;
  }
  const directory = mkdtempSync(path.join(tmpdir(), "ottla-bench-"));
  const cleanUp = (): void => {
    killBrokers();
    rmSync(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      cleanUp();
      process.exit(1);
    });
  }
  try {
    const results = await measure(options, directory);
    const isWorse = report(options, results);
    if (isWorse || results.missing.length > 0) process.exitCode = 1;
  } finally {
    cleanUp();
  }
}

try {
  await main();
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`${error.message}\n\n${USAGE}`);
  process.exitCode = 2;
}
