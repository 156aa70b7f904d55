import { readFileSync } from "node:fs";

/** What a process used so far, from the kernel; all its threads count. */
export interface ProcessUsage {
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  /** The most that it ever had. */
  readonly residentBytesMax: number;
}

/** USER_HZ, in which the kernel shows times to programs: 100 on every platform that Linux runs Node on. */
const TICKS_PER_SECOND = 100;

export function processUsage(pid: number): ProcessUsage {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return {
    cpuSeconds: parseCpuSeconds(stat),
    residentBytes: parseStatusBytes(status, "VmRSS"),
    residentBytesMax: parseStatusBytes(status, "VmHWM"),
  };
}

/** utime and stime are fields 14 and 15; the name, field 2, may itself contain spaces and parentheses. */
export function parseCpuSeconds(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const ticks = Number(fields[11]) + Number(fields[12]);
  if (!Number.isFinite(ticks)) throw new Error(`not a process status: ${stat.slice(0, 80)}`);
  return ticks / TICKS_PER_SECOND;
}

export function parseStatusBytes(status: string, name: string): number {
  const match = new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(status);
  if (match === null) throw new Error(`the process status has no ${name}`);
  return Number(match[1]) * 1024;
}
