import { runClient, type ClientRun } from "./client-process.ts";
import type { LoadResult, Percentiles, ProduceLoad, ConsumeLoad, LatencyLoad } from "./load.ts";

/** So long the virtual machine starts and compiles, which is not its load yet. */
const START_UP_MS = 1500;

const BYTES_PER_MEBIBYTE = 2 ** 20;

/** The heap of Kafka's own start script for tools is 256 MiB, too small for its default 64 MiB of fetched data and buffers. */
const JVM_FLAGS = ["-Xms512m", "-Xmx512m", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"];

/** So much of the records warms the client's compiler up and is not counted: until then it takes the processors from the broker. */
const WARM_UP_SHARE = 0.5;

/** The same before latencies count. */
export const LATENCY_WARM_UP_SECONDS = 2;

export interface JavaProduceResult extends LoadResult {
  /** The tool measures whole milliseconds. */
  readonly latencyMs: Percentiles;
}

/** Kafka's producer-perf-test and consumer-perf-test, by their classes. */
export class JavaPerf {
  readonly #classPath: string;

  constructor(classPath: string) {
    this.#classPath = classPath;
  }

  async produce(load: ProduceLoad): Promise<JavaProduceResult> {
    const options = { throughput: -1, warmUp: Math.floor(load.records * WARM_UP_SHARE) };
    const { stdout, usage } = await this.#producer(load, options);
    return { ...parseProducerPerf(stdout, load.recordBytes), usage };
  }

  /** At a fixed rate; the latency of what was sent after the warm-up. */
  async latency({ ratePerSecond, seconds, ...load }: LatencyLoad): Promise<JavaProduceResult> {
    const warmUp = ratePerSecond * LATENCY_WARM_UP_SECONDS;
    const records = warmUp + ratePerSecond * seconds;
    const { stdout, usage } = await this.#producer(
      { ...load, records },
      { throughput: ratePerSecond, warmUp },
    );
    return { ...parseProducerPerf(stdout, load.recordBytes), usage };
  }

  #producer(
    { bootstrap, topic, records, recordBytes }: ProduceLoad,
    { throughput, warmUp }: { readonly throughput: number; readonly warmUp: number },
  ): Promise<ClientRun> {
    return this.#tool("ProducerPerformance", [
      ["--bootstrap-server", bootstrap],
      ["--topic", topic],
      ["--num-records", String(records)],
      ["--warmup-records", String(warmUp)],
      ["--record-size", String(recordBytes)],
      ["--throughput", String(throughput)],
      ["--command-property", "acks=all"],
    ]);
  }

  async consume({ bootstrap, topic, records }: ConsumeLoad): Promise<LoadResult> {
    const { stdout, usage } = await this.#tool("ConsumerPerformance", [
      ["--bootstrap-server", bootstrap],
      ["--topic", topic],
      ["--num-records", String(records)],
      ["--timeout", "30000"],
    ]);
    return { ...parseConsumerPerf(stdout, records), usage };
  }

  #tool(name: string, options: readonly (readonly string[])[]): Promise<ClientRun> {
    const parameters = [
      "-cp",
      this.#classPath,
      ...JVM_FLAGS,
      `org.apache.kafka.tools.${name}`,
      ...options.flat(),
    ];
    return runClient("java", parameters, START_UP_MS);
  }
}

const PRODUCER_LINE =
  /^(\d+) (?:steady state )?records sent, ([\d.]+) records\/sec \(([\d.]+) MB\/sec\), .* (\d+) ms 50th, (\d+) ms 95th, (\d+) ms 99th, (\d+) ms 99\.9th/;

/** The last summary counts: with a warm-up that is the steady state. Its "MB" are of 2^20 bytes; ours of 10^6. */
export function parseProducerPerf(
  output: string,
  recordBytes: number,
): Omit<JavaProduceResult, "usage"> {
  const match = output
    .split("\n")
    .map((line) => PRODUCER_LINE.exec(line))
    .findLast((found) => found !== null);
  if (!match) throw new Error(`producer-perf-test reported nothing: ${output.trim().slice(-300)}`);
  const recordsPerSecond = Number(match[2]);
  return {
    recordsPerSecond,
    megabytesPerSecond: (recordsPerSecond * recordBytes) / 1e6,
    latencyMs: { p50: Number(match[4]), p99: Number(match[6]), p999: Number(match[7]) },
  };
}

/** The columns that leave joining the group out; they are found by name, because releases have moved them. */
export function parseConsumerPerf(output: string, records: number): Omit<LoadResult, "usage"> {
  const rows = output
    .trim()
    .split("\n")
    .map((line) => line.split(",").map((cell) => cell.trim()));
  const header = rows.find((row) => row.includes("fetch.MB.sec"));
  const values = rows.at(-1);
  if (header === undefined || values === undefined || values === header) {
    throw new Error(`consumer-perf-test reported nothing: ${output.trim().slice(-300)}`);
  }
  const column = (name: string): number => Number(values[header.indexOf(name)]);
  const consumed = column("data.consumed.in.nMsg");
  if (consumed < records)
    throw new Error(`consumer-perf-test read ${consumed} of ${records} records`);
  return {
    recordsPerSecond: column("fetch.nMsg.sec"),
    megabytesPerSecond: (column("fetch.MB.sec") * BYTES_PER_MEBIBYTE) / 1e6,
  };
}
