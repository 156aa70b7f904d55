/**
 * The sparse map from timestamps to offsets of one segment. An entry is 12 bytes, big-endian: the
 * greatest timestamp seen so far (i64), and the last offset of the batch that has it, relative to the
 * segment's base offset (u32). Timestamps ascend strictly; an out-of-order timestamp adds nothing. The
 * last entry, written when the segment is sealed, holds the segment's greatest timestamp, on which
 * retention rests. Like the offset index it has no checksum and is rebuilt when it does not ascend.
 */
export const TIME_INDEX_ENTRY_BYTES = 12;
const INITIAL_ENTRIES = 16;
/** Shared by all empty indexes: of thousands of partitions most are idle. */
const NO_ENTRIES = new DataView(new ArrayBuffer(0));
const TWO_POW_32 = 2 ** 32;

export class TimeIndex {
  readonly baseOffset: number;
  #view: DataView;
  #count: number;

  constructor(baseOffset: number) {
    this.baseOffset = baseOffset;
    this.#view = NO_ENTRIES;
    this.#count = 0;
  }

  static parse(baseOffset: number, bytes: Uint8Array): TimeIndex | undefined {
    if (bytes.length % TIME_INDEX_ENTRY_BYTES !== 0) return undefined;
    const index = new TimeIndex(baseOffset);
    index.#view = new DataView(bytes.slice().buffer);
    index.#count = bytes.length / TIME_INDEX_ENTRY_BYTES;
    let timestamp = -1;
    let offset = baseOffset - 1;
    for (let entry = 0; entry < index.#count; entry++) {
      if (index.timestampAt(entry) <= timestamp || index.offsetAt(entry) < offset) return undefined;
      timestamp = index.timestampAt(entry);
      offset = index.offsetAt(entry);
    }
    return Number.isSafeInteger(timestamp) ? index : undefined;
  }

  get entryCount(): number {
    return this.#count;
  }

  timestampAt(entry: number): number {
    const at = entry * TIME_INDEX_ENTRY_BYTES;
    return this.#view.getInt32(at) * TWO_POW_32 + this.#view.getUint32(at + 4);
  }

  offsetAt(entry: number): number {
    return this.baseOffset + this.#view.getUint32(entry * TIME_INDEX_ENTRY_BYTES + 8);
  }

  get lastTimestamp(): number {
    return this.#count === 0 ? -1 : this.timestampAt(this.#count - 1);
  }

  /** Adds an entry when the timestamp is greater than the last one. */
  appendIfGreater(timestamp: number, offset: number): void {
    if (timestamp <= this.lastTimestamp) return;
    const at = this.#count * TIME_INDEX_ENTRY_BYTES;
    if (at === this.#view.byteLength) this.#grow();
    this.#view.setInt32(at, Math.floor(timestamp / TWO_POW_32));
    this.#view.setUint32(at + 4, timestamp % TWO_POW_32);
    this.#view.setUint32(at + 8, offset - this.baseOffset);
    this.#count++;
  }

  /** The offset of the last entry whose timestamp is below `timestamp`; the base offset when there is none. */
  offsetBefore(timestamp: number): number {
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.timestampAt(middle) < timestamp) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? this.baseOffset : this.offsetAt(low - 1);
  }

  truncateToCount(count: number): void {
    this.#count = Math.min(this.#count, count);
  }

  truncateToOffset(offset: number): void {
    while (this.#count > 0 && this.offsetAt(this.#count - 1) >= offset) this.#count--;
  }

  bytes(): Uint8Array {
    return new Uint8Array(this.#view.buffer, 0, this.#count * TIME_INDEX_ENTRY_BYTES);
  }

  #grow(): void {
    const larger = new Uint8Array(
      Math.max(INITIAL_ENTRIES * TIME_INDEX_ENTRY_BYTES, this.#view.byteLength * 2),
    );
    larger.set(new Uint8Array(this.#view.buffer));
    this.#view = new DataView(larger.buffer);
  }
}
