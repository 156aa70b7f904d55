import { crc32c } from "../checksum/crc32c.ts";
import type { CompressionType } from "../compression/compression-type.ts";
import { DecodeError } from "../errors/decode-error.ts";

// Record batch v2, big-endian, 61 bytes before the records:
//
//    0 baseOffset i64           23 lastOffsetDelta i32
//    8 batchLength i32          27 baseTimestamp i64 (the delete horizon when bit 6 is set)
//   12 partitionLeaderEpoch i32 35 maxTimestamp i64
//   16 magic i8 = 2             43 producerId i64
//   17 crc u32                  51 producerEpoch i16
//   21 attributes i16           53 baseSequence i32
//                               57 recordCount i32
//
// batchLength counts what follows its own field. The CRC-32C covers everything from the attributes to
// the end, so that a broker can set base offset and partition leader epoch in place.
// Attributes: bits 0-2 codec, 3 LogAppendTime, 4 transactional, 5 control, 6 delete horizon present.
//
// The functions here read one field at (bytes, at) and allocate nothing; `at` is the start of the batch.
// They trust that 61 bytes are there: check with `batchSizeAt` and the length of your buffer first.

/** Bytes of base offset and batch length, which batchLength does not count. */
export const LOG_OVERHEAD = 12;
/** Bytes of a batch before its records. */
export const RECORD_BATCH_OVERHEAD = 61;
export const RECORD_BATCH_MAGIC = 2;
export const NO_PRODUCER_ID = -1n;
export const NO_PRODUCER_EPOCH = -1;
export const NO_SEQUENCE = -1;
export const NO_PARTITION_LEADER_EPOCH = -1;
export const NO_TIMESTAMP = -1;

export const TimestampType = { CREATE_TIME: 0, LOG_APPEND_TIME: 1 } as const;
export type TimestampType = (typeof TimestampType)[keyof typeof TimestampType];

export const BatchField = {
  BASE_OFFSET: 0,
  BATCH_LENGTH: 8,
  PARTITION_LEADER_EPOCH: 12,
  MAGIC: 16,
  CRC: 17,
  ATTRIBUTES: 21,
  LAST_OFFSET_DELTA: 23,
  BASE_TIMESTAMP: 27,
  MAX_TIMESTAMP: 35,
  PRODUCER_ID: 43,
  PRODUCER_EPOCH: 51,
  BASE_SEQUENCE: 53,
  RECORD_COUNT: 57,
} as const;

export const BatchAttribute = {
  COMPRESSION_MASK: 0x07,
  LOG_APPEND_TIME: 0x08,
  TRANSACTIONAL: 0x10,
  CONTROL: 0x20,
  DELETE_HORIZON: 0x40,
} as const;

const TWO_POW_32 = 2 ** 32;
const MAX_INT32 = 0x7fffffff;

function int16At(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16)) >> 16;
}

function int32At(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
}

/** A 64-bit field as a number; hostile values that a number cannot hold exactly are a DecodeError. */
function safeInt64At(bytes: Uint8Array, at: number): number {
  const value = int32At(bytes, at) * TWO_POW_32 + (int32At(bytes, at + 4) >>> 0);
  if (!Number.isSafeInteger(value)) throw new DecodeError("64-bit field beyond 2^53", at);
  return value;
}

function setInt16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >> 8;
  bytes[at + 1] = value;
}

function setInt32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >> 24;
  bytes[at + 1] = value >> 16;
  bytes[at + 2] = value >> 8;
  bytes[at + 3] = value;
}

function setSafeInt64(bytes: Uint8Array, at: number, value: number): void {
  if (!Number.isSafeInteger(value)) throw new RangeError(`${value} is not a safe integer`);
  setInt32(bytes, at, Math.floor(value / TWO_POW_32));
  setInt32(bytes, at + 4, value);
}

export function baseOffsetAt(bytes: Uint8Array, at: number): number {
  return safeInt64At(bytes, at + BatchField.BASE_OFFSET);
}

export function batchLengthAt(bytes: Uint8Array, at: number): number {
  return int32At(bytes, at + BatchField.BATCH_LENGTH);
}

/** Bytes of the whole batch; needs only the first 12 bytes. Not checked: may be negative or huge. */
export function batchSizeAt(bytes: Uint8Array, at: number): number {
  return batchLengthAt(bytes, at) + LOG_OVERHEAD;
}

export function partitionLeaderEpochAt(bytes: Uint8Array, at: number): number {
  return int32At(bytes, at + BatchField.PARTITION_LEADER_EPOCH);
}

export function magicAt(bytes: Uint8Array, at: number): number {
  return (bytes[at + BatchField.MAGIC]! << 24) >> 24;
}

export function crcAt(bytes: Uint8Array, at: number): number {
  return int32At(bytes, at + BatchField.CRC) >>> 0;
}

export function attributesAt(bytes: Uint8Array, at: number): number {
  return int16At(bytes, at + BatchField.ATTRIBUTES);
}

