import { crc32c } from "@ottla/protocol";
import {
  REMEMBERED_BATCHES,
  type ProducerBatch,
  type ProducerEntry,
  type ProducerKey,
} from "./producer-entry.ts";

// Kafka's producer snapshot, big-endian:
//
//   version i16 = 1, crc u32 (CRC-32C of all that follows), entry count i32, then per producer
//   producerId i64, producerEpoch i16, lastSequence i32, lastOffset i64, offsetDelta i32, timestamp i64,
//   coordinatorEpoch i32, currentTransactionFirstOffset i64 (-1 for none)
//
// Kafka keeps only the last batch of a producer here, and so forgets the four before it in a restart:
// a retry of one of those is then refused instead of recognised. We append a section that Kafka does
// not read: magic u32 "OTTL", version i16 = 1, then per producer, in the same order, lastSeenMs i64,
// batch count i8 and per batch firstSequence i32, lastSequence i32, baseOffset i64, timestamp i64.
// A producer whose last batch is unknown (only markers seen) has lastSequence -1 and count 0.
const SNAPSHOT_VERSION = 1;
const CRC_AT = 2;
const CRC_COVERS_FROM = 6;
const HEADER_BYTES = 10;
const ENTRY_BYTES = 46;
const EXTENSION_MAGIC = 0x4f54544c;
const EXTENSION_VERSION = 1;
const EXTENSION_HEADER_BYTES = 6;
const EXTENSION_ENTRY_BYTES = 9;
const EXTENSION_BATCH_BYTES = 24;
const MAX_SEQUENCE = 2 ** 31 - 1;

export function encodeProducerSnapshot(entries: readonly ProducerEntry[]): Uint8Array {
  let size =
    HEADER_BYTES + entries.length * (ENTRY_BYTES + EXTENSION_ENTRY_BYTES) + EXTENSION_HEADER_BYTES;
  for (const entry of entries) size += entry.batches.length * EXTENSION_BATCH_BYTES;
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  view.setInt16(0, SNAPSHOT_VERSION);
  view.setInt32(CRC_COVERS_FROM, entries.length);
  let at = HEADER_BYTES;
  for (const entry of entries) at = encodeEntry(view, at, entry);
  view.setUint32(at, EXTENSION_MAGIC);
  view.setInt16(at + 4, EXTENSION_VERSION);
  at += EXTENSION_HEADER_BYTES;
  for (const entry of entries) at = encodeExtension(view, at, entry);
  view.setUint32(CRC_AT, crc32c(bytes.subarray(CRC_COVERS_FROM)));
  return bytes;
}

function encodeEntry(view: DataView, at: number, entry: ProducerEntry): number {
  const last = entry.batches.at(-1);
  view.setBigInt64(at, BigInt(entry.producerId));
  view.setInt16(at + 8, entry.producerEpoch);
  view.setInt32(at + 10, last?.lastSequence ?? -1);
  view.setBigInt64(at + 14, BigInt(last?.lastOffset ?? -1));
  view.setInt32(at + 22, last ? last.lastOffset - last.baseOffset : 0);
  view.setBigInt64(at + 26, BigInt(last?.timestamp ?? -1));
  view.setInt32(at + 34, entry.coordinatorEpoch);
  view.setBigInt64(at + 38, BigInt(entry.transactionFirstOffset));
  return at + ENTRY_BYTES;
}

function encodeExtension(view: DataView, at: number, entry: ProducerEntry): number {
  view.setBigInt64(at, BigInt(Math.trunc(entry.lastSeenMs)));
  view.setInt8(at + 8, entry.batches.length);
  at += EXTENSION_ENTRY_BYTES;
  for (const batch of entry.batches) {
    view.setInt32(at, batch.firstSequence);
    view.setInt32(at + 4, batch.lastSequence);
    view.setBigInt64(at + 8, BigInt(batch.baseOffset));
    view.setBigInt64(at + 16, BigInt(batch.timestamp));
    at += EXTENSION_BATCH_BYTES;
  }
  return at;
}

