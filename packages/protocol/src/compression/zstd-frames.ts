import { DecodeError } from "../errors/decode-error.ts";

// A zstd frame (RFC 8878, little-endian): magic FD2FB528, a header of 2 to 14 bytes whose descriptor
// says which fields follow, blocks with a 3-byte header (bit 0 last, bits 1-2 type, 21 bits size), and
// an optional 4-byte checksum. Skippable frames (magic 184D2A5x, then a 4-byte size) may stand between.

const FRAME_MAGIC = 0xfd2fb528;
const SKIPPABLE_MAGIC = 0x184d2a50;
const BLOCK_RLE = 1;
const BLOCK_RESERVED = 3;

export interface ZstdScan {
  readonly frames: number;
  /** Sum of the content sizes that the frames declare; frames without one count as zero. */
  readonly declaredBytes: number;
}

/** Walks frame and block headers without decoding; throws when they do not tile the input exactly. */
export function scanZstdFrames(bytes: Uint8Array): ZstdScan {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  let frames = 0;
  let declaredBytes = 0;
  while (at < bytes.length) {
    need(bytes, at, 4);
    const magic = view.getUint32(at, true);
    if ((magic & 0xfffffff0) === SKIPPABLE_MAGIC) {
      need(bytes, at, 8);
      const size = view.getUint32(at + 4, true);
      need(bytes, at, 8 + size);
      at += 8 + size;
      continue;
    }
    if (magic !== FRAME_MAGIC) throw new DecodeError("bytes that are no zstd frame", at);
    const header = readFrameHeader(view, bytes, at + 4);
    declaredBytes += header.contentBytes;
    at = skipBlocks(bytes, header.end) + (header.hasChecksum ? 4 : 0);
    if (at > bytes.length)
      throw new DecodeError("zstd frame ends inside its checksum", bytes.length);
    frames++;
  }
  if (frames === 0) throw new DecodeError("no zstd frame in the data", 0);
  return { frames, declaredBytes };
}

function readFrameHeader(
  view: DataView,
  bytes: Uint8Array,
  at: number,
): { end: number; contentBytes: number; hasChecksum: boolean } {
  need(bytes, at, 1);
  const descriptor = bytes[at]!;
  const singleSegment = (descriptor & 0x20) !== 0;
  const dictionaryIdBytes = [0, 1, 2, 4][descriptor & 3]!;
  const sizeFlag = descriptor >> 6;
  const contentSizeBytes = sizeFlag === 0 ? (singleSegment ? 1 : 0) : 1 << sizeFlag;
  const sizeAt = at + 1 + (singleSegment ? 0 : 1) + dictionaryIdBytes;
  const end = sizeAt + contentSizeBytes;
  need(bytes, at, end - at);
  let contentBytes = 0;
  if (contentSizeBytes === 1) contentBytes = bytes[sizeAt]!;
  else if (contentSizeBytes === 2) contentBytes = view.getUint16(sizeAt, true) + 256;
  else if (contentSizeBytes === 4) contentBytes = view.getUint32(sizeAt, true);
  else if (contentSizeBytes === 8) contentBytes = Number(view.getBigUint64(sizeAt, true));
  return { end, contentBytes, hasChecksum: (descriptor & 0x04) !== 0 };
}

function skipBlocks(bytes: Uint8Array, start: number): number {
  let at = start;
  for (;;) {
    need(bytes, at, 3);
    const header = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16);
    const type = (header >> 1) & 3;
    if (type === BLOCK_RESERVED) throw new DecodeError("zstd block of the reserved type", at);
    const size = type === BLOCK_RLE ? 1 : header >> 3;
    need(bytes, at, 3 + size);
    at += 3 + size;
    if ((header & 1) !== 0) return at;
  }
}

function need(bytes: Uint8Array, at: number, count: number): void {
  if (at + count > bytes.length) {
    throw new DecodeError(`zstd data needs ${count} bytes, ${bytes.length - at} are left`, at);
  }
}
