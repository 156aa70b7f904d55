import type { RecordHeader } from "./record-codec.ts";

export interface RecordInput {
  readonly timestamp: number;
  readonly key?: Uint8Array | null;
  readonly value?: Uint8Array | null;
  readonly headers?: readonly RecordHeader[];
  /** Only where offsets have holes; otherwise each record takes the next offset. Must increase. */
  readonly offset?: number;
}

const INITIAL_BYTES = 1024;
const MAX_INT32 = 0x7fffffff;
const encoder = new TextEncoder();

/** Writes records one behind the other into a buffer that doubles; layout: see record-cursor.ts. */
export class RecordWriter {
  private buffer = new Uint8Array(INITIAL_BYTES);
  private at: number;

  /** Leaves `reservedBytes` free at the front. */
  constructor(reservedBytes: number) {
    this.at = reservedBytes;
  }

  get sizeBytes(): number {
    return this.at;
  }

  bytes(): Uint8Array {
    return this.buffer.subarray(0, this.at);
  }

  /** Writes the record unless it needs more than `room` bytes; then writes nothing, returns false. */
  write(record: RecordInput, timestampDelta: number, offsetDelta: number, room: number): boolean {
    const key = record.key ?? null;
    const value = record.value ?? null;
    const headers = record.headers ?? [];
    let bodySize =
      1 +
      varlongSize(timestampDelta) +
      varintSize(offsetDelta) +
      bytesSize(key) +
      bytesSize(value) +
      varintSize(headers.length);
    for (const header of headers) {
      const keyLength = Buffer.byteLength(header.key);
      bodySize += varintSize(keyLength) + keyLength + bytesSize(header.value);
    }
    const size = varintSize(bodySize) + bodySize;
    if (size > room) return false;
    if (this.at + size > MAX_INT32) throw new RangeError("record batch beyond 2 GiB");
    this.reserve(size);
    this.writeVarint(bodySize);
    this.buffer[this.at++] = 0;
    this.writeVarlong(timestampDelta);
    this.writeVarint(offsetDelta);
    this.writeBytes(key);
    this.writeBytes(value);
    this.writeVarint(headers.length);
    for (const header of headers) {
      this.writeString(header.key);
      this.writeBytes(header.value);
    }
    return true;
  }

  private reserve(count: number): void {
    const needed = this.at + count;
    if (needed <= this.buffer.length) return;
    const grown = new Uint8Array(Math.max(needed, this.buffer.length * 2));
    grown.set(this.buffer.subarray(0, this.at));
    this.buffer = grown;
  }

  private writeBytes(bytes: Uint8Array | null): void {
    if (bytes === null) {
      this.buffer[this.at++] = 1;
      return;
    }
    this.writeVarint(bytes.length);
    this.buffer.set(bytes, this.at);
    this.at += bytes.length;
  }

  private writeString(text: string): void {
    this.writeVarint(Buffer.byteLength(text));
    this.at += encoder.encodeInto(text, this.buffer.subarray(this.at)).written;
  }

  private writeVarint(value: number): void {
    let rest = ((value << 1) ^ (value >> 31)) >>> 0;
    while (rest > 0x7f) {
      this.buffer[this.at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.buffer[this.at++] = rest;
  }

  private writeVarlong(value: number): void {
    if ((value | 0) === value) {
      this.writeVarint(value);
      return;
    }
    let rest = zigZag64(value);
    while (rest > 0x7fn) {
      this.buffer[this.at++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.buffer[this.at++] = Number(rest);
  }
}

/** Deltas of timestamps can need more than 53 bits once doubled, so this rare path uses bigint. */
function zigZag64(value: number): bigint {
  const wide = BigInt(value);
  return value < 0 ? -wide * 2n - 1n : wide * 2n;
}

function bytesSize(bytes: Uint8Array | null): number {
  return bytes === null ? 1 : varintSize(bytes.length) + bytes.length;
}

function varintSize(value: number): number {
  const zigZag = ((value << 1) ^ (value >> 31)) >>> 0;
  if (zigZag < 0x80) return 1;
  if (zigZag < 0x4000) return 2;
  if (zigZag < 0x200000) return 3;
  return zigZag < 0x10000000 ? 4 : 5;
}

function varlongSize(value: number): number {
  if ((value | 0) === value) return varintSize(value);
  let size = 1;
  for (let rest = zigZag64(value) >> 7n; rest > 0n; rest >>= 7n) size++;
  return size;
}
