import { Bench, type Task } from "tinybench";
import { addAssignorBenchmarks } from "../client/assignors.bench.ts";
import { addCommitBenchmarks } from "../coordinator/commits.bench.ts";
import { addCodecBenchmarks } from "../codec/codec.bench.ts";
import { addRecordsBenchmarks } from "../codec/records.bench.ts";
import type { Options } from "../options.ts";
import type { Cell, MeasurementLog } from "../results/measurement-log.ts";
import { formatNumber } from "../results/number-format.ts";
import { addWaitingBenchmarks } from "../runtime/waiting.bench.ts";
import { measureEngines, type Measured } from "../storage/engine.bench.ts";

interface Suite {
  readonly packageName: string;
  add(bench: Bench): void | Promise<void>;
}

const SUITES: readonly Suite[] = [
  { packageName: "protocol", add: addCodecBenchmarks },
  { packageName: "protocol", add: addRecordsBenchmarks },
  { packageName: "runtime", add: addWaitingBenchmarks },
  { packageName: "coordinator", add: addCommitBenchmarks },
  { packageName: "client", add: addAssignorBenchmarks },
];

/** Codecs of rivals end the names of their tasks. */
const RIVAL = /: (ottla|kafkajs|platformatic)$/;

/** Of the engine's batches. */
const ENGINE_SHARES = { quick: 0.05, landing: 0.05, normal: 0.5, full: 1 } as const;

/** By the flush policy with which they are compared. */
const RAW_SUBJECTS = { "raw write + fdatasync": "group", "raw write": "none" } as const;

export async function runMicro(
  options: Options,
  log: MeasurementLog,
  directory: string,
): Promise<void> {
  for (const { packageName, add } of SUITES) {
    const bench = new Bench({
      time: options.microTimeMs,
      warmupTime: options.microTimeMs / 4,
      throws: true,
    });
    await add(bench);
    for (let round = 0; round < options.rounds; round++) {
      for (const task of await bench.run()) addTask(log, packageName, task);
    }
  }
  await runEngines(options, log, directory);
}

/** Each engine beside the same bytes written by bare system calls with the same flushing, taken in the same round. */
async function runEngines(options: Options, log: MeasurementLog, directory: string): Promise<void> {
  const run = { root: directory, rounds: options.rounds, share: ENGINE_SHARES[options.effort] };
  const raw = new Map<string, Measured>();
  await measureEngines(run, (load, subject, measured) => {
    if (subject in RAW_SUBJECTS) {
      raw.set(RAW_SUBJECTS[subject as keyof typeof RAW_SUBJECTS], measured);
      return;
    }
    const title = `storage: append, ${load}, ${subject}`;
    const cell = {
      id: `micro/storage/${load}/${subject}`,
      section: "micro",
      title,
      unit: "MB/s",
      better: "higher",
    } as const;
    const bare = raw.get(subject.endsWith(", group") ? "group" : "none");
    addEngine(log, cell, "ottla", measured);
    if (bare !== undefined) addEngine(log, cell, "bare file", bare);
  });
}

function addEngine(log: MeasurementLog, cell: Cell, series: string, measured: Measured): void {
  const { megabytesPerSecond, p50Ms, p99Ms } = measured;
  log.add(
    cell,
    series,
    megabytesPerSecond,
    `p50 ${formatNumber(p50Ms)} ms, p99 ${formatNumber(p99Ms)} ms`,
  );
}

function addTask(log: MeasurementLog, packageName: string, task: Task): void {
  const { result } = task;
  if (!("latency" in result)) throw new Error(`${task.name} did not finish: ${result.state}`);
  const { latency } = result;
  const name = task.name.replace(RIVAL, "");
  const series = RIVAL.exec(task.name)?.[1] ?? "ottla";
  log.add(
    {
      id: `micro/${packageName}/${name}`,
      section: "micro",
      title: `${packageName}: ${name}`,
      unit: "ops/s",
      better: "higher",
    },
    series,
    // Of the median duration: the mean belongs to the garbage collector and to whoever else is at work.
    1000 / latency.p50,
    `p50 ${microseconds(latency.p50)}, p99 ${microseconds(latency.p99)}`,
  );
}

function microseconds(ms: number): string {
  return `${formatNumber(ms * 1000)} µs`;
}
