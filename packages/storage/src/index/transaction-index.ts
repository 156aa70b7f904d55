/**
 * The aborted transactions that ended in one segment. An entry is 34 bytes, big-endian: version i16 = 0,
 * producer id i64, offset of the transaction's first batch i64, offset of its marker i64, and the last stable
 * offset that the log had once the marker counted i64. Only aborted transactions have an entry, and a segment
 * without one has no file.
 *
 * The last stable offset ends a search: everything below it was decided when the marker was written, so that
 * an aborted transaction which begins below it stands in this entry or an earlier one.
 *
 * Entries ascend strictly by marker. The file has no checksum: one that does not ascend, or names offsets outside
 * its segment, is rebuilt from the log.
 */
export const TRANSACTION_INDEX_ENTRY_BYTES = 34;
const ENTRY_VERSION = 0;

export interface AbortedTransactionEntry {
  readonly producerId: bigint;
  readonly firstOffset: number;
  /** Of the marker. */
  readonly lastOffset: number;
  readonly lastStableOffset: number;
}

export interface AbortedSearch {
  readonly found: readonly AbortedTransactionEntry[];
  /** True when no later segment can hold more. */
  readonly complete: boolean;
}

export class TransactionIndex {
  readonly #entries: AbortedTransactionEntry[];

  constructor(entries: readonly AbortedTransactionEntry[] = []) {
    this.#entries = [...entries];
  }

  /** Reads the content of a file, or returns undefined when it cannot be the index of this segment. */
  static parse(baseOffset: number, bytes: Uint8Array): TransactionIndex | undefined {
    if (bytes.length % TRANSACTION_INDEX_ENTRY_BYTES !== 0) return undefined;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const entries: AbortedTransactionEntry[] = [];
    let lastMarker = baseOffset - 1;
    for (let at = 0; at < bytes.length; at += TRANSACTION_INDEX_ENTRY_BYTES) {
      const entry = readEntry(view, at);
      if (entry === undefined || entry.lastOffset <= lastMarker) return undefined;
      lastMarker = entry.lastOffset;
      entries.push(entry);
    }
    return new TransactionIndex(entries);
  }

  get entryCount(): number {
    return this.#entries.length;
  }

  entries(): readonly AbortedTransactionEntry[] {
    return this.#entries;
  }

  append(entry: AbortedTransactionEntry): void {
    this.#entries.push(entry);
  }

  /** Drops entries whose marker stands at or after `offset`. */
  truncateToOffset(offset: number): void {
    while ((this.#entries.at(-1)?.lastOffset ?? -1) >= offset) this.#entries.pop();
  }

  /** The transactions that overlap [startOffset, endOffset). */
  search(startOffset: number, endOffset: number): AbortedSearch {
    const found: AbortedTransactionEntry[] = [];
    for (const entry of this.#entries) {
      if (entry.lastOffset >= startOffset && entry.firstOffset < endOffset) found.push(entry);
      if (entry.lastStableOffset >= endOffset) return { found, complete: true };
    }
    return { found, complete: false };
  }

  /** The file's content. */
  bytes(): Uint8Array {
    const bytes = new Uint8Array(this.#entries.length * TRANSACTION_INDEX_ENTRY_BYTES);
    const view = new DataView(bytes.buffer);
    for (const [index, entry] of this.#entries.entries()) {
      const at = index * TRANSACTION_INDEX_ENTRY_BYTES;
      view.setInt16(at, ENTRY_VERSION);
      view.setBigInt64(at + 2, entry.producerId);
      view.setBigInt64(at + 10, BigInt(entry.firstOffset));
      view.setBigInt64(at + 18, BigInt(entry.lastOffset));
      view.setBigInt64(at + 26, BigInt(entry.lastStableOffset));
    }
    return bytes;
  }
}

function readEntry(view: DataView, at: number): AbortedTransactionEntry | undefined {
  if (view.getInt16(at) !== ENTRY_VERSION) return undefined;
  const producerId = view.getBigInt64(at + 2);
  const firstOffset = Number(view.getBigInt64(at + 10));
  const lastOffset = Number(view.getBigInt64(at + 18));
  const lastStableOffset = Number(view.getBigInt64(at + 26));
  const isSound =
    producerId >= 0n &&
    firstOffset >= 0 &&
    firstOffset <= lastOffset &&
    lastStableOffset >= 0 &&
    Number.isSafeInteger(lastOffset) &&
    lastStableOffset <= lastOffset + 1;
  return isSound ? { producerId, firstOffset, lastOffset, lastStableOffset } : undefined;
}
