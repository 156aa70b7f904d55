import { fileURLToPath } from "node:url";
import { compileNative } from "../native/compile-native.ts";
import { runClient, type ClientUsage } from "./client-process.ts";
import {
  DEFAULT_LINGER_MS,
  type ConsumeLoad,
  type LatencyLoad,
  type LoadResult,
  type Percentiles,
  type ProduceLoad,
} from "./load.ts";

const SOURCE = fileURLToPath(new URL("../librdkafka/load.c", import.meta.url));

/** It loads in no time, but joins its broker only after up to a second. */
const START_UP_MS = 200;

export interface LibrdkafkaLatency {
  /** From producing to the acknowledgement. */
  readonly acknowledgedMs: Percentiles;
  /** From producing to the consumer's hands. */
  readonly endToEndMs: Percentiles;
  readonly recordsPerSecond: number;
}

/** Our small load generator over librdkafka, compiled when its source is newer than the program. */
export class Librdkafka {
  readonly version: string;
  readonly #program: string;

  private constructor(program: string, version: string) {
    this.#program = program;
    this.version = version;
  }

  static async compile(): Promise<Librdkafka> {
    const program = await compileNative({
      name: "librdkafka-load",
      source: SOURCE,
      libraries: ["rdkafka"],
      needs: "gcc and librdkafka-dev",
    });
    const { stdout } = await runClient(program, ["version"], 0);
    return new Librdkafka(program, stdout.trim());
  }

  async produce(load: ProduceLoad): Promise<LoadResult> {
    const { bootstrap, topic, records, recordBytes } = load;
    const { result, usage } = await this.#run("produce", [bootstrap, topic, records, recordBytes]);
    return rates(load, number(result, "seconds"), usage);
  }

  async consume(load: ConsumeLoad): Promise<LoadResult> {
    const { bootstrap, topic, partitions, records, recordBytes } = load;
    const parameters = [bootstrap, topic, records, recordBytes, partitions];
    const { result, usage } = await this.#run("consume", parameters);
    return rates(load, number(result, "seconds"), usage);
  }

  async latency(load: LatencyLoad): Promise<LibrdkafkaLatency> {
    const { bootstrap, topic, partitions, recordBytes, ratePerSecond, seconds } = load;
    const parameters = [
      bootstrap,
      topic,
      ratePerSecond * seconds,
      recordBytes,
      partitions,
      ratePerSecond,
      load.lingerMs ?? DEFAULT_LINGER_MS,
    ];
    const { result } = await this.#run("latency", parameters);
    return {
      acknowledgedMs: percentiles(result, "ack"),
      endToEndMs: percentiles(result, "endToEnd"),
      recordsPerSecond: (ratePerSecond * seconds) / number(result, "seconds"),
    };
  }

  async #run(
    mode: string,
    parameters: readonly (string | number)[],
  ): Promise<{ result: Record<string, unknown>; usage: ClientUsage | undefined }> {
    const { stdout, usage } = await runClient(
      this.#program,
      [mode, ...parameters.map(String)],
      START_UP_MS,
    );
    return { result: JSON.parse(stdout) as Record<string, unknown>, usage };
  }
}

function rates(
  { records, recordBytes }: ProduceLoad,
  seconds: number,
  usage: ClientUsage | undefined,
): LoadResult {
  return {
    recordsPerSecond: records / seconds,
    megabytesPerSecond: (records * recordBytes) / 1e6 / seconds,
    usage,
  };
}

function percentiles(result: Record<string, unknown>, prefix: "ack" | "endToEnd"): Percentiles {
  const value = (name: string): number => number(result, `${prefix}${name}Ms`);
  return { p50: value("P50"), p99: value("P99"), p999: value("P999") };
}

function number(result: Record<string, unknown>, name: string): number {
  const value = result[name];
  if (typeof value !== "number") throw new Error(`the load generator reported no ${name}`);
  return value;
}
