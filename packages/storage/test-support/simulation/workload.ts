import { buildControlBatch, CompressionType } from "@ottla/protocol";
import { buildTestBatch, type SeededRandom } from "@ottla/testkit";
import { defaultLogConfig, type LogConfig } from "../../src/index.ts";
import { lastOffsetOf, type ModelBatch, type PartitionModel } from "./model.ts";

const BASE: LogConfig = {
  ...defaultLogConfig,
  segmentBytes: 2500,
  indexIntervalBytes: 300,
  retentionMs: -1,
  fileDeleteDelayMs: 1000,
};

const RETENTIONS: readonly Partial<LogConfig>[] = [
  {},
  {},
  { retentionBytes: 5000 },
  { retentionMs: 40_000 },
];

const VARIANTS: readonly Partial<LogConfig>[] = [
  {},
  {},
  { segmentBytes: 1500 },
  { segmentMs: 15_000, segmentJitterMs: 3_000 },
  { segmentIndexBytes: 48 },
  { indexIntervalBytes: 60 },
  { fileDeleteDelayMs: 0 },
  { compressionType: "gzip" },
  { compressionType: "lz4" },
  { compressionType: "uncompressed" },
  { messageTimestampType: "LogAppendTime" },
];

/** Share of the partitions that are compacted. */
export const COMPACTED_SHARE = Number(process.env["OTTLA_COMPACTED_SHARE"] ?? 0.25);

const COMPACTION: Partial<LogConfig> = {
  cleanupPolicy: ["compact"],
  minCleanableDirtyRatio: 0.01,
  deleteRetentionMs: 2_000,
};

/** Retention by size or by time, never both, so that the model can tell why a segment went; or compaction alone. */
export function randomConfig(random: SeededRandom, compacted: boolean): LogConfig {
  const cleanup = compacted ? COMPACTION : random.pick(RETENTIONS);
  return { ...BASE, ...cleanup, ...random.pick(VARIANTS), ...random.pick(VARIANTS) };
}

export function randomTopicId(random: SeededRandom): string {
  return Buffer.from(random.bytes(16)).toString("base64url");
}

const CODECS = [
  ...Array.from({ length: 8 }, () => CompressionType.NONE),
  CompressionType.GZIP,
  CompressionType.SNAPPY,
  CompressionType.LZ4,
  CompressionType.ZSTD,
];
const PRODUCERS = 4;
/** Of those, the ones from here on use transactions, always. */
const FIRST_TRANSACTIONAL = 2;
const KEYS = 6;

interface Sequence {
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly baseSequence: number;
}

const PLAIN: Sequence = { producerId: -1, producerEpoch: -1, baseSequence: -1 };

function rewriteOf({ compressionType, messageTimestampType }: LogConfig): ModelBatch["rewritten"] {
  if (messageTimestampType === "LogAppendTime") return "time";
  return compressionType === "producer" ? "no" : "codec";
}

/** Makes up what producers send: fresh batches, retries, gaps, new epochs and zombies of old ones. */
export class Workload {
  readonly #random: SeededRandom;
  #sent = 0;

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  /** The next batch for a partition; its base offset is not known yet. */
  next(model: PartitionModel, leaderEpoch: number, nowMs: number): ModelBatch {
    const random = this.#random;
    // What a compacted log remembers of a producer's earlier batches depends on snapshots.
    const retry = !model.compacted && random.chance(0.12) ? this.#retry(model) : undefined;
    if (retry) return { ...retry, leaderEpoch };
    const recordCount = 1 + random.nextInt(4);
    const sequence = this.#sequence(model);
    const timestamps = Array.from(
      { length: recordCount },
      (_, index) => nowMs - random.nextInt(3000) + index,
    );
    const records = timestamps.map((timestamp) => this.#record(timestamp, model.compacted));
    const { producerId, producerEpoch, baseSequence } = sequence;
    const idempotence =
      producerId < 0 ? {} : { producerId: BigInt(producerId), producerEpoch, baseSequence };
    const transactional = producerId >= FIRST_TRANSACTIONAL;
    const compression = random.pick(CODECS);
    const sent = buildTestBatch({ records, compression, transactional, ...idempotence });
    const content = { recordCount, sent, transactional, marker: undefined, timestamps };
    const rewritten = rewriteOf(model.config);
    return { baseOffset: -1, ...content, ...sequence, leaderEpoch, rewritten };
  }

  /** The end of a producer's transaction, whether it is open or not. */
  marker(model: PartitionModel, leaderEpoch: number, nowMs: number): ModelBatch | undefined {
    const { random } = { random: this.#random };
    const producerId = FIRST_TRANSACTIONAL + random.nextInt(PRODUCERS - FIRST_TRANSACTIONAL);
    const known = model.producer(producerId);
    if (known?.openSince === undefined) return undefined;
    const marker = random.chance(0.5) ? "commit" : "abort";
    const producerEpoch = known.epoch;
    const producer = { producerId: BigInt(producerId), producerEpoch };
    const sent = buildControlBatch({
      type: marker,
      coordinatorEpoch: 0,
      ...producer,
      timestamp: nowMs,
    });
    const content = {
      recordCount: 1,
      sent,
      transactional: true,
      marker,
      timestamps: [nowMs],
    } as const;
    const sequence = { producerId, producerEpoch, baseSequence: -1 };
    const rewritten = rewriteOf(model.config);
    return { baseOffset: -1, ...content, ...sequence, leaderEpoch, rewritten };
  }

  #record(timestamp: number, mayDelete: boolean) {
    const random = this.#random;
    this.#sent += 1;
    const padding = "x".repeat(random.chance(0.1) ? random.nextInt(250) : random.nextInt(100));
    const value = mayDelete && random.chance(0.1) ? null : `${this.#sent} ${padding}`;
    return { key: `key-${random.nextInt(KEYS)}`, value, timestamp };
  }

  #sequence(model: PartitionModel): Sequence {
    const random = this.#random;
    if (random.chance(0.4)) return PLAIN;
    const producerId = random.nextInt(model.compacted ? FIRST_TRANSACTIONAL : PRODUCERS);
    const known = model.producer(producerId);
    const producerEpoch = known?.epoch ?? 0;
    const baseSequence = model.nextSequence(producerId);
    const last = known?.batches.at(-1);
    // What is left of a producer whose batches have all been deleted depends on snapshots; only its next batch is sure.
    const isInLog = last !== undefined && lastOffsetOf(last) >= model.logStartCeiling;
    // Least sure is one of which only the end of its transaction is left: it may start anew with an epoch.
    if (last && !isInLog && producerId >= FIRST_TRANSACTIONAL && known?.openSince === undefined)
      return { producerId, producerEpoch: producerEpoch + 1, baseSequence: 0 };
    if (isInLog && random.chance(0.08))
      return { producerId, producerEpoch, baseSequence: baseSequence + 1 + random.nextInt(5) };
    if (isInLog && random.chance(0.06))
      return { producerId, producerEpoch: producerEpoch + 1, baseSequence: 0 };
    if (isInLog && producerEpoch > 0 && random.chance(0.1))
      return { producerId, producerEpoch: producerEpoch - 1, baseSequence };
    return { producerId, producerEpoch, baseSequence };
  }

  #retry(model: PartitionModel): ModelBatch | undefined {
    const candidates = model.producer(this.#random.nextInt(PRODUCERS))?.batches ?? [];
    const inLog = candidates.filter((batch) => batch.baseOffset >= model.logStartCeiling);
    return inLog.length === 0 ? undefined : this.#random.pick(inLog);
  }
}
