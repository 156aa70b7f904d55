import { DecodeError } from "../errors/decode-error.ts";
import { snappy } from "./native-codecs.ts";
import { asDecodeError, outputTooLarge } from "./output-bound.ts";

// Two shapes are in use. Java frames raw snappy blocks as the xerial library does: the 8 magic bytes
// 82 'SNAPPY' 00, version i32, lowest compatible version i32, then [length i32, raw block]*, all
// big-endian. librdkafka and others may write one bare raw block. We read both and write the first,
// which every Kafka client understands. A raw block starts with its uncompressed length as a varint.

const XERIAL_MAGIC = Uint8Array.of(0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00);
const XERIAL_HEADER_BYTES = 16;
const XERIAL_VERSION = 1;
/** What Kafka's Java producer puts into one block. */
const XERIAL_BLOCK_BYTES = 32 * 1024;
/** No snappy element produces more than 64 bytes, and none is shorter than 2: a claim above is a lie. */
const MAX_EXPANSION = 64;

export function compressSnappy(bytes: Uint8Array): Uint8Array {
  const blocks: Uint8Array[] = [];
  let size = XERIAL_HEADER_BYTES;
  for (let at = 0; at < bytes.length; at += XERIAL_BLOCK_BYTES) {
    const block = snappy().compressSync(bytes.subarray(at, at + XERIAL_BLOCK_BYTES));
    blocks.push(block);
    size += 4 + block.length;
  }
  const output = new Uint8Array(size);
  const view = new DataView(output.buffer);
  output.set(XERIAL_MAGIC);
  view.setInt32(8, XERIAL_VERSION);
  view.setInt32(12, XERIAL_VERSION);
  let at = XERIAL_HEADER_BYTES;
  for (const block of blocks) {
    view.setInt32(at, block.length);
    output.set(block, at + 4);
    at += 4 + block.length;
  }
  return output;
}

export function decompressSnappy(bytes: Uint8Array, maxOutputBytes: number): Uint8Array {
  if (!startsWithMagic(bytes, 0)) {
    const size = claimedSize(bytes, 0, bytes.length);
    if (size > maxOutputBytes) throw outputTooLarge(maxOutputBytes);
    return decodeBlock(bytes, size, 0, maxOutputBytes);
  }
  const blocks = findBlocks(bytes, maxOutputBytes);
  let total = 0;
  for (const block of blocks) total += block.size;
  const output = new Uint8Array(total);
  let at = 0;
  for (const block of blocks) {
    const raw = bytes.subarray(block.start, block.end);
    output.set(decodeBlock(raw, block.size, block.start, maxOutputBytes), at);
    at += block.size;
  }
  return output;
}

interface SnappyBlock {
  readonly start: number;
  readonly end: number;
  readonly size: number;
}

/** Walks the frame before anything is allocated, so that the bound holds for the sum of all blocks. */
function findBlocks(bytes: Uint8Array, maxOutputBytes: number): SnappyBlock[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const blocks: SnappyBlock[] = [];
  let total = 0;
  let at = 0;
  while (at < bytes.length) {
    // A header may come again where several streams were joined.
    if (startsWithMagic(bytes, at)) {
      at = skipHeader(view, at);
      continue;
    }
    if (at + 4 > bytes.length) throw new DecodeError("snappy frame ends inside a block length", at);
    const length = view.getInt32(at);
    const start = at + 4;
    if (length <= 0 || length > bytes.length - start) {
      throw new DecodeError(`snappy block length ${length} does not fit its frame`, at);
    }
    const size = claimedSize(bytes, start, start + length);
    total += size;
    if (total > maxOutputBytes) throw outputTooLarge(maxOutputBytes, at);
    blocks.push({ start, end: start + length, size });
    at = start + length;
  }
  return blocks;
}

function skipHeader(view: DataView, at: number): number {
  if (at + XERIAL_HEADER_BYTES > view.byteLength) {
    throw new DecodeError("snappy frame ends inside its header", at);
  }
  const compatible = view.getInt32(at + 12);
  if (compatible > XERIAL_VERSION) {
    throw new DecodeError(
      `snappy frame needs version ${compatible}, this reads ${XERIAL_VERSION}`,
      at,
    );
  }
  return at + XERIAL_HEADER_BYTES;
}

function startsWithMagic(bytes: Uint8Array, at: number): boolean {
  if (bytes.length - at < XERIAL_MAGIC.length) return false;
  return XERIAL_MAGIC.every((byte, index) => bytes[at + index] === byte);
}

/** The uncompressed length that a raw block claims, refused when its bytes cannot produce it. */
function claimedSize(bytes: Uint8Array, start: number, end: number): number {
  let size = 0;
  for (let index = 0; index < 5 && start + index < end; index++) {
    const byte = bytes[start + index]!;
    size += (byte & 0x7f) * 2 ** (7 * index);
    if (byte < 0x80) {
      if (size > (end - start) * MAX_EXPANSION) {
        throw new DecodeError(`snappy block claims ${size} bytes from ${end - start}`, start);
      }
      return size;
    }
  }
  throw new DecodeError("snappy block without a valid length", start);
}

function decodeBlock(
  raw: Uint8Array,
  size: number,
  at: number,
  maxOutputBytes: number,
): Uint8Array {
  let output: Uint8Array | string;
  try {
    output = snappy().uncompressSync(raw, { asBuffer: true });
  } catch (error) {
    throw asDecodeError("snappy", error, maxOutputBytes);
  }
  if (typeof output === "string" || output.length !== size) {
    throw new DecodeError(`snappy block did not yield the ${size} bytes it claims`, at);
  }
  return output;
}
