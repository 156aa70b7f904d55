/** Every frame starts with its length as a big-endian int32, which does not count itself. */
const LENGTH_BYTES = 4;

/** The peer announced a frame that we will not read; the connection is closed without an answer. */
export class FrameLengthError extends Error {
  override readonly name = "FrameLengthError";
}

/**
 * Cuts a stream of chunks into frames without joining what need not be joined. Nothing is allocated
 * from an announced length: memory grows only with the bytes that have really arrived.
 */
export class FrameReader {
  #chunks: Uint8Array[] = [];
  /** Bytes in `#chunks`. */
  #bufferedBytes = 0;
  /** Bytes of the first chunk that were already consumed. */
  #headOffset = 0;
  /** Length of the frame being received, or -1 while its length is still unknown. */
  #frameBytes = -1;
  readonly #maxFrameBytes: () => number;

  /** `maxFrameBytes` is asked for each frame, because it rises when a peer has authenticated. */
  constructor(maxFrameBytes: () => number) {
    this.#maxFrameBytes = maxFrameBytes;
  }

  /** Bytes received that do not yet make a whole frame. */
  get bufferedBytes(): number {
    return this.#bufferedBytes;
  }

  /** Pieces of memory in which those bytes lie. */
  get chunkCount(): number {
    return this.#chunks.length;
  }

  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    this.#bufferedBytes += chunk.length;
    const last = this.#chunks.at(-1);
    if (last !== undefined && last.buffer === chunk.buffer && last.byteOffset + last.length === chunk.byteOffset) {
      // A buffer that is read into a second time stays one chunk.
      const both = new Uint8Array(last.buffer, last.byteOffset, last.length + chunk.length);
      this.#chunks[this.#chunks.length - 1] = both;
      return;
    }
    this.#chunks.push(chunk);
  }

  /** Copies the bytes of the only chunk to the start of `target`, because their memory is wanted back; returns their count. */
  moveTo(target: Uint8Array): number {
    const rest = this.#chunks[0]!.subarray(this.#headOffset);
    target.set(rest);
    this.#chunks[0] = target.subarray(0, rest.length);
    this.#headOffset = 0;
    return rest.length;
  }

  /**
   * The chunks of the next whole frame (without its length), or undefined when more bytes are
   * needed. Throws FrameLengthError for a length that is negative or above the limit.
   */
  next(): Uint8Array[] | undefined {
    if (this.#frameBytes < 0) {
      if (this.#bufferedBytes < LENGTH_BYTES) return undefined;
      this.#frameBytes = this.#readLength();
    }
    if (this.#bufferedBytes < this.#frameBytes) return undefined;
    const frame = this.#take(this.#frameBytes);
    this.#frameBytes = -1;
    return frame;
  }

  #readLength(): number {
    let length = 0;
    for (const part of this.#take(LENGTH_BYTES)) {
      for (const byte of part) length = (length << 8) | byte;
    }
    const limit = this.#maxFrameBytes();
    if (length <= 0 || length > limit) {
      throw new FrameLengthError(`a frame of ${length} bytes was announced, the limit is ${limit}`);
    }
    return length;
  }

  #take(count: number): Uint8Array[] {
    const parts: Uint8Array[] = [];
    let missing = count;
    while (missing > 0) {
      const head = this.#chunks[0]!;
      const available = head.length - this.#headOffset;
      const used = Math.min(available, missing);
      parts.push(head.subarray(this.#headOffset, this.#headOffset + used));
      missing -= used;
      if (used === available) {
        this.#chunks.shift();
        this.#headOffset = 0;
      } else {
        this.#headOffset += used;
      }
    }
    this.#bufferedBytes -= count;
    return parts;
  }
}
