import {
  attributesAt,
  BatchAttribute,
  baseOffsetAt,
  baseSequenceAt,
  batchSizeAt,
  DecodeError,
  ErrorCode,
  hasProducerIdAt,
  isControlAt,
  isCrcValidAt,
  lastOffsetDeltaAt,
  magicAt,
  maxTimestampAt,
  producerEpochAt,
  RECORD_BATCH_MAGIC,
  RECORD_BATCH_OVERHEAD,
  recordCountAt,
} from "@ottla/protocol";
import type { AppendOrigin, RecordError } from "../engine/storage-engine.ts";
import type { LogConfig } from "./log-config.ts";

export interface Refusal {
  readonly ok: false;
  readonly errorCode: number;
  readonly message: string;
  readonly recordErrors?: readonly RecordError[];
}

/** Bytes of a batch up to and with its magic. */
const MAGIC_END = 17;

export function refuse(
  errorCode: number,
  message: string,
  recordErrors?: readonly RecordError[],
): Refusal {
  return recordErrors === undefined
    ? { ok: false, errorCode, message }
    : { ok: false, errorCode, message, recordErrors };
}

/** Checks what the header and the CRC can tell, cheapest first. Undefined when the batch may go on. */
export function validateBatch(
  batch: Uint8Array,
  origin: AppendOrigin,
  config: LogConfig,
): Refusal | undefined {
  const size = batch.length;
  if (size === 0) return refuse(ErrorCode.INVALID_RECORD, "no record batch");
  if (size >= MAGIC_END && magicAt(batch, 0) !== RECORD_BATCH_MAGIC) {
    return refuse(
      ErrorCode.INVALID_RECORD,
      `record batch with magic ${magicAt(batch, 0)}, only 2 is supported`,
    );
  }
  // A batch that is cut is none to Kafka, which looks for whole ones.
  if (size < RECORD_BATCH_OVERHEAD)
    return refuse(ErrorCode.INVALID_RECORD, `${size} bytes are no record batch`);
  const claimed = batchSizeAt(batch, 0);
  if (claimed < RECORD_BATCH_OVERHEAD || claimed > size) {
    const errorCode = claimed > size ? ErrorCode.INVALID_RECORD : ErrorCode.CORRUPT_MESSAGE;
    return refuse(errorCode, `the batch claims ${claimed} bytes, ${size} were sent`);
  }
  if (claimed < size)
    return refuse(ErrorCode.INVALID_RECORD, "more than one record batch for one partition");
  const tooLarge = validateSize(size, config);
  if (tooLarge) return tooLarge;
  if (!isCrcValidAt(batch, 0))
    return refuse(ErrorCode.CORRUPT_MESSAGE, "the CRC of the batch does not match");
  return validateHeader(batch, origin);
}

/** Also called again after the batch was recompressed. */
export function validateSize(size: number, config: LogConfig): Refusal | undefined {
  if (size > config.maxMessageBytes) {
    return refuse(
      ErrorCode.MESSAGE_TOO_LARGE,
      `a batch of ${size} bytes is larger than max.message.bytes ${config.maxMessageBytes}`,
    );
  }
  if (size > config.segmentBytes) {
    return refuse(
      ErrorCode.RECORD_LIST_TOO_LARGE,
      `a batch of ${size} bytes is larger than segment.bytes ${config.segmentBytes}`,
    );
  }
  return undefined;
}

function validateHeader(batch: Uint8Array, origin: AppendOrigin): Refusal | undefined {
  const count = recordCountAt(batch, 0);
  if (count <= 0 || lastOffsetDeltaAt(batch, 0) !== count - 1) {
    return refuse(
      ErrorCode.INVALID_RECORD,
      `last offset delta ${lastOffsetDeltaAt(batch, 0)} with ${count} records`,
    );
  }
  if (
    hasProducerIdAt(batch, 0) &&
    origin === "client" &&
    (baseSequenceAt(batch, 0) < 0 || producerEpochAt(batch, 0) < 0)
  ) {
    return refuse(ErrorCode.INVALID_RECORD, "a producer id needs an epoch and a sequence");
  }
  if (origin === "client") return validateClientHeader(batch);
  return isControlAt(batch, 0) && !hasProducerIdAt(batch, 0)
    ? refuse(ErrorCode.INVALID_RECORD, "a transaction marker needs a producer id")
    : undefined;
}

function validateClientHeader(batch: Uint8Array): Refusal | undefined {
  const attributes = attributesAt(batch, 0);
  if ((attributes & BatchAttribute.CONTROL) !== 0)
    return refuse(ErrorCode.INVALID_RECORD, "clients may not write control batches");
  if ((attributes & BatchAttribute.DELETE_HORIZON) !== 0)
    return refuse(ErrorCode.INVALID_RECORD, "clients may not set a delete horizon");
  if ((attributes & BatchAttribute.TRANSACTIONAL) !== 0 && !hasProducerIdAt(batch, 0))
    return refuse(ErrorCode.INVALID_RECORD, "a transactional batch needs a producer id");
  try {
    if (baseOffsetAt(batch, 0) !== 0)
      return refuse(ErrorCode.INVALID_RECORD, `base offset ${baseOffsetAt(batch, 0)} instead of 0`);
    maxTimestampAt(batch, 0);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return refuse(ErrorCode.INVALID_RECORD, error.message);
  }
  return undefined;
}
