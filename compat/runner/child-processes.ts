/**
 * Runs commands, each in a process group of its own, so that a suite which runs out of time, or a runner that
 * is interrupted, leaves nothing behind: clients start further processes which would outlive a plain kill.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

export interface CommandOptions {
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly onLine: (line: string, stream: "stdout" | "stderr") => void;
}

export interface CommandEnd {
  readonly exitCode: number;
  readonly timedOut: boolean;
}

const groups = new Set<number>();

let interrupted = false;

/** Ends every running command and refuses new ones, so that each suite comes to its own clean-up at once. */
export function interruptCommands(): void {
  interrupted = true;
  for (const group of groups) killGroup(group);
}

export async function runCommand(
  command: readonly string[],
  options: CommandOptions,
): Promise<CommandEnd> {
  if (interrupted) throw new Error("interrupted");
  const [program = "", ...parameters] = command;
  const child = spawn(program, parameters, {
    cwd: options.cwd,
    env: { ...process.env, ...options.environment },
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const { pid } = child;
  if (pid === undefined) {
    // The error event tells why; without a listener it would end the runner.
    const [error] = await once(child, "error");
    throw new Error(`cannot start ${program}: ${String(error)}`);
  }
  groups.add(pid);
  createInterface({ input: child.stdout }).on("line", (line) => options.onLine(line, "stdout"));
  createInterface({ input: child.stderr }).on("line", (line) => options.onLine(line, "stderr"));
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    killGroup(pid);
  }, options.timeoutMs);
  try {
    const exitCode = await new Promise<number>((resolve, reject) => {
      child.once("error", reject);
      // Grandchildren may hold the pipes open after the command has gone: end them, then wait for the last lines.
      child.once("exit", () => killGroup(pid));
      child.once("close", (code) => resolve(code ?? 1));
    });
    return { exitCode, timedOut };
  } finally {
    clearTimeout(timer);
    groups.delete(pid);
  }
}

function killGroup(group: number): void {
  try {
    process.kill(-group, "SIGKILL");
  } catch (error) {
    // ESRCH: the whole group has already ended, which is what was wanted.
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}
