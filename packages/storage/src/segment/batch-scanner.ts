import {
  batchSizeAt,
  isCrcValidAt,
  LOG_OVERHEAD,
  magicAt,
  RECORD_BATCH_MAGIC,
  RECORD_BATCH_OVERHEAD,
} from "@ottla/protocol";
import type { FileHandle } from "@ottla/runtime";

/** Read ahead while scanning: large enough to keep the disk busy, small enough to hold one per partition in recovery. */
const SCAN_CHUNK_BYTES = 1 << 20;

export interface ScanOptions {
  readonly startPosition: number;
  /** Bytes of the file that count. */
  readonly endPosition: number;
  /** `full` reads and checks every batch; `headers` trusts the bodies. */
  readonly check: "full" | "headers";
  /** Called for each batch that starts at `at` in `bytes` and at `position` in the file. A returned text is damage; false stops. */
  readonly visit: (bytes: Uint8Array, at: number, position: number) => string | false | undefined;
}

export interface ScanEnd {
  /** Where the scan stopped: the end, the damaged batch, or the batch at which `visit` stopped. */
  readonly position: number;
  readonly damage: string | undefined;
}

/** One buffer per thread: scans are synchronous and never nest. */
let sharedChunk: Uint8Array | undefined;
let sharedChunkInUse = false;

/** Walks the batches of a segment file in order until its end or the first damage. */
export function scanBatches(handle: FileHandle, options: ScanOptions): ScanEnd {
  const chunk = takeChunk();
  try {
    return scan(handle, options, chunk);
  } finally {
    if (chunk === sharedChunk) sharedChunkInUse = false;
  }
}

function takeChunk(): Uint8Array {
  if (sharedChunkInUse) return new Uint8Array(SCAN_CHUNK_BYTES);
  sharedChunk ??= new Uint8Array(SCAN_CHUNK_BYTES);
  sharedChunkInUse = true;
  return sharedChunk;
}

function scan(handle: FileHandle, options: ScanOptions, chunk: Uint8Array): ScanEnd {
  const { endPosition, check, visit } = options;
  let position = options.startPosition;
  let chunkStart = position;
  let chunkLength = 0;
  let buffer = chunk;
  while (position < endPosition) {
    const remaining = endPosition - position;
    let at = position - chunkStart;
    let available = chunkLength - at;
    if (available < Math.min(RECORD_BATCH_OVERHEAD, remaining)) {
      buffer = chunk;
      chunkStart = position;
      at = 0;
      available = chunkLength = readFully(handle, buffer, position, remaining);
    }
    const damage = headerDamage(buffer, at, available, remaining);
    if (damage !== undefined) return { position, damage };
    const size = batchSizeAt(buffer, at);
    if (check === "full" && available < size) {
      if (size > chunk.length) buffer = new Uint8Array(size);
      chunkStart = position;
      at = 0;
      available = chunkLength = readFully(handle, buffer, position, remaining);
      if (available < size)
        return { position, damage: `batch of ${size} bytes, ${available} could be read` };
    }
    if (check === "full" && !isCrcValidAt(buffer, at))
      return { position, damage: "CRC of the batch does not match" };
    const verdict = visit(buffer, at, position);
    if (verdict === false) return { position, damage: undefined };
    if (verdict !== undefined) return { position, damage: verdict };
    position += size;
    if (position - chunkStart > chunkLength) chunkLength = position - chunkStart;
  }
  return { position, damage: undefined };
}

/** What is wrong with the header at `at`, or undefined. Sees at least 61 bytes unless fewer remain in the file. */
export function headerDamage(
  bytes: Uint8Array,
  at: number,
  available: number,
  remaining: number,
): string | undefined {
  if (available < RECORD_BATCH_OVERHEAD)
    return `${available} bytes where a batch header needs ${RECORD_BATCH_OVERHEAD}`;
  const magic = magicAt(bytes, at);
  if (magic !== RECORD_BATCH_MAGIC) return `magic ${magic} instead of ${RECORD_BATCH_MAGIC}`;
  const size = batchSizeAt(bytes, at);
  if (size < RECORD_BATCH_OVERHEAD) return `batch length ${size - LOG_OVERHEAD} below its header's`;
  if (size > remaining) return `batch of ${size} bytes where ${remaining} are left`;
  return undefined;
}

/** Fills the target from `position`, at most `limit` bytes; returns the bytes read. */
export function readFully(
  handle: FileHandle,
  target: Uint8Array,
  position: number,
  limit: number,
): number {
  const wanted = Math.min(target.length, limit);
  let filled = 0;
  while (filled < wanted) {
    const count = handle.readSync(target.subarray(filled, wanted), position + filled);
    if (count === 0) break;
    filled += count;
  }
  return filled;
}
