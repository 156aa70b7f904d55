import {
  attributesAt,
  BatchAttribute,
  baseTimestampAt,
  BatchField,
  compressionAt,
  CompressionType,
  computeCrcAt,
  DecodeError,
  decompress,
  ErrorCode,
  maxTimestampAt,
  RECORD_BATCH_OVERHEAD,
  RecordCursor,
  recordCountAt,
  TimestampType,
  timestampTypeAt,
} from "@ottla/protocol";
import type { RecordError } from "../engine/storage-engine.ts";
import { refuse, type Refusal } from "./append-validator.ts";
import type { LogConfig } from "./log-config.ts";

/** What a compressed batch may grow to while it is checked; a larger one is a bomb or would be cheaper as several. */
const MIN_DECOMPRESSED_LIMIT_BYTES = 32 * 1024 * 1024;
/** Kafka's clients compress batches of up to max.message.bytes, rarely better than this. */
const DECOMPRESSED_LIMIT_FACTOR = 2;
/** Enough to find the fault; a batch can have hundreds of thousands of records. */
const MAX_RECORD_ERRORS = 100;

export interface ValidRecords {
  readonly ok: true;
  /** The records decompressed; the same bytes when they were not compressed. */
  readonly records: Uint8Array;
}

/**
 * Opens a client's batch and walks its records without allocating per record: the count and the offset
 * deltas 0 to n-1, keys on compacted topics, timestamps within bounds. A wrong greatest timestamp or timestamp
 * type in the header is put right, as Kafka does.
 */
export function validateRecords(
  batch: Uint8Array,
  config: LogConfig,
  nowMs: number,
): ValidRecords | Refusal {
  const opened = openRecords(batch, config);
  if (!opened.ok) return opened;
  try {
    const walk = new RecordWalk(opened.records, batch, config, nowMs);
    const refusal = walk.run();
    if (refusal) return refusal;
    if (
      config.messageTimestampType === "CreateTime" &&
      (walk.maxTimestamp !== maxTimestampAt(batch, 0) ||
        timestampTypeAt(batch, 0) === TimestampType.LOG_APPEND_TIME)
    ) {
      setCreateTime(batch, walk.maxTimestamp);
    }
    return opened;
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return refuse(ErrorCode.INVALID_RECORD, error.message);
  }
}

function openRecords(batch: Uint8Array, config: LogConfig): ValidRecords | Refusal {
  const stored = batch.subarray(RECORD_BATCH_OVERHEAD);
  const codec = compressionAt(batch, 0);
  if (codec === CompressionType.NONE) return { ok: true, records: stored };
  const limit = Math.max(
    MIN_DECOMPRESSED_LIMIT_BYTES,
    DECOMPRESSED_LIMIT_FACTOR * config.maxMessageBytes,
  );
  try {
    return { ok: true, records: decompress(codec, stored, limit) };
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return refuse(
      ErrorCode.CORRUPT_MESSAGE,
      `the records cannot be decompressed: ${error.message}`,
    );
  }
}

class RecordWalk {
  maxTimestamp = -1;
  readonly #cursor: RecordCursor;
  readonly #count: number;
  readonly #baseTimestamp: number;
  readonly #requireKeys: boolean;
  readonly #earliest: number;
  readonly #latest: number;
  #errorCode: number = ErrorCode.NONE;
  #errors: RecordError[] | undefined;

  constructor(records: Uint8Array, batch: Uint8Array, config: LogConfig, nowMs: number) {
    this.#cursor = new RecordCursor(records);
    this.#count = recordCountAt(batch, 0);
    this.#baseTimestamp = baseTimestampAt(batch, 0);
    this.#requireKeys = config.cleanupPolicy.includes("compact");
    const unbounded = config.messageTimestampType === "LogAppendTime";
    this.#earliest = unbounded
      ? Number.NEGATIVE_INFINITY
      : nowMs - config.messageTimestampBeforeMaxMs;
    this.#latest = unbounded ? Number.POSITIVE_INFINITY : nowMs + config.messageTimestampAfterMaxMs;
  }

  run(): Refusal | undefined {
    const cursor = this.#cursor;
    for (let index = 0; index < this.#count; index++) {
      cursor.next();
      if (cursor.offsetDelta !== index) {
        return refuse(
          ErrorCode.INVALID_RECORD,
          `record ${index} has offset delta ${cursor.offsetDelta}`,
        );
      }
      if (this.#requireKeys && cursor.keyLength < 0)
        this.#note(ErrorCode.INVALID_RECORD, index, "a compacted topic needs a key");
      const timestamp = this.#baseTimestamp + cursor.timestampDelta;
      if (timestamp > this.maxTimestamp) this.maxTimestamp = timestamp;
      // Producers may send -1: no timestamp.
      if ((timestamp < this.#earliest || timestamp > this.#latest) && timestamp !== -1) {
        this.#note(
          ErrorCode.INVALID_TIMESTAMP,
          index,
          `timestamp ${timestamp} is outside the bounds of the topic`,
        );
      }
    }
    if (cursor.position !== cursor.bytes.length)
      return refuse(ErrorCode.INVALID_RECORD, "bytes after the last record");
    return this.#errors && refuse(this.#errorCode, this.#errors[0]!.message, this.#errors);
  }

  #note(errorCode: number, batchIndex: number, message: string): void {
    this.#errors ??= [];
    if (this.#errors.length === 0) this.#errorCode = errorCode;
    if (this.#errors.length < MAX_RECORD_ERRORS) this.#errors.push({ batchIndex, message });
  }
}

function setCreateTime(batch: Uint8Array, timestampMs: number): void {
  const view = new DataView(batch.buffer, batch.byteOffset, batch.byteLength);
  const attributes = attributesAt(batch, 0) & ~BatchAttribute.LOG_APPEND_TIME;
  view.setInt16(BatchField.ATTRIBUTES, attributes);
  view.setBigInt64(BatchField.MAX_TIMESTAMP, BigInt(timestampMs));
  view.setUint32(BatchField.CRC, computeCrcAt(batch, 0));
}
