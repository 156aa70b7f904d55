import { OFFSET_INDEX_ENTRY_BYTES } from "../index/offset-index.ts";
import { TIME_INDEX_ENTRY_BYTES } from "../index/time-index.ts";
import type { DumpEntry } from "./dump-entry.ts";

/** version i16, producerId i64, firstOffset i64, lastOffset i64, lastStableOffset i64. */
const TRANSACTION_INDEX_ENTRY_BYTES = 34;

type Entries = Generator<DumpEntry, void, undefined>;

export function* dumpOffsetIndex(bytes: Uint8Array, baseOffset: number): Entries {
  const view = viewOf(bytes);
  let previous = -1;
  for (let at = 0; at + OFFSET_INDEX_ENTRY_BYTES <= bytes.length; at += OFFSET_INDEX_ENTRY_BYTES) {
    const relative = view.getUint32(at);
    // Kafka preallocates index files: zeros after the entries of an active segment are no entries.
    if (relative === 0 && at > 0) return;
    if (relative <= previous) yield outOfOrder(at);
    previous = relative;
    yield {
      kind: "offset-index-entry",
      offset: baseOffset + relative,
      position: view.getUint32(at + 4),
    };
  }
  yield* partialEntry(bytes, OFFSET_INDEX_ENTRY_BYTES);
}

export function* dumpTimeIndex(bytes: Uint8Array, baseOffset: number): Entries {
  const view = viewOf(bytes);
  let previous = -1;
  for (let at = 0; at + TIME_INDEX_ENTRY_BYTES <= bytes.length; at += TIME_INDEX_ENTRY_BYTES) {
    const timestamp = Number(view.getBigInt64(at));
    if (timestamp === 0 && at > 0) return;
    if (timestamp <= previous) yield outOfOrder(at);
    previous = timestamp;
    yield { kind: "time-index-entry", timestamp, offset: baseOffset + view.getUint32(at + 8) };
  }
  yield* partialEntry(bytes, TIME_INDEX_ENTRY_BYTES);
}

export function* dumpTransactionIndex(bytes: Uint8Array): Entries {
  const view = viewOf(bytes);
  for (
    let at = 0;
    at + TRANSACTION_INDEX_ENTRY_BYTES <= bytes.length;
    at += TRANSACTION_INDEX_ENTRY_BYTES
  ) {
    yield {
      kind: "aborted-transaction",
      version: view.getInt16(at),
      producerId: view.getBigInt64(at + 2),
      firstOffset: Number(view.getBigInt64(at + 10)),
      lastOffset: Number(view.getBigInt64(at + 18)),
      lastStableOffset: Number(view.getBigInt64(at + 26)),
    };
  }
  yield* partialEntry(bytes, TRANSACTION_INDEX_ENTRY_BYTES);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function outOfOrder(position: number): DumpEntry {
  return { kind: "damage", position, message: "the entry does not ascend" };
}

function* partialEntry(bytes: Uint8Array, entryBytes: number): Entries {
  const rest = bytes.length % entryBytes;
  if (rest !== 0)
    yield {
      kind: "damage",
      position: bytes.length - rest,
      message: `${rest} bytes are no whole entry`,
    };
}
