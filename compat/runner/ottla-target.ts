/** Ottla as a target: the command line program from source, as a child process. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, openSync, readFileSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { freePorts } from "../../tools/apache-kafka/free-port.ts";
import { repositoryRoot } from "./repository.ts";
import { brokerOverrides, type Target } from "./target.ts";

const startTimeoutMs = 30_000;
const stopTimeoutMs = 15_000;

const readyLine = /^ottla ready kafka=(\S+) data=(\S+) node=(\S+) in=(\S+)$/;

export class OttlaTarget implements Target {
  readonly name = "ottla";
  readonly bootstrap: string;
  readonly dataDir: string;
  readonly #port: number;
  readonly #directory: string;
  readonly #logFile: string;
  #process: ChildProcess | undefined;

  private constructor(directory: string, port: number) {
    this.#port = port;
    this.#directory = directory;
    this.bootstrap = `127.0.0.1:${port}`;
    this.dataDir = path.join(directory, "data");
    this.#logFile = path.join(directory, "ottla.err");
  }

  static async create(directory: string): Promise<OttlaTarget> {
    const [port = 0] = await freePorts(1);
    return new OttlaTarget(directory, port);
  }

  async start(): Promise<void> {
    if (this.#process !== undefined) throw new Error("this Ottla broker is already running");
    const log = openSync(this.#logFile, "a");
    const overrides = Object.entries(brokerOverrides).flatMap(([name, value]) => [
      "--override",
      `${name}=${value}`,
    ]);
    const child = spawn(
      process.execPath,
      [
        ...brokerProgram(),
        "server",
        "--data-dir",
        this.dataDir,
        "--port",
        String(this.#port),
        ...overrides,
      ],
      { stdio: ["ignore", "pipe", log], cwd: this.#directory },
    );
    closeSync(log);
    this.#process = child;
    child.once("exit", () => {
      if (this.#process === child) this.#process = undefined;
    });
    await this.#ready(child);
  }

  async stop(): Promise<void> {
    const child = this.#process;
    if (child === undefined) return;
    const exit = once(child, "exit");
    child.kill("SIGTERM");
    const timer = new AbortController();
    const late = sleep(stopTimeoutMs, undefined, { signal: timer.signal }).catch(() => undefined);
    const result = await Promise.race([exit, late]);
    timer.abort();
    if (result === undefined) {
      await this.kill();
      throw new Error(`Ottla did not stop on SIGTERM within ${stopTimeoutMs} ms`);
    }
    const [code, signal] = result;
    if (code !== 0) throw new Error(`Ottla ended with ${String(signal ?? code)} on SIGTERM`);
  }

  async kill(): Promise<void> {
    const child = this.#process;
    if (child === undefined) return;
    const exit = once(child, "exit");
    child.kill("SIGKILL");
    await exit;
  }

  log(): string {
    return existsSync(this.#logFile) ? readFileSync(this.#logFile, "utf8") : "";
  }

  /** Resolves at the ready line; what else the broker prints on stdout is drained, or it would block. */
  async #ready(child: ChildProcess): Promise<void> {
    const { stdout } = child;
    if (stdout === null) throw new Error("the broker's stdout is not a pipe");
    const lines = createInterface({ input: stdout });
    const ready = new Promise<void>((resolve, reject) => {
      lines.on("line", (line) => {
        const match = readyLine.exec(line);
        if (match === null) return;
        const address = match[1] ?? "";
        if (address.endsWith(`:${this.#port}`)) resolve();
        else reject(new Error(`asked for port ${this.#port}, Ottla says ${line}`));
      });
      child.once("error", reject);
      child.once("exit", (code, signal) =>
        reject(
          new Error(
            `Ottla ended with ${String(signal ?? code)} at start: ${this.log().slice(-600)}`,
          ),
        ),
      );
    });
    const timer = new AbortController();
    const late = sleep(startTimeoutMs, "late" as const, { signal: timer.signal });
    late.catch(() => undefined);
    const outcome = await Promise.race([ready, late]);
    timer.abort();
    if (outcome === "late") {
      await this.kill();
      throw new Error(
        `Ottla printed no ready line within ${startTimeoutMs} ms: ${this.log().slice(-600)}`,
      );
    }
  }
}

/** CI tests what `npm install` leaves to users, the bundle; by hand the source runs, which cannot be out of date. */
export function brokerProgram(): string[] {
  if (process.env["CI"] === "true") return [path.join(repositoryRoot, "apps/cli/bin/ottla.mjs")];
  return ["--conditions=@ottla/source", path.join(repositoryRoot, "apps/cli/src/main.ts")];
}
