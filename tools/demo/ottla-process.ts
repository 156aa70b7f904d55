import { spawn, type ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { text } from "node:stream/consumers";

const MAIN = join(import.meta.dirname, "../../apps/cli/src/main.ts");

/** A run of the command line, as a person would start it. */
export class OttlaProcess {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #errors: Promise<string>;
  readonly #exit: Promise<number>;

  constructor(args: readonly string[], bootstrapServer?: string) {
    const env = {
      ...process.env,
      ...(bootstrapServer === undefined ? {} : { OTTLA_BOOTSTRAP_SERVER: bootstrapServer }),
    };
    this.#child = spawn(process.execPath, ["--conditions=@ottla/source", MAIN, ...args], {
      stdio: ["pipe", "pipe", "pipe"],
      env,
    });
    this.#errors = text(this.#child.stderr);
    this.#exit = once(this.#child, "close").then(([code, signal]) =>
      typeof code === "number" ? code : signal === "SIGKILL" ? 137 : 1,
    );
  }

  get input(): Writable {
    return this.#child.stdin;
  }

  lines(): AsyncIterable<string> {
    return createInterface({ input: this.#child.stdout, crlfDelay: Number.POSITIVE_INFINITY });
  }

  kill(signal: "SIGINT" | "SIGTERM" | "SIGKILL"): void {
    this.#child.kill(signal);
  }

  exitCode(): Promise<number> {
    return this.#exit;
  }

  errors(): Promise<string> {
    return this.#errors;
  }
}

/** Runs a command to its end and returns what it printed. */
export async function runOttla(args: readonly string[], bootstrapServer: string): Promise<string> {
  const run = new OttlaProcess(args, bootstrapServer);
  run.input.end();
  const lines: string[] = [];
  for await (const line of run.lines()) lines.push(line);
  const code = await run.exitCode();
  if (code !== 0)
    throw new Error(`ottla ${args.join(" ")} ended with ${code}: ${await run.errors()}`);
  return lines.join("\n");
}

export interface RunningBroker {
  readonly bootstrapServer: string;
  /** Milliseconds until it was ready, by its own measure. */
  readonly readyMs: number;
  readonly process: OttlaProcess;
}

/** Starts a broker and waits for its ready line. */
export async function startBroker(dataDirectory: string): Promise<RunningBroker> {
  const server = new OttlaProcess([
    "server",
    "--data-dir",
    dataDirectory,
    "--port",
    "0",
    "--log-level",
    "warn",
  ]);
  for await (const line of server.lines()) {
    const ready = /^ottla ready kafka=(\S+) .* in=(\d+)$/.exec(line);
    if (ready !== null)
      return { bootstrapServer: ready[1] ?? "", readyMs: Number(ready[2]), process: server };
  }
  throw new Error(`the broker did not start: ${await server.errors()}`);
}
