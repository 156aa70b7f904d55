/** The runner's command line. */
import { parseArgs } from "node:util";
import type { TargetName } from "./target.ts";

export interface RunnerOptions {
  readonly targets: readonly TargetName[];
  /** Undefined means every suite. */
  readonly suites: readonly string[] | undefined;
  readonly list: boolean;
  readonly json: boolean;
  readonly allowMissing: boolean;
  readonly verbose: boolean;
  readonly jobs: number;
}

const targetsByName: Readonly<Record<string, readonly TargetName[]>> = {
  ottla: ["ottla"],
  kafka: ["kafka"],
  both: ["kafka", "ottla"],
};

/** Two brokers and two clients fill two cores; more at a time makes timing checks flaky. */
const defaultJobs = 2;
const maximumJobs = 16;

export function parseOptions(parameters: readonly string[]): RunnerOptions {
  const { values } = parseArgs({
    args: [...parameters],
    options: {
      target: { type: "string", default: "ottla" },
      suite: { type: "string", multiple: true },
      list: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      "allow-missing": { type: "boolean", default: false },
      verbose: { type: "boolean", default: false },
      jobs: { type: "string", default: String(defaultJobs) },
    },
  });
  const targets = targetsByName[values.target];
  if (targets === undefined)
    throw new Error(`--target ${values.target}: expected ottla, kafka or both`);
  const jobs = Number(values.jobs);
  if (!Number.isInteger(jobs) || jobs < 1 || jobs > maximumJobs) {
    throw new Error(`--jobs ${values.jobs}: expected a number from 1 to ${maximumJobs}`);
  }
  return {
    targets,
    suites: values.suite?.flatMap((names) => names.split(",")).filter((name) => name !== ""),
    list: values.list,
    json: values.json,
    allowMissing: values["allow-missing"],
    verbose: values.verbose,
    jobs,
  };
}
