/**
 * The sparse map from offsets to byte positions of one segment. An entry is 8 bytes, big-endian: the
 * last offset of a batch relative to the segment's base offset (u32), and the position where that batch
 * starts (u32). Entries ascend strictly in both. The file has no checksum: one that does not ascend, or
 * points outside the log, is rebuilt from the log and never trusted.
 */
export const OFFSET_INDEX_ENTRY_BYTES = 8;
const INITIAL_ENTRIES = 16;
/** Shared by all empty indexes: of thousands of partitions most are idle. */
const NO_ENTRIES = new DataView(new ArrayBuffer(0));

export class OffsetIndex {
  readonly baseOffset: number;
  #view: DataView;
  #count: number;

  constructor(baseOffset: number) {
    this.baseOffset = baseOffset;
    this.#view = NO_ENTRIES;
    this.#count = 0;
  }

  /** Reads the content of a file, or returns undefined when it cannot be the index of this log. */
  static parse(
    baseOffset: number,
    bytes: Uint8Array,
    logSizeBytes: number,
  ): OffsetIndex | undefined {
    if (bytes.length % OFFSET_INDEX_ENTRY_BYTES !== 0) return undefined;
    const index = new OffsetIndex(baseOffset);
    index.#view = new DataView(bytes.slice().buffer);
    index.#count = bytes.length / OFFSET_INDEX_ENTRY_BYTES;
    let offset = baseOffset - 1;
    let position = -1;
    for (let entry = 0; entry < index.#count; entry++) {
      if (index.offsetAt(entry) <= offset || index.positionAt(entry) <= position) return undefined;
      offset = index.offsetAt(entry);
      position = index.positionAt(entry);
    }
    return position < logSizeBytes ? index : undefined;
  }

  get entryCount(): number {
    return this.#count;
  }

  offsetAt(entry: number): number {
    return this.baseOffset + this.#view.getUint32(entry * OFFSET_INDEX_ENTRY_BYTES);
  }

  positionAt(entry: number): number {
    return this.#view.getUint32(entry * OFFSET_INDEX_ENTRY_BYTES + 4);
  }

  append(lastOffset: number, position: number): void {
    const at = this.#count * OFFSET_INDEX_ENTRY_BYTES;
    if (at === this.#view.byteLength) this.#grow();
    this.#view.setUint32(at, lastOffset - this.baseOffset);
    this.#view.setUint32(at + 4, position);
    this.#count++;
  }

  /** The position of the last indexed batch that ends at or before `offset`; 0 when there is none. */
  positionFor(offset: number): number {
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.offsetAt(middle) <= offset) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? 0 : this.positionAt(low - 1);
  }

  /** Keeps the first `count` entries. */
  truncateToCount(count: number): void {
    this.#count = Math.min(this.#count, count);
  }

  /** Drops entries of batches that end at or after `offset`. */
  truncateToOffset(offset: number): void {
    while (this.#count > 0 && this.offsetAt(this.#count - 1) >= offset) this.#count--;
  }

  /** The file's content; a view that changes with the next append. */
  bytes(): Uint8Array {
    return new Uint8Array(this.#view.buffer, 0, this.#count * OFFSET_INDEX_ENTRY_BYTES);
  }

  #grow(): void {
    const larger = new Uint8Array(
      Math.max(INITIAL_ENTRIES * OFFSET_INDEX_ENTRY_BYTES, this.#view.byteLength * 2),
    );
    larger.set(new Uint8Array(this.#view.buffer));
    this.#view = new DataView(larger.buffer);
  }
}
