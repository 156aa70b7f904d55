import { constants, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { asDecodeError, chunkSizeFor, outputTooLarge } from "./output-bound.ts";
import { scanZstdFrames } from "./zstd-frames.ts";

/** zstd's own default level. */
const DEFAULT_LEVEL = 3;

export function compressZstd(bytes: Uint8Array, level = DEFAULT_LEVEL): Uint8Array {
  return zstdCompressSync(bytes, {
    params: { [constants.ZSTD_c_compressionLevel]: level },
    pledgedSrcSize: bytes.length,
  });
}

/**
 * Reads one or several frames, with or without a declared content size. The frames are walked first
 * because the native decoder silently ignores what follows the last valid frame.
 */
export function decompressZstd(bytes: Uint8Array, maxOutputBytes: number): Uint8Array {
  const { declaredBytes } = scanZstdFrames(bytes);
  if (declaredBytes > maxOutputBytes) throw outputTooLarge(maxOutputBytes);
  try {
    return zstdDecompressSync(bytes, {
      maxOutputLength: Math.max(1, maxOutputBytes),
      chunkSize: chunkSizeFor(Math.max(bytes.length, Math.ceil(declaredBytes / 4)), maxOutputBytes),
    });
  } catch (error) {
    throw asDecodeError("zstd", error, maxOutputBytes);
  }
}