/** The codec number; 5 to 7 are possible in hostile input and refused by `decompress`. */
export function compressionAt(bytes: Uint8Array, at: number): CompressionType {
  return (attributesAt(bytes, at) & BatchAttribute.COMPRESSION_MASK) as CompressionType;
}

export function timestampTypeAt(bytes: Uint8Array, at: number): TimestampType {
  return (attributesAt(bytes, at) & BatchAttribute.LOG_APPEND_TIME) === 0
    ? TimestampType.CREATE_TIME
    : TimestampType.LOG_APPEND_TIME;
}

export function isTransactionalAt(bytes: Uint8Array, at: number): boolean {
  return (attributesAt(bytes, at) & BatchAttribute.TRANSACTIONAL) !== 0;
}

export function isControlAt(bytes: Uint8Array, at: number): boolean {
  return (attributesAt(bytes, at) & BatchAttribute.CONTROL) !== 0;
}

export function hasDeleteHorizonAt(bytes: Uint8Array, at: number): boolean {
  return (attributesAt(bytes, at) & BatchAttribute.DELETE_HORIZON) !== 0;
}

export function lastOffsetDeltaAt(bytes: Uint8Array, at: number): number {
  return int32At(bytes, at + BatchField.LAST_OFFSET_DELTA);
}

export function lastOffsetAt(bytes: Uint8Array, at: number): number {
  return baseOffsetAt(bytes, at) + lastOffsetDeltaAt(bytes, at);
}

export function baseTimestampAt(bytes: Uint8Array, at: number): number {
  return safeInt64At(bytes, at + BatchField.BASE_TIMESTAMP);
}

export function maxTimestampAt(bytes: Uint8Array, at: number): number {
  return safeInt64At(bytes, at + BatchField.MAX_TIMESTAMP);
}

/** Whether the batch comes from an idempotent producer, without making a bigint. */
export function hasProducerIdAt(bytes: Uint8Array, at: number): boolean {
  return bytes[at + BatchField.PRODUCER_ID]! < 0x80;
}

export function producerIdAt(bytes: Uint8Array, at: number): bigint {
  const high = int32At(bytes, at + BatchField.PRODUCER_ID);
  const low = int32At(bytes, at + BatchField.PRODUCER_ID + 4) >>> 0;
  return (BigInt(high) << 32n) | BigInt(low);
}

export function producerEpochAt(bytes: Uint8Array, at: number): number {
  return int16At(bytes, at + BatchField.PRODUCER_EPOCH);
}

export function baseSequenceAt(bytes: Uint8Array, at: number): number {
  return int32At(bytes, at + BatchField.BASE_SEQUENCE);
}

export function lastSequenceAt(bytes: Uint8Array, at: number): number {
  return addToSequence(baseSequenceAt(bytes, at), lastOffsetDeltaAt(bytes, at));
}

export function recordCountAt(bytes: Uint8Array, at: number): number {
  return int32At(bytes, at + BatchField.RECORD_COUNT);
}

/** Sequences run from 0 to 2^31-1 and then start again at 0; -1 (none) stays as it is. */
export function addToSequence(sequence: number, delta: number): number {
  if (sequence === NO_SEQUENCE) return NO_SEQUENCE;
  return sequence > MAX_INT32 - delta ? delta - (MAX_INT32 - sequence) - 1 : sequence + delta;
}

/** Computes the CRC of the batch at `at`; the whole batch must lie in `bytes`. */
export function computeCrcAt(bytes: Uint8Array, at: number): number {
  return crc32c(bytes.subarray(at + BatchField.ATTRIBUTES, at + batchSizeAt(bytes, at)));
}

export function isCrcValidAt(bytes: Uint8Array, at: number): boolean {
  return computeCrcAt(bytes, at) === crcAt(bytes, at);
}

/** Sets the base offset in place; it lies outside the CRC. */
export function setBaseOffset(bytes: Uint8Array, at: number, offset: number): void {
  setSafeInt64(bytes, at + BatchField.BASE_OFFSET, offset);
}

/** Sets the partition leader epoch in place; it lies outside the CRC. */
export function setPartitionLeaderEpoch(bytes: Uint8Array, at: number, epoch: number): void {
  setInt32(bytes, at + BatchField.PARTITION_LEADER_EPOCH, epoch);
}

/** Gives all records of the batch this timestamp and renews the CRC, which covers it. */
export function setLogAppendTime(bytes: Uint8Array, at: number, timestampMs: number): void {
  const attributes = attributesAt(bytes, at) | BatchAttribute.LOG_APPEND_TIME;
  setInt16(bytes, at + BatchField.ATTRIBUTES, attributes);
  setSafeInt64(bytes, at + BatchField.MAX_TIMESTAMP, timestampMs);
  setInt32(bytes, at + BatchField.CRC, computeCrcAt(bytes, at));
}
