/** `npm run bench`: measures Ottla, its parts and Apache Kafka in one run, and writes the report. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { killBrokers } from "./brokers/broker-process.ts";
import { kafkaJars } from "./brokers/kafka-broker.ts";
import { isBuilt } from "./brokers/ottla-broker.ts";
import { JavaPerf } from "./clients/java-perf.ts";
import { Librdkafka } from "./clients/librdkafka.ts";
import type { BenchContext } from "./end-to-end/bench-context.ts";
import { measureMemory } from "./end-to-end/memory.ts";
import { runEndToEnd } from "./end-to-end/run-end-to-end.ts";
import { measureStart } from "./end-to-end/start-time.ts";
import { describeMachine, describeVersions } from "./machine/describe-machine.ts";
import { measureLimits, type LimitSizes } from "./machine/physical-limits.ts";
import { runMicro } from "./micro/run-micro.ts";
import { PARTS, parseOptions, USAGE, UsageError, type Options, type Part } from "./options.ts";
import { Progress } from "./progress.ts";
import { compareResults, parseResults, renderComparison } from "./results/compare.ts";
import { renderMarkdown } from "./results/markdown.ts";
import { TARGETS, type Results } from "./results/measurement.ts";
import { MeasurementLog } from "./results/measurement-log.ts";
import { writeResults } from "./results/write-results.ts";
import { describeSettings } from "./settings.ts";

const RESULTS_DIRECTORY = fileURLToPath(new URL("../results", import.meta.url));

const LIMIT_SIZES: LimitSizes = { diskMebibytes: 512, syncs: 1000, loopbackMebibytes: 1024 };
const QUICK_LIMIT_SIZES: LimitSizes = { diskMebibytes: 64, syncs: 100, loopbackMebibytes: 128 };

async function prepare(
  options: Options,
  log: MeasurementLog,
  directory: string,
): Promise<BenchContext> {
  const needsBrokers = (["e2e", "start", "memory"] as const).some((part) =>
    options.parts.has(part),
  );
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
    targets: jars === undefined ? ["ottla"] : TARGETS,
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

async function runParts(context: BenchContext): Promise<void> {
  const { options, log, directory } = context;
  const limits = options.effort === "quick" ? QUICK_LIMIT_SIZES : LIMIT_SIZES;
  const parts: Readonly<Record<Part, () => Promise<void>>> = {
    limits: async () => {
      for (let round = 0; round < options.rounds; round++)
        await measureLimits(log, directory, limits);
    },
    micro: () => runMicro(options, log, directory),
    start: () => measureStart(context),
    memory: () => measureMemory(context),
    e2e: () => runEndToEnd(context),
  };
  for (const part of PARTS) if (options.parts.has(part)) await orMissing(log, part, parts[part]);
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
  await runParts(context);
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
  const isWhole = options.parts.size === PARTS.length;
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

async function main(): Promise<void> {
  if (process.argv.includes("--help")) {
    process.stdout.write(USAGE);
    return;
  }
  const options = parseOptions(process.argv.slice(2));
  const directory = mkdtempSync(path.join(tmpdir(), "ottla-bench-"));
  const cleanUp = (): void => {
    killBrokers();
    rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
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
