import type { FrameReader } from "./frame-reader.ts";
import { RECEIVE_BUFFER_BYTES, type ReceiveMemory } from "./receive-memory.ts";

/** A buffer with less room than this left is not read into again. */
const LEAST_READ_BYTES = 8 * 1024;

/**
 * Where the next bytes of one connection go, and what becomes of the buffer they came in.
 *
 * Invariant: between two reads the frame reader holds nothing in the shared buffer, and its chunks are
 * the used parts of `#own`, in order.
 */
export class ReceivePath {
  readonly #memory: ReceiveMemory;
  readonly #reader: FrameReader;
  readonly #own: Buffer[] = [];
  /** Bytes filled in the last of `#own`. */
  #filledBytes = 0;

  constructor(memory: ReceiveMemory, reader: FrameReader) {
    this.#memory = memory;
    this.#reader = reader;
  }

  /** The buffer for the next read. */
  next(): Buffer {
    if (this.#own.length === 0) return this.#memory.shared;
    if (RECEIVE_BUFFER_BYTES - this.#filledBytes < LEAST_READ_BYTES) this.#grow();
    return this.#own.at(-1)!.subarray(this.#filledBytes);
  }

  /** Takes the bytes of a read that began with a buffer of `next`. */
  received(bytes: Uint8Array): void {
    if (this.#own.length > 0) this.#filledBytes += bytes.length;
    this.#reader.push(bytes);
  }

  /**
   * After frames were taken out and copied: gives back what is consumed, keeps what is not. Only within
   * a read (`next` follows) may the buffer go that the socket would be read into.
   */
  settle(during: "read" | "wait"): void {
    const reader = this.#reader;
    if (this.#own.length === 0) {
      if (reader.chunkCount > 0) this.#filledBytes = reader.moveTo(this.#grow());
      return;
    }
    const inUse = reader.chunkCount + (this.#filledBytes === 0 ? 1 : 0);
    const kept = during === "read" ? inUse : Math.max(inUse, 1);
    while (this.#own.length > kept) this.#memory.give(this.#own.shift()!);
  }

  #grow(): Buffer {
    const own = this.#memory.take();
    this.#own.push(own);
    this.#filledBytes = 0;
    return own;
  }
}
