/** One suite on one target: install, a fresh broker, the commands, the verdict; everything is ended and removed after. */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { CheckLines, type Check } from "./check-lines.ts";
import { runCommand } from "./child-processes.ts";
import { ControlEndpoint } from "./control-endpoint.ts";
import type { Installations } from "./installations.ts";
import { KafkaTarget } from "./kafka-target.ts";
import type { Needs } from "./needs.ts";
import { OttlaTarget } from "./ottla-target.ts";
import type { Suite } from "./suite.ts";
import type { Target, TargetName } from "./target.ts";

export interface SuiteResult {
  readonly suite: string;
  readonly target: TargetName;
  readonly checks: readonly Check[];
  /** Set when the suite could not run and `--allow-missing` was given. */
  readonly skipped?: string;
  readonly seconds: number;
  /** What the suite printed beside its checks, and the broker's log; shown after a failure. */
  readonly output: readonly string[];
  readonly brokerLog: string;
}

export interface RunSuiteOptions {
  readonly needs: Needs;
  readonly installations: Installations;
  readonly allowMissing: boolean;
  /** Sees every line as it comes. */
  readonly onLine: (line: string) => void;
}

const keptOutputLines = 60;

export async function runSuite(
  suite: Suite,
  targetName: TargetName,
  options: RunSuiteOptions,
): Promise<SuiteResult> {
  const started = performance.now();
  const output: string[] = [];
  const keep = (line: string): void => {
    output.push(line);
    if (output.length > keptOutputLines) output.shift();
    options.onLine(line);
  };
  const finish = (rest: Partial<SuiteResult>): SuiteResult => ({
    suite: suite.name,
    target: targetName,
    checks: [],
    output,
    brokerLog: "",
    ...rest,
    seconds: (performance.now() - started) / 1000,
  });
  const failed = (text: string, detail: string): SuiteResult =>
    finish({ checks: [{ passed: false, text, detail }] });

  const lacking = await options.needs.lacking(suite);
  if (lacking !== undefined) {
    return options.allowMissing
      ? finish({ skipped: lacking })
      : failed("the machine has what it needs", lacking);
  }
  const { installations } = options;
  const failedInstall = await installations.install(suite, keep);
  if (failedInstall !== undefined) return failed("the suite can be installed", failedInstall);
  const environment = installations.environment(suite);
  try {
    return finish(await runOnBroker(suite, targetName, environment, keep));
  } catch (error) {
    return failed("the broker starts", error instanceof Error ? error.message : String(error));
  }
}

async function runOnBroker(
  suite: Suite,
  targetName: TargetName,
  environment: Readonly<Record<string, string>>,
  keep: (line: string) => void,
): Promise<Partial<SuiteResult>> {
  const directory = mkdtempSync(path.join(tmpdir(), `ottla-compat-${suite.name}-`));
  const temporary = path.join(directory, "temp");
  mkdirSync(temporary);
  let target: Target | undefined;
  let control: ControlEndpoint | undefined;
  try {
    target = await (targetName === "ottla"
      ? OttlaTarget.create(directory)
      : KafkaTarget.create(directory));
    await target.start();
    control = await ControlEndpoint.open(target);
    const lines = await runChecks(suite, keep, {
      ...environment,
      OTTLA_COMPAT_BOOTSTRAP: target.bootstrap,
      OTTLA_COMPAT_CONTROL: control.url,
      OTTLA_COMPAT_TARGET: target.name,
      OTTLA_COMPAT_DATA_DIR: target.dataDir,
      OTTLA_COMPAT_TEMP: temporary,
    });
    await control.close();
    const checks = [...lines.checks, await stopCheck(target)];
    return { checks, brokerLog: target.log() };
  } finally {
    await control?.close();
    await target?.kill();
    rmSync(directory, { recursive: true, force: true });
  }
}

/** That the broker stops in time and without an error after a suite's load is a check of its own. */
async function stopCheck(target: Target): Promise<Check> {
  const text = "the broker stops gracefully after the suite";
  try {
    await target.stop();
    return { passed: true, text, detail: "" };
  } catch (error) {
    return { passed: false, text, detail: error instanceof Error ? error.message : String(error) };
  }
}

async function runChecks(
  suite: Suite,
  keep: (line: string) => void,
  environment: Readonly<Record<string, string>>,
): Promise<CheckLines> {
  const lines = new CheckLines();
  const end = await runCommand(suite.run, {
    cwd: suite.directory,
    environment,
    timeoutMs: suite.timeoutSeconds * 1000,
    onLine: (line, stream) => {
      keep(line);
      if (stream === "stdout") lines.take(line);
    },
  });
  lines.end(end);
  return lines;
}
