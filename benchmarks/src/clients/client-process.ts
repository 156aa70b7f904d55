import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { parseCpuSeconds } from "../machine/process-usage.ts";
import { busySecondsOf } from "../machine/processor-time.ts";

/** A load generator that takes longer hangs. */
const TOOL_TIMEOUT_MS = 600_000;
const OUTPUT_BYTES_MAX = 64 * 2 ** 20;

/** Often enough for loads of a second, rarely enough to cost nothing. */
const SAMPLE_MS = 100;

/** Who kept the processors busy while a client ran, in processors. */
export interface ClientUsage {
  /** By the client itself. */
  readonly clientCores: number;
  /** By everybody, the kernel included. */
  readonly busyCores: number;
}

export interface ClientRun {
  readonly stdout: string;
  /** Undefined where the system does not show it, or the run was too short to tell. */
  readonly usage: ClientUsage | undefined;
}

interface Sample {
  readonly atMs: number;
  readonly clientSeconds: number;
  readonly busySeconds: number;
}

/** Runs a load generator to its end. What it uses in its first `startUpMs` is its start, not its load. */
export async function runClient(
  program: string,
  parameters: readonly string[],
  startUpMs: number,
): Promise<ClientRun> {
  const samples: Sample[] = [];
  const options = { timeout: TOOL_TIMEOUT_MS, maxBuffer: OUTPUT_BYTES_MAX };
  let timer: NodeJS.Timeout | undefined;
  try {
    const stdout = await new Promise<string>((resolve, reject) => {
      const child = execFile(program, parameters, options, (error, output, errors) => {
        if (error === null) resolve(output);
        else reject(new Error(reasonOf(error, errors), { cause: error }));
      });
      timer = setInterval(() => takeSample(child.pid, samples), SAMPLE_MS);
    });
    return { stdout, usage: usageOf(samples, startUpMs) };
  } finally {
    clearInterval(timer);
  }
}

/** The last line of what a client complains about says what went wrong; the command does not. */
function reasonOf(error: Error, errors: string): string {
  return errors.trim().split("\n").at(-1) || error.message;
}

function takeSample(pid: number | undefined, samples: Sample[]): void {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const busySeconds = busySecondsOf(readFileSync("/proc/stat", "utf8"));
    samples.push({ atMs: performance.now(), clientSeconds: parseCpuSeconds(stat), busySeconds });
  } catch {
    // The process ended between two samples, or the system has no /proc: the samples that exist count.
  }
}

/** Of the time after the start, unless that leaves less than half of the run. */
export function usageOf(samples: readonly Sample[], startUpMs: number): ClientUsage | undefined {
  const last = samples.at(-1);
  const [earliest] = samples;
  if (last === undefined || earliest === undefined) return undefined;
  const loadFrom = samples.find(({ atMs }) => atMs >= earliest.atMs + startUpMs) ?? last;
  const first = loadFrom.atMs - earliest.atMs <= last.atMs - loadFrom.atMs ? loadFrom : earliest;
  const seconds = (last.atMs - first.atMs) / 1000;
  if (seconds <= 0) return undefined;
  return {
    clientCores: (last.clientSeconds - first.clientSeconds) / seconds,
    busyCores: (last.busySeconds - first.busySeconds) / seconds,
  };
}
