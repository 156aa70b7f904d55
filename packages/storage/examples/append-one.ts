import { RecordBatchBuilder } from "@ottla/protocol";
import { allocateWhenSpace, type PartitionLog, type StorageEngine } from "@ottla/storage";

/** Appends one record as a batch of its own; resolves with its offset when it is on the disk. */
export async function appendOne(
  engine: StorageEngine,
  log: PartitionLog,
  { key, value }: { readonly key?: string; readonly value: string | null },
): Promise<number> {
  const text = new TextEncoder();
  const batch = new RecordBatchBuilder();
  batch.append({
    timestamp: Date.now(),
    key: key === undefined ? null : text.encode(key),
    value: value === null ? null : text.encode(value),
    headers: [],
  });
  const bytes = batch.build();
  const records = await allocateWhenSpace(engine.slabs, bytes.length);
  records.bytes.set(bytes);
  const appended = await log.append({ records, leaderEpoch: 0, origin: "client" });
  records.release();
  if (!appended.ok) throw new Error(`the append was refused: ${appended.message}`);
  return appended.baseOffset;
}
