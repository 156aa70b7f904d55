import { EncodeError } from "../errors/encode-error.ts";
import type { BytesInput } from "../schema/field.ts";
import { MAX_STRING_BYTES } from "./limits.ts";
import { UUID_BYTES, writeUuidText } from "./uuid-text.ts";

const INITIAL_BYTES = 512;
const SHORT_STRING_CHARS = 24;

/** A slice of foreign bytes that belongs before `position` of the writer's own buffer. */
interface Splice {
  readonly position: number;
  readonly bytes: Uint8Array;
}

/**
 * Writes Kafka's primitive types into a growing buffer. Record batches are not copied into it: they
 * are remembered as splices, and `chunks()` returns own and foreign bytes in order, ready for writev.
 */
export class ByteWriter {
  #buffer: Buffer;
  #view: DataView;
  #position = 0;
  #splices: Splice[] = [];
  #splicedBytes = 0;

  constructor(initialBytes = INITIAL_BYTES) {
    // Every byte that is sent is written first, so the memory need not be cleared.
    this.#buffer = Buffer.allocUnsafe(initialBytes);
    this.#view = viewOf(this.#buffer);
  }

  get sizeBytes(): number {
    return this.#position + this.#splicedBytes;
  }

  chunks(): Uint8Array[] {
    const own = (from: number, to: number): Uint8Array =>
      new Uint8Array(this.#buffer.buffer, this.#buffer.byteOffset + from, to - from);
    const chunks: Uint8Array[] = [];
    let from = 0;
    for (const { position, bytes } of this.#splices) {
      if (position > from) chunks.push(own(from, position));
      chunks.push(bytes);
      from = position;
    }
    if (this.#position > from || chunks.length === 0) chunks.push(own(from, this.#position));
    return chunks;
  }

  /** Everything in one piece; record batches are copied here. */
  toUint8Array(): Uint8Array {
    const chunks = this.chunks();
    if (chunks.length === 1) return chunks[0] as Uint8Array;
    const whole = new Uint8Array(this.sizeBytes);
    let at = 0;
    for (const chunk of chunks) {
      whole.set(chunk, at);
      at += chunk.length;
    }
    return whole;
  }

  /** Makes room for `size` bytes, moves on, and returns where they begin. */
  #reserve(size: number): number {
    const start = this.#position;
    const end = start + size;
    if (end > this.#buffer.length) this.#grow(end);
    this.#position = end;
    return start;
  }

  #grow(needed: number): void {
    const grown = Buffer.allocUnsafe(Math.max(needed, this.#buffer.length * 2));
    this.#buffer.copy(grown, 0, 0, this.#position);
    this.#buffer = grown;
    this.#view = viewOf(grown);
  }

  writeBool(value: boolean): void {
    const at = this.#reserve(1);
    this.#view.setInt8(at, value ? 1 : 0);
  }

  writeInt8(value: number): void {
    if ((value << 24) >> 24 !== value) refuse("int8", value);
    const at = this.#reserve(1);
    this.#view.setInt8(at, value);
  }

  writeInt16(value: number): void {
    if ((value << 16) >> 16 !== value) refuse("int16", value);
    const at = this.#reserve(2);
    this.#view.setInt16(at, value);
  }

  writeUint16(value: number): void {
    if ((value & 0xffff) !== value) refuse("uint16", value);
    const at = this.#reserve(2);
    this.#view.setUint16(at, value);
  }

  writeInt32(value: number): void {
    if ((value | 0) !== value) refuse("int32", value);
    const at = this.#reserve(4);
    this.#view.setInt32(at, value);
  }

  writeInt64(value: bigint): void {
    if (typeof value !== "bigint" || BigInt.asIntN(64, value) !== value) refuse("int64", value);
    const at = this.#reserve(8);
    this.#view.setBigInt64(at, value);
  }

  writeFloat64(value: number): void {
    if (typeof value !== "number") refuse("float64", value);
    const at = this.#reserve(8);
    this.#view.setFloat64(at, value);
  }

  writeUnsignedVarint(value: number): void {
    if (value >>> 0 !== value) refuse("unsigned varint", value);
    let rest = value;
    while (rest > 0x7f) {
      const at = this.#reserve(1);
      this.#view.setUint8(at, (rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    const at = this.#reserve(1);
    this.#view.setUint8(at, rest);
  }

  writeUuid(value: string): void {
    if (typeof value !== "string") refuse("uuid", value);
    const at = this.#reserve(UUID_BYTES);
    if (!writeUuidText(value, this.#buffer, at)) refuse("uuid", value);
  }

  writeString(value: string): void {
    const start = this.#reserve(2);
    // Written first: a growing buffer replaces the view.
    const length = this.#writeText(value);
    this.#view.setInt16(start, length);
  }

  writeNullableString(value: string | null): void {
    if (value === null) this.writeInt16(-1);
    else this.writeString(value);
  }

  writeCompactString(value: string): void {
    const start = this.beginSized();
    this.#writeText(value);
    this.endSized(start, 1);
  }

  writeCompactNullableString(value: string | null): void {
    if (value === null) this.writeUnsignedVarint(0);
    else this.writeCompactString(value);
  }

  #writeText(value: string): number {
    if (typeof value !== "string") refuse("string", value);
    const length = value.length;
    if (length <= SHORT_STRING_CHARS && this.#writeAscii(value)) return length;
    // A UTF-16 unit takes three bytes of UTF-8 at most.
    const size = length * 3 <= MAX_STRING_BYTES ? length * 3 : Buffer.byteLength(value);
    if (size > MAX_STRING_BYTES) throw new EncodeError(`string of ${size} bytes`);
    const at = this.#reserve(size);
    const written = this.#buffer.write(value, at, size, "utf8");
    this.#position = at + written;
    return written;
  }

  #writeAscii(value: string): boolean {
    const start = this.#reserve(value.length);
    const buffer = this.#buffer;
    for (let i = 0; i < value.length; i++) {
      const code = value.charCodeAt(i);
      if (code >= 0x80) {
        this.#position = start;
        return false;
      }
      buffer[start + i] = code;
    }
    return true;
  }

  writeBytes(value: BytesInput): void {
    this.writeInt32(byteLengthOf(value));
    this.writeRaw(value);
  }

  writeNullableBytes(value: BytesInput | null): void {
    if (value === null) this.writeInt32(-1);
    else this.writeBytes(value);
  }

  writeCompactBytes(value: BytesInput): void {
    this.writeUnsignedVarint(byteLengthOf(value) + 1);
    this.writeRaw(value);
  }

  writeCompactNullableBytes(value: BytesInput | null): void {
    if (value === null) this.writeUnsignedVarint(0);
    else this.writeCompactBytes(value);
  }

  writeNullableRecords(value: BytesInput | null): void {
    this.writeInt32(value === null ? -1 : byteLengthOf(value));
    if (value !== null) this.splice(value);
  }

  writeCompactNullableRecords(value: BytesInput | null): void {
    this.writeUnsignedVarint(value === null ? 0 : byteLengthOf(value) + 1);
    if (value !== null) this.splice(value);
  }

  writeRaw(value: BytesInput): void {
    for (const part of value instanceof Uint8Array ? [value] : value) {
      const at = this.#reserve(part.length);
      this.#buffer.set(part, at);
    }
  }

  /** Puts bytes into the output without copying them; they must not change until it is sent. */
  splice(value: BytesInput): void {
    for (const bytes of value instanceof Uint8Array ? [value] : value) {
      if (bytes.length === 0) continue;
      this.#splices.push({ position: this.#position, bytes });
      this.#splicedBytes += bytes.length;
    }
  }

  writeArrayLength(count: number): void {
    this.writeInt32(count);
  }

  writeCompactArrayLength(count: number): void {
    this.writeUnsignedVarint(count + 1);
  }

  /** Begins something whose varint size stands before it; one byte is set aside for the size. */
  beginSized(): number {
    return this.#reserve(1);
  }

  /** Writes the size (plus `bias`) of all that came since `beginSized`, moving it if the size needs more room. */
  endSized(start: number, bias = 0): void {
    const size = this.#position - start - 1 + bias;
    if (size < 0x80) {
      this.#view.setUint8(start, size);
      return;
    }
    const end = this.#position;
    const extra = (size < 1 << 14 ? 2 : size < 1 << 21 ? 3 : size < 1 << 28 ? 4 : 5) - 1;
    this.#reserve(extra);
    this.#buffer.copyWithin(start + 1 + extra, start + 1, end);
    this.#position = start;
    this.writeUnsignedVarint(size);
    this.#position = end + extra;
  }

  /** Overwrites an int32 written before, for sizes known only at the end. */
  setInt32(position: number, value: number): void {
    this.#view.setInt32(position, value);
  }
}

function viewOf(buffer: Buffer): DataView {
  return new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
}

export function byteLengthOf(value: BytesInput): number {
  if (value instanceof Uint8Array) return value.length;
  if (!Array.isArray(value)) refuse("bytes", value);
  let size = 0;
  for (const part of value) size += part.length;
  return size;
}

function refuse(type: string, value: unknown): never {
  const shown =
    value === undefined || value === null
      ? `${value as undefined}`
      : `${typeof value} ${String(value as number)}`;
  throw new EncodeError(`${shown.slice(0, 80)} is not a legal ${type}`);
}
