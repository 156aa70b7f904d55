import type { CompressionType } from "../compression/compression-type.ts";
import { DecodeError } from "../errors/decode-error.ts";
import * as header from "./batch-header.ts";

/** A batch has at least its header; a smaller length field is damage. */
const MIN_BATCH_LENGTH = header.RECORD_BATCH_OVERHEAD - header.LOG_OVERHEAD;

/**
 * The header of one batch, read in place. The constructor checks that the batch is of format 2 and
 * lies wholly inside the bytes; the CRC is checked only by `isCrcValid`.
 */
export class RecordBatchView {
  readonly bytes: Uint8Array;
  /** Where the batch starts in `bytes`. */
  readonly offset: number;

  constructor(bytes: Uint8Array, offset = 0) {
    const remaining = bytes.length - offset;
    if (remaining < header.RECORD_BATCH_OVERHEAD) {
      throw new DecodeError(`record batch header needs 61 bytes, ${remaining} are left`, offset);
    }
    checkHeader(bytes, offset, remaining);
    const size = header.batchSizeAt(bytes, offset);
    if (size > remaining) {
      throw new DecodeError(`record batch of ${size} bytes, ${remaining} are left`, offset);
    }
    this.bytes = bytes;
    this.offset = offset;
  }

  get baseOffset(): number {
    return header.baseOffsetAt(this.bytes, this.offset);
  }
  get batchLength(): number {
    return header.batchLengthAt(this.bytes, this.offset);
  }
  get sizeBytes(): number {
    return header.batchSizeAt(this.bytes, this.offset);
  }
  get partitionLeaderEpoch(): number {
    return header.partitionLeaderEpochAt(this.bytes, this.offset);
  }
  get magic(): number {
    return header.magicAt(this.bytes, this.offset);
  }
  get crc(): number {
    return header.crcAt(this.bytes, this.offset);
  }
  get attributes(): number {
    return header.attributesAt(this.bytes, this.offset);
  }
  get compression(): CompressionType {
    return header.compressionAt(this.bytes, this.offset);
  }
  get timestampType(): header.TimestampType {
    return header.timestampTypeAt(this.bytes, this.offset);
  }
  get isTransactional(): boolean {
    return header.isTransactionalAt(this.bytes, this.offset);
  }
  get isControl(): boolean {
    return header.isControlAt(this.bytes, this.offset);
  }
  get hasDeleteHorizon(): boolean {
    return header.hasDeleteHorizonAt(this.bytes, this.offset);
  }
  get lastOffsetDelta(): number {
    return header.lastOffsetDeltaAt(this.bytes, this.offset);
  }
  get lastOffset(): number {
    return header.lastOffsetAt(this.bytes, this.offset);
  }
  /** Offset after this batch; never baseOffset + recordCount, as compaction leaves holes. */
  get nextOffset(): number {
    return this.lastOffset + 1;
  }
  get baseTimestamp(): number {
    return header.baseTimestampAt(this.bytes, this.offset);
  }
  get maxTimestamp(): number {
    return header.maxTimestampAt(this.bytes, this.offset);
  }
  get producerId(): bigint {
    return header.producerIdAt(this.bytes, this.offset);
  }
  get producerEpoch(): number {
    return header.producerEpochAt(this.bytes, this.offset);
  }
  get baseSequence(): number {
    return header.baseSequenceAt(this.bytes, this.offset);
  }
  get lastSequence(): number {
    return header.lastSequenceAt(this.bytes, this.offset);
  }
  get recordCount(): number {
    return header.recordCountAt(this.bytes, this.offset);
  }

  isCrcValid(): boolean {
    return header.isCrcValidAt(this.bytes, this.offset);
  }

  /** The records as they lie in the batch, compressed or not; a view, not a copy. */
  recordsBytes(): Uint8Array {
    const start = this.offset + header.RECORD_BATCH_OVERHEAD;
    return this.bytes.subarray(start, this.offset + this.sizeBytes);
  }

  /** The whole batch as a view. */
  batchBytes(): Uint8Array {
    return this.bytes.subarray(this.offset, this.offset + this.sizeBytes);
  }
}

/** Every whole batch in order. A cut batch at the end, which a fetch may return, ends the iteration. */
export function* iterateBatches(bytes: Uint8Array): Generator<RecordBatchView, void, undefined> {
  let at = 0;
  while (bytes.length - at >= header.LOG_OVERHEAD) {
    const remaining = bytes.length - at;
    checkHeader(bytes, at, remaining);
    const size = header.batchSizeAt(bytes, at);
    if (size > remaining) return;
    yield new RecordBatchView(bytes, at);
    at += size;
  }
}

/** Checks as much of length and magic as `remaining` bytes allow. */
function checkHeader(bytes: Uint8Array, at: number, remaining: number): void {
  if (remaining > header.BatchField.MAGIC) {
    const magic = header.magicAt(bytes, at);
    if (magic !== header.RECORD_BATCH_MAGIC) {
      throw new DecodeError(`record batch with magic ${magic}, only 2 is supported`, at);
    }
  }
  const batchLength = header.batchLengthAt(bytes, at);
  if (batchLength < MIN_BATCH_LENGTH) {
    throw new DecodeError(`record batch length ${batchLength} is below its header's`, at);
  }
}
