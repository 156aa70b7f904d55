/** Words of a hash: 128 bits. */
export const HASH_WORDS = 4;

/** Rounds after each word of input, and to finish each half of an output. */
const INPUT_ROUNDS = 2;
const FINAL_ROUNDS = 4;

/**
 * Keyed hashes of record keys: two HalfSipHash-2-4 of 64 bits under different secrets, in 32-bit
 * arithmetic, which makes them some ten times cheaper here than a call into OpenSSL for MD5.
 *
 * The offset map keeps hashes instead of keys, so two keys with the same hash would count as one and
 * the older one's records would be dropped. With n keys in one clean the chance is about n² / 2^129: for
 * the five million keys of the default buffer 4e-26. Nobody can look for such keys either, because
 * every clean draws new secrets that leave the process by no way.
 */
export class KeyHasher {
  /** The result of the last `hash`. */
  readonly words = new Int32Array(HASH_WORDS);
  readonly #secret: Int32Array;

  /** `secret` has four words. */
  constructor(secret: Int32Array) {
    this.#secret = secret;
  }

  hash(bytes: Uint8Array, start: number, length: number): void {
    const secret = this.#secret;
    halfSipHash(bytes, start, length, secret[0]!, secret[1]!, this.words, 0);
    halfSipHash(bytes, start, length, secret[2]!, secret[3]!, this.words, 2);
  }
}

/** HalfSipHash-2-4 with 64 bits of output. */
export function halfSipHash(
  bytes: Uint8Array,
  start: number,
  length: number,
  secret0: number,
  secret1: number,
  output: Int32Array,
  outputAt: number,
): void {
  const blocks = length >>> 2;
  let v0 = secret0;
  let v1 = secret1 ^ 0xee;
  let v2 = 0x6c796765 ^ secret0;
  let v3 = 0x74656462 ^ secret1;
  // Whole words, the rest with the length, then two finishing steps that give a word each.
  for (let step = 0; step <= blocks + 2; step++) {
    let word = 0;
    if (step < blocks) {
      const at = start + step * 4;
      word = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    } else if (step === blocks) word = lastWord(bytes, start, length);
    else if (step === blocks + 1) v2 ^= 0xee;
    else v1 ^= 0xdd;
    v3 ^= word;
    for (let round = step <= blocks ? INPUT_ROUNDS : FINAL_ROUNDS; round > 0; round--) {
      v0 = (v0 + v1) | 0;
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
      v0 = (v0 << 16) | (v0 >>> 16);
      v2 = (v2 + v3) | 0;
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
      v0 = (v0 + v3) | 0;
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
      v2 = (v2 + v1) | 0;
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
      v2 = (v2 << 16) | (v2 >>> 16);
    }
    v0 ^= word;
    if (step > blocks) output[outputAt + step - blocks - 1] = v1 ^ v3;
  }
}

/** Up to three bytes behind the last whole word, and the length in the highest byte. */
function lastWord(bytes: Uint8Array, start: number, length: number): number {
  const end = start + length;
  let word = length << 24;
  for (let at = end - (length & 3), shift = 0; at < end; at++, shift += 8)
    word |= bytes[at]! << shift;
  return word;
}
