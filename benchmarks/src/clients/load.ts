/** What a load generator is asked for, and what it answers; the same for every client. */

export interface ConsumeLoad {
  readonly bootstrap: string;
  readonly topic: string;
  readonly partitions: number;
  readonly records: number;
  readonly recordBytes: number;
}

export type ProduceLoad = ConsumeLoad;

export interface LatencyLoad {
  readonly bootstrap: string;
  readonly topic: string;
  readonly partitions: number;
  readonly recordBytes: number;
  readonly ratePerSecond: number;
  readonly seconds: number;
}

export interface LoadResult {
  readonly recordsPerSecond: number;
  /** Of 10^6 bytes, counting values only. */
  readonly megabytesPerSecond: number;
}
