import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import type { TargetName } from "../results/measurement.ts";
import type { MeasuredBroker } from "./broker.ts";

/** Kafka may take its time to shut down; longer than this and it hangs. */
const STOP_TIMEOUT_MS = 30_000;

export interface BrokerCommand {
  readonly name: TargetName;
  readonly port: number;
  readonly command: readonly [program: string, ...parameters: string[]];
  readonly directory: string;
  readonly logFile: string;
}

/** Processes that have not ended, so that an interrupted run leaves nothing behind. */
const running = new Set<() => void>();

export function killBrokers(): void {
  for (const kill of running) kill();
}

export function spawnBroker({
  name,
  port,
  command,
  directory,
  logFile,
}: BrokerCommand): MeasuredBroker {
  const [program, ...parameters] = command;
  const log = openSync(logFile, "a");
  const child = spawn(program, parameters, { stdio: ["ignore", log, log], cwd: directory });
  closeSync(log);
  const kill = (): void => {
    child.kill("SIGKILL");
  };
  running.add(kill);
  let isAsked = false;
  const ended = new Promise<void>((resolve) => {
    child.once("error", () => resolve());
    child.once("exit", (code, signal) => {
      running.delete(kill);
      if (!isAsked) {
        const lastLines = readFileSync(logFile, "utf8").trim().split("\n").slice(-4).join("\n");
        process.stderr.write(`\n${name} ended by itself with ${signal ?? code}: ${lastLines}\n`);
      }
      resolve();
    });
  });
  const { pid } = child;
  if (pid === undefined) throw new Error(`cannot start ${program}`);
  return {
    name,
    port,
    pid,
    bootstrap: `127.0.0.1:${port}`,
    get isRunning() {
      return child.exitCode === null && child.signalCode === null;
    },
    kill: async () => {
      isAsked = true;
      kill();
      await ended;
    },
    stop: async () => {
      isAsked = true;
      child.kill("SIGTERM");
      const timer = setTimeout(kill, STOP_TIMEOUT_MS);
      await ended;
      clearTimeout(timer);
    },
  };
}
