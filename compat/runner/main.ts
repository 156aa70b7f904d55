/** `npm run test:compat`: runs the compatibility suites. How to use it and how to write a suite: compat/README.md. */
import { interruptCommands } from "./child-processes.ts";
import { Installations } from "./installations.ts";
import { Needs } from "./needs.ts";
import { parseOptions, type RunnerOptions } from "./options.ts";
import { failureReport, jsonReport, summaryLine, sums, table } from "./report.ts";
import { runSuite, type SuiteResult } from "./run-suite.ts";
import { findSuites, type Suite } from "./suite.ts";
import type { TargetName } from "./target.ts";

interface Run {
  readonly suite: Suite;
  readonly target: TargetName;
}

function selectSuites(options: RunnerOptions): Suite[] {
  const all = findSuites();
  const { suites: names } = options;
  if (names === undefined) return all;
  for (const name of names) {
    if (!all.some((suite) => suite.name === name)) {
      throw new Error(`no suite ${name}; there is ${all.map((suite) => suite.name).join(", ")}`);
    }
  }
  return all.filter((suite) => names.includes(suite.name));
}

async function runAll(
  runs: readonly Run[],
  options: RunnerOptions,
  needs: Needs,
): Promise<SuiteResult[]> {
  const waiting = [...runs].sort((a, b) => b.suite.weight - a.suite.weight);
  onInterrupt(waiting);
  const results: SuiteResult[] = [];
  const installations = new Installations(needs);
  const progress = (line: string): void => {
    if (!options.json) process.stdout.write(line);
  };
  const work = async (): Promise<void> => {
    for (let run = waiting.shift(); run !== undefined; run = waiting.shift()) {
      const label = `${run.suite.name} on ${run.target}`;
      progress(`${label}: started\n`);
      const result = await runSuite(run.suite, run.target, {
        needs,
        installations,
        allowMissing: options.allowMissing,
        onLine: (line) => {
          if (options.verbose) progress(`${label} | ${line}\n`);
        },
      });
      results.push(result);
      const { passed, failed } = sums([result]);
      progress(`${label}: ${passed} passed, ${failed} failed, ${result.seconds.toFixed(1)} s\n`);
      progress(failureReport(result));
    }
  };
  await Promise.all(Array.from({ length: options.jobs }, work));
  return results.sort((a, b) => (`${a.target} ${a.suite}` < `${b.target} ${b.suite}` ? -1 : 1));
}

async function main(): Promise<number> {
  const options = parseOptions(process.argv.slice(2));
  const suites = selectSuites(options);
  if (options.list) {
    for (const suite of suites)
      process.stdout.write(`${suite.name}  needs ${suite.needs.join(", ")}\n`);
    return 0;
  }
  const needs = new Needs();
  if (options.targets.includes("kafka")) {
    const lacking = await needs.meet("kafka-jars");
    if (lacking !== undefined) throw new Error(`cannot run Apache Kafka: ${lacking}`);
  }
  const runs = options.targets.flatMap((target) => suites.map((suite) => ({ suite, target })));
  const results = await runAll(runs, options, needs);
  if (options.json) process.stdout.write(jsonReport(results));
  else process.stdout.write(`\n${table(results)}\n${summaryLine(results)}`);
  const { passed, failed } = sums(results);
  return failed === 0 && passed > 0 ? 0 : 1;
}

/**
 * An interrupted run leaves no broker, client or directory behind: the commands are killed, each suite then cleans up
 * as it always does, and no further suite starts. A second signal ends the runner at once.
 */
function onInterrupt(waiting: Run[]): void {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(signal, () => {
      waiting.length = 0;
      interruptCommands();
    });
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`test:compat: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
