import { inflateRawSync } from "node:zlib";

/*
 * Reads files out of a jar, which is a zip archive: an "end of central directory" record at the end
 * points to the central directory, whose entries point to the files. Numbers are little endian.
 */

const END_SIGNATURE = 0x06054b50;
const ENTRY_SIGNATURE = 0x02014b50;
const END_BYTES = 22;
const ENTRY_BYTES = 46;
const LOCAL_HEADER_BYTES = 30;
const METHOD_STORED = 0;
const METHOD_DEFLATED = 8;

/** The files whose path is wanted, by path. */
export function readJar(jar: Buffer, isWanted: (path: string) => boolean): Map<string, Buffer> {
  const end = findEnd(jar);
  const count = jar.readUInt16LE(end + 10);
  let at = jar.readUInt32LE(end + 16);
  const files = new Map<string, Buffer>();
  for (let i = 0; i < count; i++) {
    if (jar.readUInt32LE(at) !== ENTRY_SIGNATURE)
      throw new Error(`no central directory entry at ${at}`);
    const nameBytes = jar.readUInt16LE(at + 28);
    const path = jar.toString("utf8", at + ENTRY_BYTES, at + ENTRY_BYTES + nameBytes);
    if (isWanted(path)) files.set(path, readEntry(jar, at));
    at += ENTRY_BYTES + nameBytes + jar.readUInt16LE(at + 30) + jar.readUInt16LE(at + 32);
  }
  return files;
}

function findEnd(jar: Buffer): number {
  for (let at = jar.length - END_BYTES; at >= 0; at--) {
    if (jar.readUInt32LE(at) === END_SIGNATURE) return at;
  }
  throw new Error("not a jar: it has no central directory");
}

function readEntry(jar: Buffer, entry: number): Buffer {
  const method = jar.readUInt16LE(entry + 10);
  const packedBytes = jar.readUInt32LE(entry + 20);
  const header = jar.readUInt32LE(entry + 42);
  // The local header has its own name and extra fields, the latter often of another length.
  const start =
    header + LOCAL_HEADER_BYTES + jar.readUInt16LE(header + 26) + jar.readUInt16LE(header + 28);
  const packed = jar.subarray(start, start + packedBytes);
  if (method === METHOD_STORED) return packed;
  if (method === METHOD_DEFLATED) return inflateRawSync(packed);
  throw new Error(`compression method ${method} in a jar`);
}
