import { CompressionType } from "../compression/compression-type.ts";
import { compress } from "../compression/registry.ts";
import {
  BatchAttribute,
  BatchField,
  computeCrcAt,
  LOG_OVERHEAD,
  NO_PARTITION_LEADER_EPOCH,
  NO_PRODUCER_EPOCH,
  NO_PRODUCER_ID,
  NO_SEQUENCE,
  NO_TIMESTAMP,
  RECORD_BATCH_MAGIC,
  RECORD_BATCH_OVERHEAD,
  TimestampType,
} from "./batch-header.ts";
import { RecordWriter, type RecordInput } from "./record-writer.ts";

export interface RecordBatchBuilderOptions {
  readonly compression?: CompressionType;
  /** For gzip and zstd only. */
  readonly compressionLevel?: number;
  readonly timestampType?: TimestampType;
  readonly producerId?: bigint;
  readonly producerEpoch?: number;
  readonly baseSequence?: number;
  readonly transactional?: boolean;
  /** Marks a batch of control records; see `buildControlBatch`. */
  readonly control?: boolean;
  readonly baseOffset?: number;
  readonly partitionLeaderEpoch?: number;
  /** `append` refuses a record that would take the uncompressed batch past this; the first always fits. */
  readonly maxBytes?: number;
}

const MAX_OFFSET_DELTA = 0x7fffffff;

/** Collects records in one growing buffer behind the header's place, then compresses and seals. */
export class RecordBatchBuilder {
  private readonly options: RecordBatchBuilderOptions;
  private readonly baseOffset: number;
  private readonly maxBytes: number;
  private readonly writer = new RecordWriter(RECORD_BATCH_OVERHEAD);
  private count = 0;
  private lastOffsetDelta = -1;
  private baseTimestamp = NO_TIMESTAMP;
  private maxTimestamp = NO_TIMESTAMP;
  private built = false;

  constructor(options: RecordBatchBuilderOptions = {}) {
    this.options = options;
    this.baseOffset = options.baseOffset ?? 0;
    this.maxBytes = options.maxBytes ?? Number.POSITIVE_INFINITY;
  }

  get recordCount(): number {
    return this.count;
  }

  /** Size of the batch so far before compression. */
  get estimatedSizeBytes(): number {
    return this.writer.sizeBytes;
  }

  /** Adds a record, or returns false and changes nothing when it does not fit any more. */
  append(record: RecordInput): boolean {
    if (this.built) throw new Error("the batch is built already");
    const offsetDelta =
      record.offset === undefined ? this.lastOffsetDelta + 1 : record.offset - this.baseOffset;
    if (!(offsetDelta > this.lastOffsetDelta && offsetDelta <= MAX_OFFSET_DELTA)) {
      throw new RangeError(`offset delta ${offsetDelta} after ${this.lastOffsetDelta}`);
    }
    if (!Number.isSafeInteger(record.timestamp) || record.timestamp < NO_TIMESTAMP) {
      throw new RangeError(`timestamp ${record.timestamp} is neither -1 nor a safe integer from 0`);
    }
    const baseTimestamp = this.count === 0 ? record.timestamp : this.baseTimestamp;
    const timestampDelta = record.timestamp - baseTimestamp;
    const room =
      this.count === 0 ? Number.POSITIVE_INFINITY : this.maxBytes - this.writer.sizeBytes;
    if (!this.writer.write(record, timestampDelta, offsetDelta, room)) return false;
    this.baseTimestamp = baseTimestamp;
    this.maxTimestamp = Math.max(this.maxTimestamp, record.timestamp);
    this.lastOffsetDelta = offsetDelta;
    this.count++;
    return true;
  }

  /** The finished batch. The builder cannot be used afterwards. */
  build(): Uint8Array {
    if (this.built) throw new Error("the batch is built already");
    if (this.count === 0) throw new Error("a record batch needs at least one record");
    this.built = true;
    const compression = this.options.compression ?? CompressionType.NONE;
    let batch = this.writer.bytes();
    if (compression !== CompressionType.NONE) {
      const records = batch.subarray(RECORD_BATCH_OVERHEAD);
      const compressed = compress(compression, records, this.options.compressionLevel);
      batch = new Uint8Array(RECORD_BATCH_OVERHEAD + compressed.length);
      batch.set(compressed, RECORD_BATCH_OVERHEAD);
    }
    this.writeHeader(batch, compression);
    return batch;
  }

  private writeHeader(batch: Uint8Array, compression: CompressionType): void {
    const { options } = this;
    const view = new DataView(batch.buffer, batch.byteOffset, batch.byteLength);
    const attributes =
      compression |
      (options.timestampType === TimestampType.LOG_APPEND_TIME
        ? BatchAttribute.LOG_APPEND_TIME
        : 0) |
      (options.transactional === true ? BatchAttribute.TRANSACTIONAL : 0) |
      (options.control === true ? BatchAttribute.CONTROL : 0);
    view.setBigInt64(BatchField.BASE_OFFSET, BigInt(this.baseOffset));
    view.setInt32(BatchField.BATCH_LENGTH, batch.length - LOG_OVERHEAD);
    view.setInt32(
      BatchField.PARTITION_LEADER_EPOCH,
      options.partitionLeaderEpoch ?? NO_PARTITION_LEADER_EPOCH,
    );
    view.setInt8(BatchField.MAGIC, RECORD_BATCH_MAGIC);
    view.setInt16(BatchField.ATTRIBUTES, attributes);
    view.setInt32(BatchField.LAST_OFFSET_DELTA, this.lastOffsetDelta);
    view.setBigInt64(BatchField.BASE_TIMESTAMP, BigInt(this.baseTimestamp));
    view.setBigInt64(BatchField.MAX_TIMESTAMP, BigInt(this.maxTimestamp));
    view.setBigInt64(BatchField.PRODUCER_ID, options.producerId ?? NO_PRODUCER_ID);
    view.setInt16(BatchField.PRODUCER_EPOCH, options.producerEpoch ?? NO_PRODUCER_EPOCH);
    view.setInt32(BatchField.BASE_SEQUENCE, options.baseSequence ?? NO_SEQUENCE);
    view.setInt32(BatchField.RECORD_COUNT, this.count);
    view.setUint32(BatchField.CRC, computeCrcAt(batch, 0));
  }
}
