import { LOG_OVERHEAD, RECORD_BATCH_OVERHEAD, RecordBatchView } from "@ottla/protocol";
import type { FileHandle } from "@ottla/runtime";
import { headerDamage, readFully } from "./batch-scanner.ts";

/** A batch is held in memory as a whole; a larger one than any setting allows is damage. */
const MAX_BATCH_BYTES = 1 << 30;

/** The batch at a position, whole and unchecked but for its header; or what is wrong with it. For tools that show or judge files. */
export function readBatch(
  handle: FileHandle,
  position: number,
  endPosition: number,
): RecordBatchView | string {
  const header = new Uint8Array(RECORD_BATCH_OVERHEAD);
  const remaining = endPosition - position;
  const available = readFully(handle, header, position, remaining);
  const damage = headerDamage(header, 0, available, remaining);
  if (damage !== undefined) return damage;
  const size = new DataView(header.buffer).getInt32(8) + LOG_OVERHEAD;
  if (size > MAX_BATCH_BYTES) return `batch of ${size} bytes`;
  const bytes = new Uint8Array(size);
  if (readFully(handle, bytes, position, size) !== size)
    return `batch of ${size} bytes could not be read`;
  return new RecordBatchView(bytes);
}
