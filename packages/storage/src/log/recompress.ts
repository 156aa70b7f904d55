import {
  attributesAt,
  BatchAttribute,
  BatchField,
  compress,
  compressionAt,
  CompressionType,
  computeCrcAt,
  LOG_OVERHEAD,
  RECORD_BATCH_OVERHEAD,
} from "@ottla/protocol";
import type { CompressionSetting, LogConfig } from "./log-config.ts";

const codecOfSetting: Readonly<Record<Exclude<CompressionSetting, "producer">, CompressionType>> = {
  uncompressed: CompressionType.NONE,
  gzip: CompressionType.GZIP,
  snappy: CompressionType.SNAPPY,
  lz4: CompressionType.LZ4,
  zstd: CompressionType.ZSTD,
};

/**
 * The batch with its records in the topic's codec, or the same bytes when the topic keeps what the
 * producer chose or both agree. `records` are the records decompressed.
 */
export function recompress(batch: Uint8Array, records: Uint8Array, config: LogConfig): Uint8Array {
  if (config.compressionType === "producer") return batch;
  const codec = codecOfSetting[config.compressionType];
  if (codec === compressionAt(batch, 0)) return batch;
  const stored =
    codec === CompressionType.NONE ? records : compress(codec, records, levelOf(codec, config));
  const result = new Uint8Array(RECORD_BATCH_OVERHEAD + stored.length);
  result.set(batch.subarray(0, RECORD_BATCH_OVERHEAD));
  result.set(stored, RECORD_BATCH_OVERHEAD);
  const view = new DataView(result.buffer);
  view.setInt32(BatchField.BATCH_LENGTH, result.length - LOG_OVERHEAD);
  view.setInt16(
    BatchField.ATTRIBUTES,
    (attributesAt(batch, 0) & ~BatchAttribute.COMPRESSION_MASK) | codec,
  );
  view.setUint32(BatchField.CRC, computeCrcAt(result, 0));
  return result;
}

/** Undefined where the encoder has one level only. */
function levelOf(codec: CompressionType, config: LogConfig): number | undefined {
  switch (codec) {
    case CompressionType.GZIP:
      return config.compressionGzipLevel;
    case CompressionType.ZSTD:
      return config.compressionZstdLevel;
    default:
      return undefined;
  }
}
