import { CompressionType } from "../compression/compression-type.ts";
import { decompress } from "../compression/registry.ts";
import { DecodeError } from "../errors/decode-error.ts";
import { TimestampType } from "./batch-header.ts";
import type { RecordBatchView } from "./record-batch.ts";
import { MIN_RECORD_BYTES, RecordCursor } from "./record-cursor.ts";

export interface RecordHeader {
  readonly key: string;
  readonly value: Uint8Array | null;
}

/** Key, value and header values are views of the batch, or of its decompressed form: copy to keep. */
export interface KafkaRecord {
  readonly offset: number;
  readonly timestamp: number;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: readonly RecordHeader[];
}

export interface DecompressionLimit {
  /** More than this after decompression is a DecodeError. */
  readonly maxDecompressedBytes: number;
}

const NO_HEADERS: readonly RecordHeader[] = Object.freeze([]);
/** Up to here building a string byte by byte beats the call into the decoder. */
const SHORT_KEY_BYTES = 24;

/** A cursor over the records of a batch, decompressed if need be; the count was found plausible. */
export function openRecords(view: RecordBatchView, limit: DecompressionLimit): RecordCursor {
  const stored = view.recordsBytes();
  // Uncompressed records are bounded already, by the size of the batch that holds them.
  const maxBytes =
    view.compression === CompressionType.NONE ? stored.length : limit.maxDecompressedBytes;
  const bytes = decompress(view.compression, stored, maxBytes);
  const count = view.recordCount;
  if (count < 0 || count * MIN_RECORD_BYTES > bytes.length) {
    throw new DecodeError(`record count ${count} does not fit ${bytes.length} bytes`, view.offset);
  }
  return new RecordCursor(bytes);
}

/** The records of one batch in order. Control records come out too: look at `view.isControl`. */
export function* iterateRecords(
  view: RecordBatchView,
  limit: DecompressionLimit,
): Generator<KafkaRecord, void, undefined> {
  const count = view.recordCount;
  // Compaction can leave a batch without records, whatever its codec bits say.
  if (count === 0 && view.recordsBytes().length === 0) return;
  const cursor = openRecords(view, limit);
  const baseOffset = view.baseOffset;
  const baseTimestamp = view.baseTimestamp;
  const logAppendTime =
    view.timestampType === TimestampType.LOG_APPEND_TIME ? view.maxTimestamp : undefined;
  for (let index = 0; index < count; index++) {
    cursor.next();
    const offset = baseOffset + cursor.offsetDelta;
    const timestamp = logAppendTime ?? baseTimestamp + cursor.timestampDelta;
    if (cursor.offsetDelta < 0 || !Number.isSafeInteger(offset)) {
      throw new DecodeError(`record with offset ${offset}`, cursor.position);
    }
    if (!Number.isSafeInteger(timestamp)) {
      throw new DecodeError("record timestamp beyond 2^53", cursor.position);
    }
    yield {
      offset,
      timestamp,
      key: slice(cursor.bytes, cursor.keyStart, cursor.keyLength),
      value: slice(cursor.bytes, cursor.valueStart, cursor.valueLength),
      headers: cursor.headerCount === 0 ? NO_HEADERS : readHeaders(cursor),
    };
  }
  if (cursor.position !== cursor.bytes.length) {
    throw new DecodeError("bytes after the last record of the batch", cursor.position);
  }
}

function readHeaders(cursor: RecordCursor): RecordHeader[] {
  const headers: RecordHeader[] = [];
  cursor.forEachHeader((keyStart, keyLength, valueStart, valueLength) => {
    headers.push({
      key: readString(cursor.bytes, keyStart, keyLength),
      value: slice(cursor.bytes, valueStart, valueLength),
    });
  });
  return headers;
}

function slice(bytes: Uint8Array, start: number, length: number): Uint8Array | null {
  return length < 0 ? null : bytes.subarray(start, start + length);
}

/** Buffer's decoder, unlike TextDecoder, reads shared memory. */
function readString(bytes: Uint8Array, start: number, length: number): string {
  if (length <= SHORT_KEY_BYTES) {
    let text = "";
    for (let at = start; at < start + length; at++) {
      const byte = bytes[at]!;
      if (byte >= 0x80) return decodeUtf8(bytes, start, length);
      text += String.fromCharCode(byte);
    }
    return text;
  }
  return decodeUtf8(bytes, start, length);
}

function decodeUtf8(bytes: Uint8Array, start: number, length: number): string {
  return Buffer.from(bytes.buffer as ArrayBuffer, bytes.byteOffset + start, length).toString(
    "utf8",
  );
}
