import { execFile } from "node:child_process";
import { existsSync, mkdirSync, statSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { ConsumeLoad, LatencyLoad, LoadResult, ProduceLoad } from "./load.ts";

const run = promisify(execFile);

const SOURCE = fileURLToPath(new URL("../librdkafka/load.c", import.meta.url));
const TOOL_TIMEOUT_MS = 600_000;

export interface LibrdkafkaLatency {
  /** From producing to the acknowledgement. */
  readonly acknowledgedMs: { readonly p50: number; readonly p99: number };
  /** From producing to the consumer's hands. */
  readonly endToEndMs: { readonly p50: number; readonly p99: number };
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
    const cache = process.env["XDG_CACHE_HOME"] || path.join(homedir(), ".cache");
    const directory = path.join(cache, "ottla-benchmarks");
    const program = path.join(directory, "librdkafka-load");
    if (!existsSync(program) || statSync(program).mtimeMs < statSync(SOURCE).mtimeMs) {
      mkdirSync(directory, { recursive: true });
      try {
        await run("gcc", [
          "-O2",
          "-Wall",
          "-Wextra",
          "-Werror",
          SOURCE,
          "-o",
          program,
          "-lrdkafka",
          "-lpthread",
        ]);
      } catch (error) {
        throw new Error("cannot compile against librdkafka: install gcc and librdkafka-dev", {
          cause: error,
        });
      }
    }
    const { stdout } = await run(program, ["version"]);
    return new Librdkafka(program, stdout.trim());
  }

  async produce(load: ProduceLoad): Promise<LoadResult> {
    const { bootstrap, topic, records, recordBytes } = load;
    const result = await this.#run("produce", [bootstrap, topic, records, recordBytes]);
    return rates(load, number(result, "seconds"));
  }

  async consume(load: ConsumeLoad): Promise<LoadResult> {
    const { bootstrap, topic, partitions, records, recordBytes } = load;
    const result = await this.#run("consume", [bootstrap, topic, records, recordBytes, partitions]);
    return rates(load, number(result, "seconds"));
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
    ];
    const result = await this.#run("latency", parameters);
    return {
      acknowledgedMs: { p50: number(result, "ackP50Ms"), p99: number(result, "ackP99Ms") },
      endToEndMs: { p50: number(result, "endToEndP50Ms"), p99: number(result, "endToEndP99Ms") },
      recordsPerSecond: (ratePerSecond * seconds) / number(result, "seconds"),
    };
  }

  async #run(
    mode: string,
    parameters: readonly (string | number)[],
  ): Promise<Record<string, unknown>> {
    const { stdout } = await run(this.#program, [mode, ...parameters.map(String)], {
      timeout: TOOL_TIMEOUT_MS,
    });
    return JSON.parse(stdout) as Record<string, unknown>;
  }
}

function rates({ records, recordBytes }: ProduceLoad, seconds: number): LoadResult {
  return {
    recordsPerSecond: records / seconds,
    megabytesPerSecond: (records * recordBytes) / 1e6 / seconds,
  };
}

function number(result: Record<string, unknown>, name: string): number {
  const value = result[name];
  if (typeof value !== "number") throw new Error(`the load generator reported no ${name}`);
  return value;
}
