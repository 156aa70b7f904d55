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
// The timestamp is that of the last batch or marker.
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
const EXTENSION_VERSION = 2;
const EXTENSION_ENTRY_BYTES = 9;

/** Sizes that differ between the versions of our section. */
interface ExtensionLayout {
  readonly headerBytes: number;
  readonly batchBytes: number;
}

const CURRENT_LAYOUT: ExtensionLayout = { headerBytes: 10, batchBytes: 28 };
const layouts: Readonly<Record<number, ExtensionLayout>> = {
  1: { headerBytes: 6, batchBytes: 24 },
  [EXTENSION_VERSION]: CURRENT_LAYOUT,
};
const ABORTED_UNKNOWN = -1;
const MAX_SEQUENCE = 2 ** 31 - 1;

/** `abortedTransactions` are those that ended in the segment before the snapshot's offset. */
export function encodeProducerSnapshot(
  entries: readonly ProducerEntry[],
  abortedTransactions: number = ABORTED_UNKNOWN,
): Uint8Array {
  const { headerBytes, batchBytes } = CURRENT_LAYOUT;
  let size = HEADER_BYTES + entries.length * (ENTRY_BYTES + EXTENSION_ENTRY_BYTES) + headerBytes;
  for (const entry of entries) size += entry.batches.length * batchBytes;
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  view.setInt16(0, SNAPSHOT_VERSION);
  view.setInt32(CRC_COVERS_FROM, entries.length);
  let at = HEADER_BYTES;
  for (const entry of entries) at = encodeEntry(view, at, entry);
  view.setUint32(at, EXTENSION_MAGIC);
  view.setInt16(at + 4, EXTENSION_VERSION);
  view.setInt32(at + 6, abortedTransactions);
  at += headerBytes;
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
  view.setBigInt64(at + 26, BigInt(entry.lastTimestamp));
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
    view.setInt32(at + 24, batch.lastOffset - batch.baseOffset);
    at += CURRENT_LAYOUT.batchBytes;
  }
  return at;
}

/** Returns undefined when the file is damaged or of an unknown version: the state is then replayed from the log. */
export function decodeProducerSnapshot(bytes: Uint8Array): ProducerEntry[] | undefined {
  const extensionAt = extensionStart(bytes);
  if (extensionAt === undefined) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const entries: ProducerEntry[] = [];
  for (let at = HEADER_BYTES; at < extensionAt; at += ENTRY_BYTES)
    entries.push(decodeEntry(view, at));
  return extensionAt === bytes.length ? entries : decodeExtension(view, extensionAt, entries);
}

/** How many aborted transactions ended in the segment before a sound snapshot; undefined when it does not say. */
export function abortedTransactionsIn(bytes: Uint8Array): number | undefined {
  const at = extensionStart(bytes);
  if (at === undefined || bytes.length < at + CURRENT_LAYOUT.headerBytes) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(at) !== EXTENSION_MAGIC || view.getInt16(at + 4) !== EXTENSION_VERSION)
    return undefined;
  const count = view.getInt32(at + 6);
  return count === ABORTED_UNKNOWN ? undefined : count;
}

/** Where Kafka's part ends; undefined when the file is not a sound snapshot. */
function extensionStart(bytes: Uint8Array): number | undefined {
  if (bytes.length < HEADER_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getInt16(0) !== SNAPSHOT_VERSION) return undefined;
  if (view.getUint32(CRC_AT) !== crc32c(bytes.subarray(CRC_COVERS_FROM))) return undefined;
  const count = view.getInt32(CRC_COVERS_FROM);
  const end = HEADER_BYTES + count * ENTRY_BYTES;
  return count < 0 || end > bytes.length ? undefined : end;
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
  const firstSequence = subtractFromSequence(lastSequence, offsetDelta);
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
    batches: lastOffset < 0 ? [] : [batch],
    lastSeenMs: timestamp,
    lastTimestamp: timestamp,
    coordinatorEpoch: view.getInt32(at + 34),
    transactionFirstOffset: safeNumber(view.getBigInt64(at + 38)),
  };
}

/** A batch of a coordinator has no sequence, which is -1. */
function subtractFromSequence(sequence: number, delta: number): number {
  if (sequence < 0) return sequence;
  return sequence >= delta ? sequence - delta : MAX_SEQUENCE - (delta - sequence) + 1;
}

function toKey(producerId: bigint): ProducerKey {
  return producerId <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(producerId) : producerId;
}

function decodeExtension(
  view: DataView,
  start: number,
  entries: readonly ProducerEntry[],
): ProducerEntry[] | undefined {
  if (view.byteLength - start < 6 || view.getUint32(start) !== EXTENSION_MAGIC) return undefined;
  const version = view.getInt16(start + 4);
  const layout = layouts[version];
  // A later version may say more; the part that Kafka reads stands in any case.
  if (layout === undefined) return [...entries];
  const extended: ProducerEntry[] = [];
  let at = start + layout.headerBytes;
  for (const entry of entries) {
    if (at + EXTENSION_ENTRY_BYTES > view.byteLength) return undefined;
    const count = view.getInt8(at + 8);
    const end = at + EXTENSION_ENTRY_BYTES + count * layout.batchBytes;
    if (count < 0 || count > REMEMBERED_BATCHES || end > view.byteLength) return undefined;
    const batches: ProducerBatch[] = [];
    for (let batchAt = at + EXTENSION_ENTRY_BYTES; batchAt < end; batchAt += layout.batchBytes)
      batches.push(decodeBatch(view, batchAt, version));
    extended.push({ ...entry, lastSeenMs: safeNumber(view.getBigInt64(at)), batches });
    at = end;
  }
  return at === view.byteLength ? extended : undefined;
}

function decodeBatch(view: DataView, at: number, version: number): ProducerBatch {
  const firstSequence = view.getInt32(at);
  const lastSequence = view.getInt32(at + 4);
  const baseOffset = safeNumber(view.getBigInt64(at + 8));
  const offsetDelta =
    version === 1 ? sequenceDistance(firstSequence, lastSequence) : view.getInt32(at + 24);
  return {
    firstSequence,
    lastSequence,
    baseOffset,
    lastOffset: baseOffset + offsetDelta,
    timestamp: safeNumber(view.getBigInt64(at + 16)),
  };
}

function sequenceDistance(first: number, last: number): number {
  return last >= first ? last - first : MAX_SEQUENCE - first + last + 1;
}
