import { DecodeError } from "../errors/decode-error.ts";

// A raw LZ4 block is a row of sequences: a token (high 4 bits literal count, low 4 bits match length
// minus 4, 15 meaning "more length bytes follow, each 255 continues"), literals, a 2-byte little-endian
// match distance. The last sequence has literals only. We decode in JavaScript instead of calling the
// native decoder because matches of linked blocks reach back into earlier output, because the output
// bound is then exact, and because no copy of the input is needed.

const MIN_MATCH = 4;
const LENGTH_MASK = 15;
/** From here on copyWithin and set beat a byte loop. */
const BULK_COPY_BYTES = 48;

export interface Lz4BlockSource {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/**
 * Decodes one block into `output` from `at` and returns the end of the written part. Matches may not
 * reach below `historyStart`, writes may not pass `limit`.
 */
export function decodeLz4Block(
  source: Lz4BlockSource,
  output: Uint8Array,
  at: number,
  limit: number,
  historyStart: number,
): number {
  const { bytes, end } = source;
  let from = source.start;
  let to = at;
  while (from < end) {
    const token = bytes[from++]!;
    let literals = token >> 4;
    if (literals === LENGTH_MASK) {
      let more: number;
      do {
        if (from >= end) throw new DecodeError("LZ4 block ends inside a literal length", from);
        more = bytes[from++]!;
        literals += more;
      } while (more === 255);
    }
    if (literals > end - from) throw new DecodeError("LZ4 literals run past their block", from);
    if (literals > limit - to) throw new DecodeError("LZ4 block yields more than its bound", from);
    if (literals > BULK_COPY_BYTES) {
      output.set(bytes.subarray(from, from + literals), to);
      from += literals;
      to += literals;
    } else {
      for (let left = literals; left > 0; left--) output[to++] = bytes[from++]!;
    }
    if (from === end) return to;
    if (end - from < 2) throw new DecodeError("LZ4 block ends inside a match distance", from);
    const distance = bytes[from]! | (bytes[from + 1]! << 8);
    if (distance === 0 || distance > to - historyStart) {
      throw new DecodeError(`LZ4 match distance ${distance} points before the data`, from);
    }
    from += 2;
    let length = token & LENGTH_MASK;
    if (length === LENGTH_MASK) {
      let more: number;
      do {
        if (from >= end) throw new DecodeError("LZ4 block ends inside a match length", from);
        more = bytes[from++]!;
        length += more;
      } while (more === 255);
    }
    length += MIN_MATCH;
    if (length > limit - to) throw new DecodeError("LZ4 block yields more than its bound", from);
    to = copyMatch(output, to, distance, length);
  }
  // An LZ4 block always ends with literals, so coming here means that it was cut.
  throw new DecodeError("LZ4 block ends without its last literals", end);
}

/** A match may overlap its own output (distance < length), which then repeats with that period. */
function copyMatch(output: Uint8Array, at: number, distance: number, length: number): number {
  const end = at + length;
  const from = at - distance;
  if (length > BULK_COPY_BYTES && distance === 1) {
    output.fill(output[from]!, at, end);
  } else if (length > BULK_COPY_BYTES && distance >= length) {
    output.copyWithin(at, from, from + length);
  } else {
    for (let to = at, read = from; to < end; to++, read++) output[to] = output[read]!;
  }
  return end;
}
