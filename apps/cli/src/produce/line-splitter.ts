const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** Cuts a stream of bytes into lines, without LF or CRLF, and holds no more than one unfinished line. */
export class LineSplitter {
  readonly #maxLineBytes: number;
  readonly #pieces: Buffer[] = [];
  #heldBytes = 0;

  constructor(maxLineBytes: number) {
    this.#maxLineBytes = maxLineBytes;
  }

  /** The bytes of the unfinished line. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  get isLineTooLong(): boolean {
    return this.#heldBytes > this.#maxLineBytes;
  }

  /** The lines that the chunk completes. */
  push(chunk: Buffer): Buffer[] {
    const lines: Buffer[] = [];
    let from = 0;
    for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, from)) {
      lines.push(this.#complete(chunk.subarray(from, end)));
      from = end + 1;
    }
    if (from < chunk.length) {
      this.#pieces.push(chunk.subarray(from));
      this.#heldBytes += chunk.length - from;
    }
    return lines;
  }

  /** A last line needs no line end. */
  end(): Buffer[] {
    return this.#heldBytes === 0 ? [] : [this.#complete(Buffer.alloc(0))];
  }

  #complete(last: Buffer): Buffer {
    let line = last;
    if (this.#heldBytes > 0) {
      line = Buffer.concat([...this.#pieces, last]);
      this.#pieces.length = 0;
      this.#heldBytes = 0;
    }
    return line.at(-1) === CARRIAGE_RETURN ? line.subarray(0, -1) : line;
  }
}
