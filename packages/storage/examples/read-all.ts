import { iterateBatches, iterateRecords } from "@ottla/protocol";
import type { PartitionLog } from "@ottla/storage";

export interface TextRecord {
  readonly offset: number;
  readonly key: string | null;
  readonly value: string | null;
}

/** Every record that is on the disk, in order. */
export async function* readAll(log: PartitionLog): AsyncGenerator<TextRecord> {
  const limitOffset = log.durableOffset;
  let startOffset = log.logStartOffset;
  while (startOffset < limitOffset) {
    const read = await log.read({ startOffset, limitOffset, maxBytes: 1 << 20, minOneBatch: true });
    if (!read.ok) throw new Error(`the read was refused: error ${read.errorCode}`);
    try {
      for (const slice of read.slices)
        for (const batch of iterateBatches(slice))
          for (const { offset, key, value } of iterateRecords(batch, {
            maxDecompressedBytes: 1 << 24,
          }))
            yield { offset: Number(offset), key: textOf(key), value: textOf(value) };
    } finally {
      read.release();
    }
    if (read.nextOffset <= startOffset) return;
    startOffset = read.nextOffset;
  }
}

function textOf(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : Buffer.from(bytes).toString("utf8");
}
