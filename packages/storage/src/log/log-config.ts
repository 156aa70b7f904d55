export type CompressionSetting = "producer" | "uncompressed" | "gzip" | "snappy" | "lz4" | "zstd";

/** The topic settings that concern one log, under Kafka's names in camelCase; units are in the names of Kafka's settings. */
export interface LogConfig {
  readonly cleanupPolicy: readonly ("delete" | "compact")[];
  readonly compressionType: CompressionSetting;
  /** Where the log compresses with gzip: 1 to 9, or -1 for zlib's own default. */
  readonly compressionGzipLevel: number;
  /** Where the log compresses with zstd: -131072 to 22. */
  readonly compressionZstdLevel: number;
  readonly segmentBytes: number;
  readonly segmentMs: number;
  readonly segmentJitterMs: number;
  readonly segmentIndexBytes: number;
  readonly indexIntervalBytes: number;
  readonly retentionBytes: number;
  readonly retentionMs: number;
  readonly fileDeleteDelayMs: number;
  readonly deleteRetentionMs: number;
  /** Compaction waits until this share of the log, from 0 to 1, was not cleaned yet. */
  readonly minCleanableDirtyRatio: number;
  /** A record younger than this is not compacted. */
  readonly minCompactionLagMs: number;
  /** A record older than this is compacted whatever the dirty ratio. */
  readonly maxCompactionLagMs: number;
  readonly maxMessageBytes: number;
  readonly messageTimestampType: "CreateTime" | "LogAppendTime";
  readonly messageTimestampBeforeMaxMs: number;
  readonly messageTimestampAfterMaxMs: number;
}

const DAY_MS = 86_400_000;

/** Kafka 4.3's defaults. Times without limit are MAX_SAFE_INTEGER, because 2^63-1 is not a safe number. */
export const defaultLogConfig: LogConfig = {
  cleanupPolicy: ["delete"],
  compressionType: "producer",
  compressionGzipLevel: -1,
  compressionZstdLevel: 3,
  segmentBytes: 1_073_741_824,
  segmentMs: 7 * DAY_MS,
  segmentJitterMs: 0,
  segmentIndexBytes: 10_485_760,
  indexIntervalBytes: 4096,
  retentionBytes: -1,
  retentionMs: 7 * DAY_MS,
  fileDeleteDelayMs: 60_000,
  deleteRetentionMs: DAY_MS,
  minCleanableDirtyRatio: 0.5,
  minCompactionLagMs: 0,
  maxCompactionLagMs: Number.MAX_SAFE_INTEGER,
  maxMessageBytes: 1_048_588,
  messageTimestampType: "CreateTime",
  messageTimestampBeforeMaxMs: Number.MAX_SAFE_INTEGER,
  messageTimestampAfterMaxMs: 3_600_000,
};
