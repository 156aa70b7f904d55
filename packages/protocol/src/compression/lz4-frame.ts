import { xxhash32 } from "../checksum/xxhash32.ts";
import { DecodeError } from "../errors/decode-error.ts";
import { decodeLz4Block } from "./lz4-block.ts";
import { lz4 } from "./native-codecs.ts";
import { outputTooLarge } from "./output-bound.ts";

// An LZ4 frame, all little-endian: magic 184D2204, FLG (bits 7-6 version 01, 5 independent blocks,
// 4 block checksums, 3 content size, 2 content checksum, 0 dictionary id), BD (bits 6-4 largest block:
// 4 = 64 KiB ... 7 = 4 MiB), content size u64 if flagged, header checksum (second byte of the xxHash32
// of FLG to here), blocks [size u32 with the top bit set when stored raw, data, checksum u32 if flagged],
// u32 zero, content checksum u32 if flagged. Frames may follow each other, skippable ones between them.
// We write independent 64 KiB blocks without checksums (the batch has its CRC): Java refuses linked ones.

const FRAME_MAGIC = 0x184d2204;
const SKIPPABLE_MAGIC = 0x184d2a50;
const VERSION = 0x40;
const FLAG_INDEPENDENT = 0x20;
const FLAG_BLOCK_CHECKSUM = 0x10;
const FLAG_CONTENT_SIZE = 0x08;
const FLAG_CONTENT_CHECKSUM = 0x04;
const FLAG_RESERVED = 0x02;
const FLAG_DICTIONARY = 0x01;
const BD_64_KIB = 0x40;
const WRITE_BLOCK_BYTES = 64 * 1024;
const RAW_BLOCK = 0x80000000;
/** lz4-napi puts the uncompressed size before the raw block. */
const NAPI_SIZE_PREFIX = 4;
/** No LZ4 block grows by more than this factor, so a small input never earns a large first buffer. */
const MAX_EXPANSION = 255;

export interface Lz4WriteOptions {
  readonly contentChecksum?: boolean;
}

export function compressLz4(bytes: Uint8Array, options: Lz4WriteOptions = {}): Uint8Array {
  const blocks: { data: Uint8Array; raw: boolean }[] = [];
  let size = 7 + 4 + (options.contentChecksum ? 4 : 0);
  for (let at = 0; at < bytes.length; at += WRITE_BLOCK_BYTES) {
    const input = bytes.subarray(at, at + WRITE_BLOCK_BYTES);
    const packed = lz4().compressSync(asBuffer(input)).subarray(NAPI_SIZE_PREFIX);
    const raw = packed.length >= input.length;
    const data = raw ? input : packed;
    blocks.push({ data, raw });
    size += 4 + data.length;
  }
  const output = new Uint8Array(size);
  const view = new DataView(output.buffer);
  view.setUint32(0, FRAME_MAGIC, true);
  output[4] = VERSION | FLAG_INDEPENDENT | (options.contentChecksum ? FLAG_CONTENT_CHECKSUM : 0);
  output[5] = BD_64_KIB;
  output[6] = headerChecksum(output, 4, 6);
  let at = 7;
  for (const { data, raw } of blocks) {
    view.setUint32(at, raw ? data.length + RAW_BLOCK : data.length, true);
    output.set(data, at + 4);
    at += 4 + data.length;
  }
  if (options.contentChecksum) view.setUint32(at + 4, xxhash32(bytes), true);
  return output;
}

export function decompressLz4(bytes: Uint8Array, maxOutputBytes: number): Uint8Array {
  return new Lz4FrameReader(bytes, maxOutputBytes).readAll();
}

interface FrameHeader {
  readonly flags: number;
  readonly blockMaxBytes: number;
  readonly contentBytes: number | undefined;
}

class Lz4FrameReader {
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  private readonly maxOutputBytes: number;
  private output: Uint8Array;
  private written = 0;
  private at = 0;

