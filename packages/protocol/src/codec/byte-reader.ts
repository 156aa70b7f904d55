import { DecodeError } from "../errors/decode-error.ts";
import { MAX_ARRAY_ELEMENTS, MAX_STRING_BYTES, MAX_TAGGED_FIELDS } from "./limits.ts";
import { readUuidText, UUID_BYTES } from "./uuid-text.ts";

/** Strings up to this many bytes are put together in JavaScript; longer ones pay for a native call. */
const SHORT_STRING_BYTES = 24;

/**
 * Reads Kafka's primitive types from a byte array. Every length is compared with the bytes that
 * remain before anything is allocated for it, and a fault is always a `DecodeError`.
 */
export class ByteReader {
  readonly bytes: Buffer;
  readonly end: number;
  offset = 0;
  readonly #view: DataView;

  constructor(bytes: Uint8Array, offset = 0) {
    this.bytes = Buffer.isBuffer(bytes)
      ? bytes
      : Buffer.from(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength);
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.end = bytes.byteLength;
    this.offset = offset;
    if (offset < 0 || offset > this.end) this.fail("offset outside of the bytes");
  }

  get remaining(): number {
    return this.end - this.offset;
  }

  fail(reason: string, position = this.offset): never {
    throw new DecodeError(reason, position);
  }

  /** Moves the offset over `size` bytes and returns where they begin. */
  take(size: number): number {
    const start = this.offset;
    if (size > this.end - start) this.fail(`${size} bytes needed, ${this.end - start} remain`);
    this.offset = start + size;
    return start;
  }

  skip(size: number): void {
    if (size < 0) this.fail(`negative size ${size}`);
    this.take(size);
  }

  readBool(): boolean {
    return this.#view.getInt8(this.take(1)) !== 0;
  }

  readInt8(): number {
    return this.#view.getInt8(this.take(1));
  }

  readInt16(): number {
    return this.#view.getInt16(this.take(2));
  }

  readUint16(): number {
    return this.#view.getUint16(this.take(2));
  }

  readInt32(): number {
    return this.#view.getInt32(this.take(4));
  }

  readUint32(): number {
    return this.#view.getUint32(this.take(4));
  }

  readInt64(): bigint {
    return this.#view.getBigInt64(this.take(8));
  }

  readFloat64(): number {
    return this.#view.getFloat64(this.take(8));
  }

  /** Unsigned 32-bit variable length integer, at most five bytes. */
  readUnsignedVarint(): number {
    const first = this.#view.getUint8(this.take(1));
    return first < 0x80 ? first : this.#readLongVarint(first);
  }

  #readLongVarint(first: number): number {
    const start = this.offset - 1;
    let value = first & 0x7f;
    for (let shift = 7; shift <= 28; shift += 7) {
      const byte = this.#view.getUint8(this.take(1));
      if (shift === 28 && byte > 0x0f) this.fail("varint is longer than 32 bits", start);
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
    return this.fail("varint is longer than five bytes", start);
  }

  readUuid(): string {
    return readUuidText(this.bytes, this.take(UUID_BYTES));
  }

  readString(): string {
    return (
      this.readNullableString() ?? this.fail("null where a string is required", this.offset - 2)
    );
  }

  readNullableString(): string | null {
    const length = this.readInt16();
    if (length >= 0) return this.#readText(length);
    if (length !== -1) this.fail(`string length ${length}`, this.offset - 2);
    return null;
  }

  readCompactString(): string {
    return (
      this.readCompactNullableString() ??
      this.fail("null where a string is required", this.offset - 1)
    );
  }

  readCompactNullableString(): string | null {
    const start = this.offset;
    const length = this.readUnsignedVarint() - 1;
    if (length < 0) return null;
    if (length > MAX_STRING_BYTES) this.fail(`string of ${length} bytes`, start);
    return this.#readText(length);
  }

  #readText(length: number): string {
    const start = this.take(length);
    if (length > SHORT_STRING_BYTES) return this.bytes.toString("utf8", start, start + length);
    const bytes = this.bytes;
    let text = "";
    for (let i = start; i < start + length; i++) {
      const byte = bytes[i] as number;
      if (byte >= 0x80) return bytes.toString("utf8", start, start + length);
      text += String.fromCharCode(byte);
    }
    return text;
  }

  /** A view of the next bytes; nothing is copied, so the view lives as long as the frame does. */
  readBytes(): Uint8Array {
    return this.readNullableBytes() ?? this.fail("null where bytes are required", this.offset - 4);
  }

  readNullableBytes(): Uint8Array | null {
    const length = this.readInt32();
    if (length >= 0) return this.readSlice(length);
    if (length !== -1) this.fail(`bytes length ${length}`, this.offset - 4);
    return null;
  }

  readCompactBytes(): Uint8Array {
    return (
      this.readCompactNullableBytes() ?? this.fail("null where bytes are required", this.offset - 1)
    );
  }

  readCompactNullableBytes(): Uint8Array | null {
    const length = this.readUnsignedVarint() - 1;
    return length < 0 ? null : this.readSlice(length);
  }

  readSlice(length: number): Uint8Array {
    const start = this.take(length);
    return new Uint8Array(this.bytes.buffer, this.bytes.byteOffset + start, length);
  }

  /** Number of elements, -1 for null. `minElementBytes` is the least that one element takes. */
  readArrayLength(minElementBytes: number): number {
    const count = this.readInt32();
    if (count < -1) this.fail(`array length ${count}`, this.offset - 4);
    return this.#checkCount(count, minElementBytes);
  }

  readCompactArrayLength(minElementBytes: number): number {
    return this.#checkCount(this.readUnsignedVarint() - 1, minElementBytes);
  }

  #checkCount(count: number, minElementBytes: number): number {
    if (count > MAX_ARRAY_ELEMENTS) this.fail(`array of ${count} elements`);
    if (count * minElementBytes > this.end - this.offset) {
      this.fail(`array of ${count} elements in ${this.end - this.offset} bytes`);
    }
    return count;
  }

  /** Number of tagged fields; each takes two bytes at least, its tag and its size. */
  readTagCount(): number {
    const count = this.readUnsignedVarint();
    if (count > MAX_TAGGED_FIELDS || count * 2 > this.end - this.offset)
      this.fail(`${count} tagged fields`);
    return count;
  }

  /** Size of one tagged field, checked; returns the offset at which the field has to end. */
  readTagEnd(): number {
    const size = this.readUnsignedVarint();
    if (size > this.end - this.offset) this.fail(`tagged field of ${size} bytes`);
    return this.offset + size;
  }

  skipTaggedFields(): void {
    for (let count = this.readTagCount(); count > 0; count--) {
      this.readUnsignedVarint();
      this.offset = this.readTagEnd();
    }
  }

  expectOffset(expected: number): void {
    if (this.offset !== expected)
      this.fail(`tagged field ends at ${this.offset} instead of ${expected}`);
  }

  expectEnd(): void {
    if (this.offset !== this.end) this.fail(`${this.end - this.offset} bytes are left over`);
  }
}
