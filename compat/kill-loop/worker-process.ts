// A Python worker: its lines are collected, SIGTERM asks it to finish, and a failure of its own is noticed at once.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { createInterface } from "node:readline";

function python(): string {
  const work = process.env["OTTLA_COMPAT_WORK"];
  if (work === undefined)
    throw new Error("OTTLA_COMPAT_WORK is not set; start this suite through npm run test:compat");
  return path.join(work, "bin", "python");
}

export class WorkerProcess {
  readonly name: string;
  readonly lines: string[] = [];
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;

  constructor(name: string, argumentList: readonly string[]) {
    this.name = name;
    const child = spawn(python(), argumentList, {
      cwd: import.meta.dirname,
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child = child;
    const lastErrors: string[] = [];
    createInterface({ input: child.stdout }).on("line", (line) => this.lines.push(line));
    createInterface({ input: child.stderr }).on("line", (line) => {
      lastErrors.push(line);
      if (lastErrors.length > 3) lastErrors.shift();
    });
    this.#ended = once(child, "close").then(([code, signal]) => {
      if (code === 0) return;
      const reason =
        this.lines.findLast((line) => line.startsWith("failed")) ?? lastErrors.join(" ");
      throw new Error(`${name} ended with ${code ?? signal}: ${reason}`);
    });
    // The failure is taken up by `finish` or `ended`; until then it must not end the process.
    this.#ended.catch(() => {});
  }

  /** Settles when the worker has ended; rejects when it failed. */
  get ended(): Promise<void> {
    return this.#ended;
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** Asks the worker to end in good order and waits until it has. */
  async finish(): Promise<readonly string[]> {
    this.#child.kill("SIGTERM");
    await this.#ended;
    return this.lines;
  }

  kill(): void {
    if (!this.hasEnded) this.#child.kill("SIGKILL");
  }
}