/** Returns undefined when the file is damaged or of an unknown version: the state is then replayed from the log. */
export function decodeProducerSnapshot(bytes: Uint8Array): ProducerEntry[] | undefined {
  if (bytes.length < HEADER_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getInt16(0) !== SNAPSHOT_VERSION) return undefined;
  if (view.getUint32(CRC_AT) !== crc32c(bytes.subarray(CRC_COVERS_FROM))) return undefined;
  const count = view.getInt32(CRC_COVERS_FROM);
  const extensionAt = HEADER_BYTES + count * ENTRY_BYTES;
  if (count < 0 || extensionAt > bytes.length) return undefined;
  const entries: ProducerEntry[] = [];
  for (let index = 0; index < count; index++)
    entries.push(decodeEntry(view, HEADER_BYTES + index * ENTRY_BYTES));
  return extensionAt === bytes.length ? entries : decodeExtension(view, extensionAt, entries);
}

function safeNumber(value: bigint): number {
  return Number(value);
}

function decodeEntry(view: DataView, at: number): ProducerEntry {
  const producerId = view.getBigInt64(at);
  const lastSequence = view.getInt32(at + 10);
  const lastOffset = safeNumber(view.getBigInt64(at + 14));
  const offsetDelta = view.getInt32(at + 22);
  const timestamp = safeNumber(view.getBigInt64(at + 26));
  const firstSequence =
    lastSequence >= offsetDelta
      ? lastSequence - offsetDelta
      : MAX_SEQUENCE - (offsetDelta - lastSequence) + 1;
  const batch: ProducerBatch = {
    firstSequence,
    lastSequence,
    baseOffset: lastOffset - offsetDelta,
    lastOffset,
    timestamp,
  };
  return {
    producerId: toKey(producerId),
    producerEpoch: view.getInt16(at + 8),
    batches: lastSequence < 0 ? [] : [batch],
    lastSeenMs: timestamp,
    coordinatorEpoch: view.getInt32(at + 34),
    transactionFirstOffset: safeNumber(view.getBigInt64(at + 38)),
  };
}

function toKey(producerId: bigint): ProducerKey {
  return producerId <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(producerId) : producerId;
}

function decodeExtension(
  view: DataView,
  start: number,
  entries: readonly ProducerEntry[],
): ProducerEntry[] | undefined {
  if (view.byteLength - start < EXTENSION_HEADER_BYTES || view.getUint32(start) !== EXTENSION_MAGIC)
    return undefined;
  // A later version may say more; the part that Kafka reads stands in any case.
  if (view.getInt16(start + 4) !== EXTENSION_VERSION) return [...entries];
  const extended: ProducerEntry[] = [];
  let at = start + EXTENSION_HEADER_BYTES;
  for (const entry of entries) {
    if (at + EXTENSION_ENTRY_BYTES > view.byteLength) return undefined;
    const count = view.getInt8(at + 8);
    const end = at + EXTENSION_ENTRY_BYTES + count * EXTENSION_BATCH_BYTES;
    if (count < 0 || count > REMEMBERED_BATCHES || end > view.byteLength) return undefined;
    const batches: ProducerBatch[] = [];
    for (let batchAt = at + EXTENSION_ENTRY_BYTES; batchAt < end; batchAt += EXTENSION_BATCH_BYTES)
      batches.push(decodeBatch(view, batchAt));
    extended.push({ ...entry, lastSeenMs: safeNumber(view.getBigInt64(at)), batches });
    at = end;
  }
  return at === view.byteLength ? extended : undefined;
}

function decodeBatch(view: DataView, at: number): ProducerBatch {
  const firstSequence = view.getInt32(at);
  const lastSequence = view.getInt32(at + 4);
  const baseOffset = safeNumber(view.getBigInt64(at + 8));
  const offsetDelta =
    lastSequence >= firstSequence
      ? lastSequence - firstSequence
      : MAX_SEQUENCE - firstSequence + lastSequence + 1;
  return {
    firstSequence,
    lastSequence,
    baseOffset,
    lastOffset: baseOffset + offsetDelta,
    timestamp: safeNumber(view.getBigInt64(at + 16)),
  };
}
