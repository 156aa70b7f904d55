import { crc32c } from "@ottla/protocol";
import { MetadataStoreError } from "./metadata-store-error.ts";

/*
 * Layout of `metadata.log` and `metadata.snapshot`. All integers are big-endian.
 *
 *   file header, 16 bytes:
 *     0  8  magic "OTTLAMD" and one byte for the kind: "L" log, "S" snapshot
 *     8  4  format version
 *    12  4  CRC-32C of bytes 0 to 11
 *   then frames (any number in a log, exactly one in a snapshot):
 *     0  4  frame magic 0x4f544d46
 *     4  4  length of the payload in bytes
 *     8  4  CRC-32C of the length field and the payload
 *    12  n  payload, MessagePack
 *
 * The checksum covers the length too, because a damaged length would otherwise move the start of
 * every later frame. A log is only ever extended by one frame at a time, and the next frame is not
 * written before the last one is synced: bytes that do not parse can therefore be a write torn by a
 * crash only when nothing valid follows them.
 *
 * After a sync, a frame without transactions is written behind the synced one and not synced itself:
 * the synced mark. Its presence proves that all before it was on the disk, so that damage to the
 * last transaction is told from a torn write. The next frame overwrites it.
 */
export const FILE_HEADER_BYTES = 16;
export const FRAME_HEADER_BYTES = 12;
export const METADATA_FORMAT_VERSION = 1;
/** Longer than any transaction we write; a larger length field is damage and is not trusted. */
export const MAX_FRAME_PAYLOAD_BYTES = 256 * 1024 * 1024;

const FRAME_MAGIC = 0x4f544d46;
const KIND_BYTES = { log: 0x4c, snapshot: 0x53 } as const;
const MAGIC_PREFIX = new TextEncoder().encode("OTTLAMD");

export type MetadataFileKind = keyof typeof KIND_BYTES;

export function encodeFileHeader(kind: MetadataFileKind): Uint8Array {
  const header = new Uint8Array(FILE_HEADER_BYTES);
  header.set(MAGIC_PREFIX);
  header[MAGIC_PREFIX.length] = KIND_BYTES[kind];
  const view = new DataView(header.buffer);
  view.setUint32(8, METADATA_FORMAT_VERSION);
  view.setUint32(12, crc32c(header.subarray(0, 12)));
  return header;
}

/** Throws one line that names the file when it is not ours or comes from a newer release. */
export function checkFileHeader(bytes: Uint8Array, kind: MetadataFileKind, path: string): void {
  const magicHolds =
    bytes.length >= FILE_HEADER_BYTES &&
    MAGIC_PREFIX.every((byte, index) => bytes[index] === byte) &&
    bytes[MAGIC_PREFIX.length] === KIND_BYTES[kind];
  if (!magicHolds) {
    throw new MetadataStoreError(
      `${path} is not an Ottla metadata ${kind}; use another data directory or restore this file from a copy`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, FILE_HEADER_BYTES);
  if (view.getUint32(12) !== crc32c(bytes.subarray(0, 12))) {
    throw new MetadataStoreError(
      `the header of ${path} is damaged (checksum); restore this file from a copy`,
    );
  }
  const version = view.getUint32(8);
  if (version !== METADATA_FORMAT_VERSION) {
    throw new MetadataStoreError(
      `${path} has metadata format ${version}, this release reads ${METADATA_FORMAT_VERSION}; start it with the Ottla release that wrote it, or a newer one`,
    );
  }
}

export function encodeFrameHeader(payload: Uint8Array): Uint8Array {
  const header = new Uint8Array(FRAME_HEADER_BYTES);
  const view = new DataView(header.buffer);
  view.setUint32(0, FRAME_MAGIC);
  view.setUint32(4, payload.length);
  view.setUint32(8, crc32c(payload, crc32c(header.subarray(4, 8))));
  return header;
}

/** The payload of the frame at `position`, or undefined when no whole, undamaged frame starts there. */
export function readFrame(bytes: Uint8Array, position: number): Uint8Array | undefined {
  if (bytes.length - position < FRAME_HEADER_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset + position, FRAME_HEADER_BYTES);
  if (view.getUint32(0) !== FRAME_MAGIC) return undefined;
  const length = view.getUint32(4);
  const start = position + FRAME_HEADER_BYTES;
  if (length > MAX_FRAME_PAYLOAD_BYTES || length > bytes.length - start) return undefined;
  const payload = bytes.subarray(start, start + length);
  const expected = crc32c(payload, crc32c(bytes.subarray(position + 4, position + 8)));
  return view.getUint32(8) === expected ? payload : undefined;
}

/** Position of the first undamaged frame that starts after `position`, or -1. */
export function findFrameAfter(bytes: Uint8Array, position: number): number {
  for (let at = position + 1; at <= bytes.length - FRAME_HEADER_BYTES; at++) {
    if (bytes[at] === FRAME_MAGIC >>> 24 && readFrame(bytes, at) !== undefined) return at;
  }
  return -1;
}
