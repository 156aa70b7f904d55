/*
 * The process of a real server under 16 fast producers and 20 lagging consumers: its resident memory stays below
 * 512 MiB and every record arrives. Linux keeps the greatest resident size of a process, so nothing is sampled.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, test } from "vitest";

const PRODUCERS = 16;
const CONSUMERS = 20;
const PARTITIONS = 20;
/** Of each producer; 18 MB each, a batch for every partition, all sent at once. */
const REQUESTS = 1;
/** What an operator gives a broker of this size. */
const RECEIVE_BUDGET = `ottla.receive.memory.bytes=${96 * 1024 * 1024}`;
const LIMIT_BYTES = 512 * 1024 * 1024;
const CONDITIONS = ["--conditions=@ottla/source"];
const READY = /^ottla ready kafka=\S+:(\d+) /;

const children: ChildProcess[] = [];
const directories: string[] = [];

afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const exited = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await exited;
  }
  for (const directory of directories.splice(0))
    rmSync(directory, { recursive: true, force: true });
});

function pathOf(relative: string): string {
  return fileURLToPath(new URL(relative, import.meta.url));
}

function start(program: string, args: readonly string[]): ChildProcess {
  const child = spawn(process.execPath, [...CONDITIONS, program, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, UV_USE_IO_URING: "0" },
  });
  children.push(child);
  return child;
}

/** The first line that matches; rejects with what the process said when it ends before. */
function lineOf(child: ChildProcess, pattern: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let complaints = "";
    child.stderr!.on(
      "data",
      (chunk: Buffer) => (complaints = `${complaints}${chunk}`.slice(-2000)),
    );
    createInterface({ input: child.stdout! }).on(
      "line",
      (line) => pattern.test(line) && resolve(line),
    );
    child.once("exit", (code, signal) =>
      reject(new Error(`ended with ${signal ?? code}: ${complaints}`)),
    );
  });
}

interface Flood {
  readonly consumed: number;
  readonly peakBytes: number;
}

async function flood(overrides: readonly string[]): Promise<Flood> {
  const directory = mkdtempSync(join(tmpdir(), "ottla-memory-"));
  directories.push(directory);
  const server = start(pathOf("../../../cli/src/main.ts"), [
    "server",
    "--data-dir",
    join(directory, "data"),
    "--port",
    "0",
    ...overrides.flatMap((override) => ["--override", override]),
  ]);
  const [, port = ""] = READY.exec(await lineOf(server, READY)) ?? [];
  const counts = [PRODUCERS, CONSUMERS, PARTITIONS, REQUESTS].map(String);
  const load = start(pathOf("./memory-load.ts"), [port, ...counts]);
  const { consumed } = JSON.parse(await lineOf(load, /^\{/)) as { consumed: number };
  const status = readFileSync(`/proc/${server.pid}/status`, "utf8");
  const [, peakKib = "NaN"] = /^VmHWM:\s+(\d+) kB$/m.exec(status) ?? [];
  const peakBytes = Number(peakKib) * 1024;
  console.log(
    `peak of the server ${overrides.join(" ")}: ${Math.round(peakBytes / 1024 / 1024)} MiB`,
  );
  return { consumed, peakBytes };
}

describe.skipIf(!existsSync("/proc/self/status"))("a broker with 512 MiB", () => {
  test(
    `serves ${PRODUCERS} fast producers and ${CONSUMERS} lagging consumers within them`,
    { timeout: 120_000 },
    async () => {
      const { consumed, peakBytes } = await flood([RECEIVE_BUDGET]);
      expect(consumed).toBe(CONSUMERS * PRODUCERS * REQUESTS);
      expect(peakBytes).toBeLessThan(LIMIT_BYTES);
    },
  );

  test(
    "needs more with a budget for requests that bounds nothing, so the test sees what it looks for",
    { timeout: 120_000 },
    async () => {
      const { consumed, peakBytes } = await flood([`ottla.receive.memory.bytes=${8 * 1024 ** 3}`]);
      expect(consumed).toBe(CONSUMERS * PRODUCERS * REQUESTS);
      expect(peakBytes).toBeGreaterThan(LIMIT_BYTES);
    },
  );
});
