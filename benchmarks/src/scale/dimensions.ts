import type { LoadTopic } from "../native/wire-load.ts";
import { sizeName } from "../end-to-end/names.ts";
import type { Dimension } from "../plans.ts";

/** What the Java producer sends by default. */
const BATCH_BYTES = 16 * 1024;
const RECORD_BYTES = 1000;

/** The least that Kafka takes. */
const SMALL_SEGMENT_BYTES = 2 ** 20;

/** A few busy clients; more add nothing on a loopback that one of them can fill. */
const CONNECTIONS = 4;
const BUSY_CONNECTIONS_MAX = 10;

/** Requests under way over all connections, the same at each point, or the window would be what is measured. */
const REQUESTS_UNDER_WAY = 64;
/** Larger requests are fewer: so much is under way at most. */
const BYTES_UNDER_WAY_MAX = 16 * 2 ** 20;

export interface ScaleLoad {
  readonly topics: readonly LoadTopic[];
  readonly connections: number;
  readonly active: number;
  readonly depth: number;
  /** Before the load, so many small segments are written to the topic. */
  readonly smallSegments: number;
}

/** The load at one point of a dimension; all else is the same at each of its points. */
export function scaleLoad(dimension: Dimension, x: number, prefix: string): ScaleLoad {
  const recordBytes = dimension === "record-size" ? x : RECORD_BYTES;
  const recordsPerBatch = Math.max(1, Math.floor(BATCH_BYTES / recordBytes));
  const topic = (index: number): LoadTopic => ({
    name: `${prefix}-${index}`,
    partitions: dimension === "partitions" ? x : 1,
    recordBytes,
    recordsPerBatch,
  });
  const connections = dimension === "connections" ? x : CONNECTIONS;
  const active = Math.min(connections, BUSY_CONNECTIONS_MAX);
  const requests = Math.min(
    REQUESTS_UNDER_WAY,
    Math.floor(BYTES_UNDER_WAY_MAX / (recordBytes * recordsPerBatch)),
  );
  return {
    topics: Array.from({ length: dimension === "topics" ? x : 1 }, (_, index) => topic(index)),
    connections,
    active,
    depth: Math.max(1, Math.floor(requests / active)),
    smallSegments: dimension === "segments" ? x - 1 : 0,
  };
}

const SMALL_BATCH_RECORDS = Math.floor(BATCH_BYTES / RECORD_BYTES);

/** What fills the topic of a load with small segments. */
export const SMALL_SEGMENT = {
  settings: { "segment.bytes": String(SMALL_SEGMENT_BYTES) },
  recordBytes: RECORD_BYTES,
  recordsPerBatch: SMALL_BATCH_RECORDS,
  /** The last that fits; overheads are a small part of it. */
  batches: Math.floor(SMALL_SEGMENT_BYTES / (SMALL_BATCH_RECORDS * (RECORD_BYTES + 20))),
} as const;

/** What the load itself is measured with, in all segments alike. */
export const LARGE_SEGMENT_SETTINGS = { "segment.bytes": String(2 ** 30) } as const;

export const DIMENSION_TITLES: Readonly<Record<Dimension, string>> = {
  partitions: "partitions of a topic, written in turn",
  topics: "topics of one partition, written in turn",
  connections: "connections, of which ten at most produce",
  "record-size": "size of a record in bytes",
  segments: "segments of the log that is written",
};

export function pointTitle(dimension: Dimension, x: number): string {
  if (dimension === "record-size") return `records of ${sizeName(x)}`;
  return `${x.toLocaleString("en-US")} ${x === 1 ? dimension.slice(0, -1) : dimension}`;
}
