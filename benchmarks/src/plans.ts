import type { ClientName } from "./options.ts";

export const PARTS = ["limits", "micro", "start", "memory", "scale", "background", "e2e"] as const;
export type Part = (typeof PARTS)[number];

/** What grows in the scaling part. */
export const DIMENSIONS = [
  "partitions",
  "topics",
  "connections",
  "record-size",
  "segments",
] as const;
export type Dimension = (typeof DIMENSIONS)[number];

export interface ScalePoints {
  readonly ottla: readonly number[];
  /** Kafka for comparison: fewer, because creating 10,000 partitions takes it long. */
  readonly kafka: readonly number[];
}

export interface LimitSizes {
  readonly diskMebibytes: number;
  readonly syncs: number;
  readonly loopbackMebibytes: number;
}

/** How much is measured; most figures can be set by themselves as well. */
export interface Plan {
  /** What runs unless parts are named. */
  readonly defaultParts: readonly Part[];
  readonly rounds: number;
  /** Memory changes little from one round to the next. */
  readonly memoryRounds: number;
  /** When this much time has passed only the first round goes on; what was measured counts. */
  readonly minutesMax: number | undefined;
  readonly recordSizes: readonly number[];
  readonly partitionCounts: readonly number[];
  /** Of values, for each produce run, so that runs of a fast and of a slow client take about as long. */
  readonly bytesPerRun: Readonly<Record<ClientName, number>>;
  readonly latencyRates: readonly number[];
  readonly latencySeconds: number;
  readonly microTimeMs: number;
  readonly limits: LimitSizes;
  readonly scale: Readonly<Record<Dimension, ScalePoints>>;
  readonly scaleSeconds: number;
  /** The start with many partitions, after a clean stop and after a kill. */
  readonly manyPartitions: { readonly partitions: number; readonly logBytes: number };
}

export const EFFORTS = ["quick", "normal", "full", "landing"] as const;
export type Effort = (typeof EFFORTS)[number];

const MEBIBYTE = 2 ** 20;
const ALL_SIZES = [100, 1024, 10 * 1024];
const TEN_GIGABYTES = 10e9;

const WHOLE_SCALE: Plan["scale"] = {
  partitions: { ottla: [1, 10, 100, 1000, 2000, 10_000], kafka: [1, 10, 100, 1000, 2000] },
  topics: { ottla: [1, 10, 100, 1000], kafka: [1, 10, 100, 1000] },
  connections: { ottla: [1, 10, 100, 1000, 10_000], kafka: [1, 10, 100, 1000, 10_000] },
  "record-size": {
    ottla: [10, 100, 1024, 10_240, 102_400, MEBIBYTE],
    kafka: [10, 100, 1024, 10_240, 102_400, MEBIBYTE],
  },
  segments: { ottla: [1, 10, 100, 1000], kafka: [1, 10, 100, 1000] },
};

export const PLANS: Readonly<Record<Effort, Plan>> = {
  quick: {
    defaultParts: PARTS,
    rounds: 1,
    memoryRounds: 1,
    minutesMax: undefined,
    recordSizes: [1024],
    partitionCounts: [1],
    bytesPerRun: { java: 64 * MEBIBYTE, librdkafka: 128 * MEBIBYTE },
    latencyRates: [10_000],
    latencySeconds: 5,
    microTimeMs: 20,
    limits: { diskMebibytes: 64, syncs: 100, loopbackMebibytes: 128 },
    scale: {
      partitions: { ottla: [1, 100, 1000], kafka: [] },
      topics: { ottla: [1, 100], kafka: [] },
      connections: { ottla: [1, 1000], kafka: [] },
      "record-size": { ottla: [10, 1024, MEBIBYTE], kafka: [] },
      segments: { ottla: [1, 100], kafka: [] },
    },
    scaleSeconds: 1,
    manyPartitions: { partitions: 1000, logBytes: 64e6 },
  },
  normal: {
    defaultParts: PARTS,
    rounds: 3,
    memoryRounds: 3,
    minutesMax: undefined,
    recordSizes: ALL_SIZES,
    partitionCounts: [1, 16],
    bytesPerRun: { java: 128 * MEBIBYTE, librdkafka: 512 * MEBIBYTE },
    latencyRates: [10_000, 50_000],
    latencySeconds: 10,
    microTimeMs: 100,
    limits: { diskMebibytes: 512, syncs: 1000, loopbackMebibytes: 1024 },
    scale: WHOLE_SCALE,
    scaleSeconds: 3,
    manyPartitions: { partitions: 10_000, logBytes: 1e9 },
  },
  full: {
    defaultParts: PARTS,
    rounds: 5,
    memoryRounds: 5,
    minutesMax: undefined,
    recordSizes: ALL_SIZES,
    partitionCounts: [1, 16],
    bytesPerRun: { java: 512 * MEBIBYTE, librdkafka: 1024 * MEBIBYTE },
    latencyRates: [10_000, 50_000],
    latencySeconds: 20,
    microTimeMs: 250,
    limits: { diskMebibytes: 512, syncs: 1000, loopbackMebibytes: 1024 },
    scale: WHOLE_SCALE,
    scaleSeconds: 5,
    manyPartitions: { partitions: 10_000, logBytes: TEN_GIGABYTES },
  },
  // Everything that the targets speak of, within a quarter of an hour.
  landing: {
    defaultParts: ["limits", "start", "memory", "scale", "e2e"],
    rounds: 2,
    memoryRounds: 1,
    minutesMax: 14,
    recordSizes: ALL_SIZES,
    partitionCounts: [1, 16],
    bytesPerRun: { java: 48 * MEBIBYTE, librdkafka: 256 * MEBIBYTE },
    latencyRates: [10_000, 50_000],
    latencySeconds: 4,
    microTimeMs: 20,
    limits: { diskMebibytes: 256, syncs: 300, loopbackMebibytes: 512 },
    scale: {
      partitions: { ottla: [1, 100, 1000, 2000, 10_000], kafka: [1, 1000] },
      topics: { ottla: [1, 1000], kafka: [] },
      connections: { ottla: [1, 10, 100, 1000, 10_000], kafka: [] },
      "record-size": {
        ottla: [10, 100, 1024, 10_240, 102_400, MEBIBYTE],
        kafka: [10, 1024, MEBIBYTE],
      },
      segments: { ottla: [1, 10, 100, 1000], kafka: [] },
    },
    scaleSeconds: 1,
    manyPartitions: { partitions: 10_000, logBytes: TEN_GIGABYTES },
  },
};
