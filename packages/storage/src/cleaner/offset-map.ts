import { invariant } from "@ottla/runtime";
import { HASH_WORDS, KeyHasher } from "./key-hash.ts";

/** 16 bytes of hash and 8 of offset, as in Kafka, so that log.cleaner.dedupe.buffer.size means the same. */
export const SLOT_BYTES = 24;
const SLOT_WORDS = SLOT_BYTES / Int32Array.BYTES_PER_ELEMENT;
const OFFSET_LOW = HASH_WORDS;
/** High word of the offset plus one: zero marks a free slot. */
const OFFSET_HIGH = HASH_WORDS + 1;

/** Words before the slots: entries, latest offset (low, high; plus one), and the secret of the hash. */
const ENTRIES = 0;
const LATEST_LOW = 1;
const LATEST_HIGH = 2;
const SECRET = 3;
const HEADER_WORDS = 8;

const TWO_POW_32 = 2 ** 32;

/**
 * The last offset of each key of the dirty part of a log: an open hash table in one typed array with
 * linear probing. It holds hashes of the keys and not the keys (see `KeyHasher` for what that risks), so
 * its size does not depend on theirs. It lies in shared memory: one task of the cleaner fills it and
 * later ones, maybe in other threads, read it.
 */
export class OffsetMap {
  readonly slots: number;
  readonly #words: Int32Array;
  readonly #hasher: KeyHasher;

  /** Works on memory that `allocate` made, with whatever is in it. */
  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory);
    this.slots = Math.floor((this.#words.length - HEADER_WORDS) / SLOT_WORDS);
    this.#hasher = new KeyHasher(this.#words.subarray(SECRET, SECRET + HASH_WORDS));
  }

  /** Memory for an empty map. `secret`: 16 random bytes. */
  static allocate(slots: number, secret: Uint8Array): SharedArrayBuffer {
    const memory = new SharedArrayBuffer(
      HEADER_WORDS * Int32Array.BYTES_PER_ELEMENT + slots * SLOT_BYTES,
    );
    new Uint8Array(memory).set(secret.subarray(0, 16), SECRET * Int32Array.BYTES_PER_ELEMENT);
    return memory;
  }

  get size(): number {
    return this.#words[ENTRIES]!;
  }

  /** Every record up to here is in the map, or -1. */
  get latestOffset(): number {
    return this.#words[LATEST_HIGH]! * TWO_POW_32 + (this.#words[LATEST_LOW]! >>> 0) - 1;
  }

  /** The map covers all offsets up to this one. */
  noteLatestOffset(offset: number): void {
    this.#words[LATEST_LOW] = (offset + 1) % TWO_POW_32;
    this.#words[LATEST_HIGH] = Math.floor((offset + 1) / TWO_POW_32);
  }

  /** Notes that the key has a record at `offset`. Offsets come in ascending order. */
  put(bytes: Uint8Array, start: number, length: number, offset: number): void {
    this.#hasher.hash(bytes, start, length);
    const words = this.#words;
    const at = this.#find();
    if (words[at + OFFSET_HIGH] === 0) {
      invariant(this.size < this.slots - 1, "an offset map always has a free slot");
      words.set(this.#hasher.words, at);
      words[ENTRIES] = this.size + 1;
    }
    words[at + OFFSET_LOW] = offset % TWO_POW_32;
    words[at + OFFSET_HIGH] = Math.floor(offset / TWO_POW_32) + 1;
    this.noteLatestOffset(offset);
  }

  /** The last offset of the key, or -1 when it is not here. */
  get(bytes: Uint8Array, start: number, length: number): number {
    this.#hasher.hash(bytes, start, length);
    const at = this.#find();
    const high = this.#words[at + OFFSET_HIGH]!;
    if (high === 0) return -1;
    return (high - 1) * TWO_POW_32 + (this.#words[at + OFFSET_LOW]! >>> 0);
  }

  /** Where the slot of the hashed key starts, or the free one where it would go. */
  #find(): number {
    const words = this.#words;
    const [hash0, hash1, hash2, hash3] = this.#hasher.words;
    let slot = (hash0! >>> 0) % this.slots;
    for (;;) {
      const at = HEADER_WORDS + slot * SLOT_WORDS;
      if (words[at + OFFSET_HIGH] === 0) return at;
      if (
        words[at] === hash0 &&
        words[at + 1] === hash1 &&
        words[at + 2] === hash2 &&
        words[at + 3] === hash3
      )
        return at;
      slot = slot + 1 === this.slots ? 0 : slot + 1;
    }
  }
}
