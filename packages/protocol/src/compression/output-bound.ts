import { DecodeError } from "../errors/decode-error.ts";

/** Small batches are the common case and a chunk is allocated even for them. */
const MIN_CHUNK_BYTES = 4 * 1024;
/** Beyond this the per-chunk overhead is invisible. */
const MAX_CHUNK_BYTES = 1024 * 1024;
/** node:zlib refuses smaller chunks. */
const SMALLEST_ZLIB_CHUNK_BYTES = 64;

/** The error of every codec when data would grow past what the caller allows. */
export function outputTooLarge(maxOutputBytes: number, position = 0): DecodeError {
  return new DecodeError(
    `compressed data grows beyond the limit of ${maxOutputBytes} bytes`,
    position,
  );
}

/** Chunk for the zlib family: one allocation in the ordinary case, never above the caller's bound. */
export function chunkSizeFor(compressedBytes: number, maxOutputBytes: number): number {
  const guess = Math.max(MIN_CHUNK_BYTES, Math.min(compressedBytes * 4, MAX_CHUNK_BYTES));
  return Math.max(SMALLEST_ZLIB_CHUNK_BYTES, Math.min(guess, maxOutputBytes));
}

/** Turns an error of a native decoder into ours; its message stays readable through `cause`. */
export function asDecodeError(codec: string, error: unknown, maxOutputBytes: number): DecodeError {
  if (error instanceof DecodeError) return error;
  if (error instanceof Error && "code" in error && error.code === "ERR_BUFFER_TOO_LARGE") {
    return outputTooLarge(maxOutputBytes);
  }
  const detail = error instanceof Error ? error.message : String(error);
  const wrapped = new DecodeError(`invalid ${codec} data: ${detail}`, 0);
  wrapped.cause = error;
  return wrapped;
}
