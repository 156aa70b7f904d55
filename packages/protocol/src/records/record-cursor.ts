import { DecodeError } from "../errors/decode-error.ts";

// A record: length varint (of what follows), attributes i8 = 0, timestampDelta varlong, offsetDelta
// varint, key length varint (-1 null), key, value length varint (-1 null), value, header count varint,
// headers [key length varint, key, value length varint (-1 null), value]. Varints are zig-zag encoded,
// seven bits a byte, low bits first. The smallest record has one byte for each of its seven fields.

/** So many records as a batch claims need at least this many bytes each. */
export const MIN_RECORD_BYTES = 7;
const MAX_VARINT_SHIFT = 28;
const TWO_POW_32 = 2 ** 32;

/**
 * Steps through uncompressed records without allocating: `next` moves to the next one and leaves the
 * places of its parts in the fields. A length of -1 stands for null.
 */
export class RecordCursor {
  readonly bytes: Uint8Array;
  /** Where the next record, or the next part of this one, starts. */
  position: number;
  timestampDelta = 0;
  /** Where the part of the record behind the timestamp delta starts. */
  afterTimestamp = 0;
  offsetDelta = 0;
  keyStart = 0;
  keyLength = -1;
  valueStart = 0;
  valueLength = -1;
  headerCount = 0;
  headersStart = 0;
  private recordEnd = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.position = 0;
  }

  /** Reads one record; there must be one. `position` is then at its end. */
  next(): void {
    this.recordEnd = this.bytes.length;
    const length = this.readVarint();
    if (length < 0 || length > this.recordEnd - this.position) {
      throw new DecodeError(`record length ${length} does not fit its batch`, this.position);
    }
    this.recordEnd = this.position + length;
    if (length === 0) throw new DecodeError("record without attributes", this.position);
    this.position++;
    this.timestampDelta = this.readVarlong();
    this.afterTimestamp = this.position;
    this.offsetDelta = this.readVarint();
    this.keyLength = this.readLength("key");
    this.keyStart = this.position;
    if (this.keyLength > 0) this.position += this.keyLength;
    this.valueLength = this.readLength("value");
    this.valueStart = this.position;
    if (this.valueLength > 0) this.position += this.valueLength;
    this.headerCount = this.readVarint();
    this.headersStart = this.position;
    this.skipHeaders();
    if (this.position !== this.recordEnd) {
      throw new DecodeError("record longer than its parts", this.position);
    }
  }

  /** Calls back with the place of each header of the current record (checked by `next`). */
  forEachHeader(
    visit: (keyStart: number, keyLength: number, valueStart: number, valueLength: number) => void,
  ): void {
    const end = this.position;
    this.position = this.headersStart;
    for (let index = 0; index < this.headerCount; index++) {
      const keyLength = this.readVarint();
      const keyStart = this.position;
      this.position += keyLength;
      const valueLength = this.readVarint();
      const valueStart = this.position;
      if (valueLength > 0) this.position += valueLength;
      visit(keyStart, keyLength, valueStart, valueLength);
    }
    this.position = end;
  }

  private skipHeaders(): void {
    // Each header has at least two length bytes, so a larger count is a lie.
    if (this.headerCount < 0 || this.headerCount * 2 > this.recordEnd - this.position) {
      throw new DecodeError(
        `header count ${this.headerCount} does not fit its record`,
        this.position,
      );
    }
    for (let index = 0; index < this.headerCount; index++) {
      const keyLength = this.readLength("header key");
      if (keyLength < 0) throw new DecodeError("header key is null", this.position);
      this.position += keyLength;
      const valueLength = this.readLength("header value");
      if (valueLength > 0) this.position += valueLength;
    }
  }

  private readLength(part: string): number {
    const length = this.readVarint();
    if (length < -1 || length > this.recordEnd - this.position) {
      throw new DecodeError(`${part} length ${length} does not fit its record`, this.position);
    }
    return length;
  }

  private readByte(): number {
    if (this.position >= this.recordEnd) {
      throw new DecodeError("record ends inside a number", this.position);
    }
    return this.bytes[this.position++]!;
  }

  private readVarint(): number {
    let byte = this.readByte();
    if (byte < 0x80) return (byte >>> 1) ^ -(byte & 1);
    let value = byte & 0x7f;
    for (let shift = 7; shift <= MAX_VARINT_SHIFT; shift += 7) {
      byte = this.readByte();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return (value >>> 1) ^ -(value & 1);
    }
    throw new DecodeError("varint of more than 5 bytes", this.position);
  }

  /** A 64-bit varint that must fit a safe integer; assembled as two halves to stay exact. */
  private readVarlong(): number {
    let byte = this.readByte();
    if (byte < 0x80) return (byte >>> 1) ^ -(byte & 1);
    let low = byte & 0x7f;
    let high = 0;
    for (let shift = 7; shift < 70; shift += 7) {
      byte = this.readByte();
      const bits = byte & 0x7f;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high |= bits >>> 4;
      } else high |= bits << (shift - 32);
      if (byte < 0x80) return this.fromZigZag(low, high);
    }
    throw new DecodeError("varlong of more than 10 bytes", this.position);
  }

  private fromZigZag(low: number, high: number): number {
    const sign = -(low & 1);
    const decodedLow = (((low >>> 1) | (high << 31)) ^ sign) >>> 0;
    const decodedHigh = (high >>> 1) ^ sign;
    const value = decodedHigh * TWO_POW_32 + decodedLow;
    if (!Number.isSafeInteger(value)) throw new DecodeError("varlong beyond 2^53", this.position);
    return value;
  }
}
