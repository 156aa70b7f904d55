// The real server in a process of its own, on a disk that fails on command; see failing-disk.c.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readSync, writeFileSync, writeSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { WireClient } from "../../apps/broker/src/test/wire-client.ts";
import { brokerProgram } from "../runner/ottla-target.ts";

/** The order of `struct control` in failing-disk.c. */
const FIELDS = [
  "syncsLeft",
  "quotaBytes",
  "writesLeft",
  "shortWrites",
  "syncsFailed",
  "writesRefused",
  "writesShortened",
  "truncatesFail",
] as const;
type Field = (typeof FIELDS)[number];

const FIELD_BYTES = 8;
const UNLIMITED = -1;
const HEALTHY: Readonly<Partial<Record<Field, number>>> = {
  syncsLeft: UNLIMITED,
  quotaBytes: UNLIMITED,
  writesLeft: UNLIMITED,
  shortWrites: 0,
  truncatesFail: 0,
};

/** Faults that are armed and lifted while the server runs, and what has come of them. */
export class FailingDisk {
  readonly controlFile: string;
  readonly directory: string;
  readonly #file: number;

  constructor(work: string) {
    this.directory = path.join(work, "data");
    this.controlFile = path.join(work, "control");
    writeFileSync(this.controlFile, new Uint8Array(FIELDS.length * FIELD_BYTES));
    this.#file = openSync(this.controlFile, "r+");
    this.heal();
  }

  arm(faults: Readonly<Partial<Record<Field, number>>>): void {
    for (const [field, value] of Object.entries(faults)) {
      const bytes = Buffer.alloc(FIELD_BYTES);
      bytes.writeBigInt64LE(BigInt(value));
      writeSync(this.#file, bytes, 0, FIELD_BYTES, FIELDS.indexOf(field as Field) * FIELD_BYTES);
    }
  }

  heal(): void {
    this.arm(HEALTHY);
  }

  count(field: Field): number {
    const bytes = Buffer.alloc(FIELD_BYTES);
    readSync(this.#file, bytes, 0, FIELD_BYTES, FIELDS.indexOf(field) * FIELD_BYTES);
    return Number(bytes.readBigInt64LE());
  }

  close(): void {
    closeSync(this.#file);
  }
}

export interface ServerEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** What it wrote on the standard error. */
  readonly lines: readonly string[];
}

export class FaultyServer {
  readonly client: WireClient;
  readonly #child: ChildProcess;
  readonly #ended: Promise<ServerEnd>;

  private constructor(child: ChildProcess, client: WireClient, ended: Promise<ServerEnd>) {
    this.#child = child;
    this.client = client;
    this.#ended = ended;
  }

  static async start(disk: FailingDisk, settings: readonly string[] = []): Promise<FaultyServer> {
    const overrides = settings.flatMap((setting) => ["--override", setting]);
    const place = ["--data-dir", disk.directory, "--port", "0", "--log-level", "error"];
    const child = spawn(process.execPath, [...brokerProgram(), "server", ...place, ...overrides], {
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        ...process.env,
        LD_PRELOAD: path.join(process.env["OTTLA_COMPAT_WORK"] ?? "", "failing-disk.so"),
        FAILING_DISK_DIRECTORY: disk.directory,
        FAILING_DISK_CONTROL: disk.controlFile,
      },
    });
    const lines: string[] = [];
    createInterface({ input: child.stderr }).on("line", (line) => lines.push(line));
    const ended = once(child, "close").then(([code, signal]): ServerEnd => ({
      code,
      signal,
      lines,
    }));
    for await (const line of createInterface({ input: child.stdout })) {
      const port = /kafka=\S+:(\d+)/.exec(line)?.[1];
      if (port === undefined) continue;
      child.stdout.resume();
      return new FaultyServer(child, await WireClient.connect(Number(port)), ended);
    }
    const { code } = await ended;
    throw new Error(`the server ended with ${code} at start: ${lines.join(" ").slice(-400)}`);
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Resolves when the server has ended by itself. */
  get ended(): Promise<ServerEnd> {
    return this.#ended;
  }

  async stop(): Promise<ServerEnd> {
    this.#child.kill("SIGTERM");
    return this.#ended;
  }

  kill(): void {
    if (this.isRunning) this.#child.kill("SIGKILL");
  }
}
