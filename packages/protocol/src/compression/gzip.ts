import { gunzipSync, gzipSync } from "node:zlib";
import { asDecodeError, chunkSizeFor } from "./output-bound.ts";

/** Levels 1 to 9; -1 is zlib's own default (6). */
export function compressGzip(bytes: Uint8Array, level = -1): Uint8Array {
  return gzipSync(bytes, { level });
}

/** Reads one or several gzip members; never holds more than `maxOutputBytes` of output. */
export function decompressGzip(bytes: Uint8Array, maxOutputBytes: number): Uint8Array {
  try {
    return gunzipSync(bytes, {
      maxOutputLength: Math.max(1, maxOutputBytes),
      chunkSize: chunkSizeFor(bytes.length, maxOutputBytes),
    });
  } catch (error) {
    throw asDecodeError("gzip", error, maxOutputBytes);
  }
}
