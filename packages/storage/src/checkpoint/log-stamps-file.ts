import { crc32c } from "@ottla/protocol";
import type { FileSystem } from "@ottla/runtime";
import { Packr } from "msgpackr/pack";
import { join } from "node:path";
import type { LogStamp } from "../log/log-stamp.ts";
import { replaceFile } from "./checkpoint-file.ts";

// One file per log directory, big-endian: magic u32 "OTST", version u16 = 1, crc u32 (CRC-32C of all that
// follows), then a MessagePack array of stamps with record structures inside the stream. A file that is
// damaged or of another version says nothing: the logs are then opened by looking at their files.
export const LOG_STAMPS_FILE = "ottla-log-stamps";
const MAGIC = 0x4f545354;
const VERSION = 1;
const CRC_AT = 6;
const HEADER_BYTES = 10;

const packer = (): Packr => new Packr({ sequential: false, useRecords: true });
/** Copies bytes: a view would take the whole file along whenever its stamp goes to another thread. */
const unpacker = (): Packr => new Packr({ sequential: false, useRecords: true, copyBuffers: true });

export async function writeLogStamps(
  fileSystem: FileSystem,
  directory: string,
  stamps: readonly LogStamp[],
): Promise<void> {
  const packed = packer().pack(stamps);
  const bytes = new Uint8Array(HEADER_BYTES + packed.length);
  bytes.set(packed, HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC);
  view.setUint16(4, VERSION);
  view.setUint32(CRC_AT, crc32c(bytes.subarray(HEADER_BYTES)));
  await replaceFile(fileSystem, join(directory, LOG_STAMPS_FILE), bytes);
}

/** Undefined when the file is damaged, empty when there is none. */
export function readLogStamps(
  fileSystem: FileSystem,
  directory: string,
): readonly LogStamp[] | undefined {
  const path = join(directory, LOG_STAMPS_FILE);
  if (!fileSystem.existsSync(path)) return [];
  const bytes = fileSystem.readFileSync(path);
  if (bytes.length < HEADER_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0) !== MAGIC || view.getUint16(4) !== VERSION) return undefined;
  const packed = bytes.subarray(HEADER_BYTES);
  if (view.getUint32(CRC_AT) !== crc32c(packed)) return undefined;
  return unpacker().unpack(packed) as LogStamp[];
}
