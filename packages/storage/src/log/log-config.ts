export type CompressionSetting = "producer" | "uncompressed" | "gzip" | "snappy" | "lz4" | "zstd";

/** The topic settings that concern one log, under Kafka's names in camelCase; units are in the names of Kafka's settings. */
export interface LogConfig {
  readonly cleanupPolicy: readonly ("delete" | "compact")[];
  readonly compressionType: CompressionSetting;
  readonly segmentBytes: number;
  readonly segmentMs: number;
  readonly segmentJitterMs: number;
  readonly segmentIndexBytes: number;
  readonly indexIntervalBytes: number;
  readonly retentionBytes: number;
  readonly retentionMs: number;
  readonly fileDeleteDelayMs: number;
  readonly deleteRetentionMs: number;
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
  segmentBytes: 1_073_741_824,
  segmentMs: 7 * DAY_MS,
  segmentJitterMs: 0,
  segmentIndexBytes: 10_485_760,
  indexIntervalBytes: 4096,
  retentionBytes: -1,
  retentionMs: 7 * DAY_MS,
  fileDeleteDelayMs: 60_000,
  deleteRetentionMs: DAY_MS,
  maxMessageBytes: 1_048_588,
  messageTimestampType: "CreateTime",
  messageTimestampBeforeMaxMs: Number.MAX_SAFE_INTEGER,
  messageTimestampAfterMaxMs: 3_600_000,
};