  constructor(bytes: Uint8Array, maxOutputBytes: number) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.maxOutputBytes = maxOutputBytes;
    this.output = new Uint8Array(Math.min(maxOutputBytes, bytes.length * 4));
  }

  readAll(): Uint8Array {
    let frames = 0;
    while (this.at < this.bytes.length) {
      const start = this.at;
      const magic = this.readUint32();
      if ((magic & 0xfffffff0) === SKIPPABLE_MAGIC) {
        const size = this.readUint32();
        this.need(size);
        this.at += size;
      } else if (magic === FRAME_MAGIC) {
        this.readFrame();
        frames++;
      } else {
        throw new DecodeError("bytes that are no LZ4 frame", start);
      }
    }
    if (frames === 0) throw new DecodeError("no LZ4 frame in the data", 0);
    return this.output.subarray(0, this.written);
  }

  private readFrame(): void {
    const header = this.readHeader();
    const frameStart = this.written;
    if (header.contentBytes !== undefined) {
      if (header.contentBytes > this.maxOutputBytes - frameStart) {
        throw outputTooLarge(this.maxOutputBytes, this.at);
      }
      this.reserve(Math.min(header.contentBytes, (this.bytes.length - this.at) * MAX_EXPANSION));
    }
    for (;;) {
      const sizeField = this.readUint32();
      if (sizeField === 0) break;
      this.readBlock(header, sizeField, frameStart);
    }
    if ((header.flags & FLAG_CONTENT_CHECKSUM) !== 0) {
      const position = this.at;
      if (this.readUint32() !== xxhash32(this.output, 0, frameStart, this.written)) {
        throw new DecodeError("LZ4 content checksum does not match", position);
      }
    }
    if (header.contentBytes !== undefined && header.contentBytes !== this.written - frameStart) {
      throw new DecodeError("LZ4 frame does not hold the size it declares", this.at);
    }
  }

  private readHeader(): FrameHeader {
    const start = this.at;
    this.need(3);
    const flags = this.bytes[start]!;
    const descriptor = this.bytes[start + 1]!;
    if ((flags & 0xc0) !== VERSION) throw new DecodeError("LZ4 frame of an unknown version", start);
    if ((flags & FLAG_DICTIONARY) !== 0)
      throw new DecodeError("LZ4 frame needs a dictionary", start);
    if ((flags & FLAG_RESERVED) !== 0 || (descriptor & 0x8f) !== 0 || descriptor < BD_64_KIB) {
      throw new DecodeError("LZ4 frame header with reserved bits", start);
    }
    this.at += 2;
    let contentBytes: number | undefined;
    if ((flags & FLAG_CONTENT_SIZE) !== 0) {
      this.need(8);
      contentBytes = Number(this.view.getBigUint64(this.at, true));
      this.at += 8;
    }
    this.need(1);
    if (this.bytes[this.at] !== headerChecksum(this.bytes, start, this.at)) {
      throw new DecodeError("LZ4 header checksum does not match", this.at);
    }
    this.at++;
    return { flags, blockMaxBytes: 1 << (8 + 2 * (descriptor >> 4)), contentBytes };
  }

  private readBlock(header: FrameHeader, sizeField: number, frameStart: number): void {
    const raw = sizeField >= RAW_BLOCK;
    const size = raw ? sizeField - RAW_BLOCK : sizeField;
    const start = this.at;
    if (size > header.blockMaxBytes) {
      throw new DecodeError(
        `LZ4 block of ${size} bytes, its frame allows ${header.blockMaxBytes}`,
        start,
      );
    }
    this.need(size);
    this.at += size;
    if ((header.flags & FLAG_BLOCK_CHECKSUM) !== 0) {
      if (this.readUint32() !== xxhash32(this.bytes, 0, start, start + size)) {
        throw new DecodeError("LZ4 block checksum does not match", start);
      }
    }
    if (raw) {
      this.reserve(size);
      if (this.output.length - this.written < size)
        throw outputTooLarge(this.maxOutputBytes, start);
      this.output.set(this.bytes.subarray(start, start + size), this.written);
      this.written += size;
      return;
    }
    this.reserve(Math.min(header.blockMaxBytes, size * MAX_EXPANSION));
    const independent = (header.flags & FLAG_INDEPENDENT) !== 0;
    this.written = decodeLz4Block(
      { bytes: this.bytes, start, end: start + size },
      this.output,
      this.written,
      Math.min(this.output.length, this.written + header.blockMaxBytes),
      independent ? this.written : frameStart,
    );
  }

  /** Makes room for `count` more bytes, or for as many as the caller's bound leaves. */
  private reserve(count: number): void {
    const wanted = Math.min(this.maxOutputBytes, this.written + count);
    if (wanted <= this.output.length) return;
    const grown = new Uint8Array(
      Math.min(this.maxOutputBytes, Math.max(wanted, this.output.length * 2)),
    );
    grown.set(this.output.subarray(0, this.written));
    this.output = grown;
  }

  private readUint32(): number {
    this.need(4);
    const value = this.view.getUint32(this.at, true);
    this.at += 4;
    return value;
  }

  private need(count: number): void {
    if (count > this.bytes.length - this.at) {
      throw new DecodeError(
        `LZ4 data needs ${count} bytes, ${this.bytes.length - this.at} are left`,
        this.at,
      );
    }
  }
}

function headerChecksum(bytes: Uint8Array, start: number, end: number): number {
  return (xxhash32(bytes, 0, start, end) >>> 8) & 0xff;
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength);
}
