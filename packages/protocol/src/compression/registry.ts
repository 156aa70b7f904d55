import { DecodeError } from "../errors/decode-error.ts";
import { CompressionType } from "./compression-type.ts";
import { compressGzip, decompressGzip } from "./gzip.ts";
import { compressLz4, decompressLz4 } from "./lz4-frame.ts";
import { outputTooLarge } from "./output-bound.ts";
import { compressSnappy, decompressSnappy } from "./snappy.ts";
import { compressZstd, decompressZstd } from "./zstd.ts";

/**
 * Compresses in the form that Kafka's clients expect. `level` is for gzip and zstd; the LZ4 and snappy
 * encoders have only one, so a level there is refused rather than ignored.
 */
export function compress(type: CompressionType, bytes: Uint8Array, level?: number): Uint8Array {
  switch (type) {
    case CompressionType.NONE:
      return bytes;
    case CompressionType.GZIP:
      return plainView(compressGzip(bytes, level));
    case CompressionType.SNAPPY:
      refuseLevel("snappy", level);
      return compressSnappy(bytes);
    case CompressionType.LZ4:
      refuseLevel("lz4", level);
      return compressLz4(bytes);
    case CompressionType.ZSTD:
      return plainView(compressZstd(bytes, level));
    default:
      return unknownType(type);
  }
}

/**
 * The uncompressed bytes, at most `maxOutputBytes` of them. Throws DecodeError when the data is damaged
 * or would grow further; output memory stays within the bound even then. Type NONE returns its input.
 */
export function decompress(
  type: CompressionType,
  bytes: Uint8Array,
  maxOutputBytes: number,
): Uint8Array {
  if (!Number.isSafeInteger(maxOutputBytes) || maxOutputBytes < 0) {
    throw new RangeError(`maxOutputBytes must be a non-negative integer, got ${maxOutputBytes}`);
  }
  const output = decompressUnchecked(type, bytes, maxOutputBytes);
  if (output.length > maxOutputBytes) throw outputTooLarge(maxOutputBytes);
  return plainView(output);
}

function decompressUnchecked(
  type: CompressionType,
  bytes: Uint8Array,
  maxOutputBytes: number,
): Uint8Array {
  switch (type) {
    case CompressionType.NONE:
      return bytes;
    case CompressionType.GZIP:
      return decompressGzip(bytes, maxOutputBytes);
    case CompressionType.SNAPPY:
      return decompressSnappy(bytes, maxOutputBytes);
    case CompressionType.LZ4:
      return decompressLz4(bytes, maxOutputBytes);
    case CompressionType.ZSTD:
      return decompressZstd(bytes, maxOutputBytes);
    default:
      return unknownType(type);
  }
}

/** A Uint8Array of the same memory: slicing a Buffer is several times slower, and callers get one type. */
function plainView(bytes: Uint8Array): Uint8Array {
  return bytes.constructor === Uint8Array
    ? bytes
    : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function refuseLevel(codec: string, level: number | undefined): void {
  if (level !== undefined) throw new RangeError(`${codec} has no compression level here`);
}

/** Attributes from the wire can carry 5 to 7, which no codec has. */
function unknownType(type: never): never {
  throw new DecodeError(`unknown compression type ${String(type)}`, 0);
}
