import type { ClientUsage } from "./client-process.ts";

/** What a load generator is asked for, and what it answers; the same for every client. */

export interface ConsumeLoad {
  readonly bootstrap: string;
  readonly topic: string;
  readonly partitions: number;
  readonly records: number;
  readonly recordBytes: number;
}

export type ProduceLoad = ConsumeLoad;

/** `linger.ms` of the Java producer and of librdkafka: how long they wait for more records. */
export const DEFAULT_LINGER_MS = 5;

export interface LatencyLoad {
  readonly bootstrap: string;
  readonly topic: string;
  readonly partitions: number;
  readonly recordBytes: number;
  readonly ratePerSecond: number;
  readonly seconds: number;
  /** Java measures with the default only. */
  readonly lingerMs?: number;
}

export interface LoadResult {
  readonly recordsPerSecond: number;
  /** Of 10^6 bytes, counting values only. */
  readonly megabytesPerSecond: number;
  readonly usage: ClientUsage | undefined;
}

export interface Percentiles {
  readonly p50: number;
  readonly p99: number;
  /** The share 0.999. */
  readonly p999: number;
}
