import type { FileSystem } from "@ottla/runtime";
import { OFFSET_INDEX_ENTRY_BYTES } from "../index/offset-index.ts";
import { TIME_INDEX_ENTRY_BYTES } from "../index/time-index.ts";
import { TransactionIndex, type AbortedTransactionEntry } from "../index/transaction-index.ts";
import {
  OFFSET_INDEX_SUFFIX,
  segmentFilePath,
  TIME_INDEX_SUFFIX,
  TRANSACTION_INDEX_SUFFIX,
} from "../segment/segment-files.ts";
import type { Findings } from "./verification.ts";

/** What the walk over a segment tells the cursors of each batch, in order. */
export interface WalkedBatch {
  readonly position: number;
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly maxTimestamp: number;
}

interface IndexPlace {
  readonly fileSystem: FileSystem;
  readonly directory: string;
  readonly baseOffset: number;
  /** The segment may still grow: its index files lag behind, or are missing. */
  readonly active: boolean;
  readonly findings: Findings;
}

const TWO_POW_32 = 2 ** 32;

/** Entries of the offset index against batches, in one walk: each must point at a batch that begins at or before its offset. */
export class OffsetIndexCursor {
  readonly #path: string;
  readonly #place: IndexPlace;
  readonly #view: DataView | undefined;
  #entry = 0;
  #count: number;

  constructor(place: IndexPlace) {
    this.#place = place;
    this.#path = segmentFilePath(place.directory, place.baseOffset, OFFSET_INDEX_SUFFIX);
    this.#view = readIndex(place, this.#path, OFFSET_INDEX_ENTRY_BYTES);
    this.#count = this.#view === undefined ? 0 : usedEntries(this.#view, OFFSET_INDEX_ENTRY_BYTES);
  }

  visit({ position, baseOffset, lastOffset }: WalkedBatch): void {
    while (this.#entry < this.#count && this.#position() <= position) {
      const offset = this.#offset();
      if (this.#position() !== position)
        return this.#refuse(
          `entry ${this.#entry} points at byte ${this.#position()}, where no batch starts`,
        );
      if (offset < baseOffset)
        return this.#refuse(
          `entry ${this.#entry} of offset ${offset} points at a batch that starts at ${baseOffset}`,
        );
      if (offset < lastOffset)
        return this.#refuse(
          `entry ${this.#entry} of offset ${offset} points at a batch that ends at ${lastOffset}`,
        );
      this.#entry++;
      if (this.#entry < this.#count && (this.#position() <= position || this.#offset() <= offset))
        return this.#refuse(`entry ${this.#entry} does not ascend`);
    }
  }

  end(): void {
    if (this.#entry < this.#count)
      this.#refuse(`entry ${this.#entry} points at byte ${this.#position()}, beyond the log`);
  }

  #refuse(message: string): void {
    this.#count = 0;
    this.#place.findings.repairable(this.#path, message, this.#entry * OFFSET_INDEX_ENTRY_BYTES);
  }

  #offset(): number {
    return this.#place.baseOffset + this.#view!.getUint32(this.#entry * OFFSET_INDEX_ENTRY_BYTES);
  }

  #position(): number {
    return this.#view!.getUint32(this.#entry * OFFSET_INDEX_ENTRY_BYTES + 4);
  }
}

/** Entries of the time index: the greatest timestamp up to the batch that holds the entry's offset. */
export class TimeIndexCursor {
  readonly #path: string;
  readonly #place: IndexPlace;
  readonly #view: DataView | undefined;
  #entry = 0;
  #count: number;
  #maxTimestamp = -1;

  constructor(place: IndexPlace) {
    this.#place = place;
    this.#path = segmentFilePath(place.directory, place.baseOffset, TIME_INDEX_SUFFIX);
    this.#view = readIndex(place, this.#path, TIME_INDEX_ENTRY_BYTES);
    this.#count = this.#view === undefined ? 0 : usedEntries(this.#view, TIME_INDEX_ENTRY_BYTES);
  }

  visit({ baseOffset, lastOffset, maxTimestamp }: WalkedBatch): void {
    this.#maxTimestamp = Math.max(this.#maxTimestamp, maxTimestamp);
    while (this.#entry < this.#count && this.#offset() <= lastOffset) {
      const found = this.#timestamp();
      if (this.#offset() >= baseOffset && found > this.#maxTimestamp)
        return this.#refuse(
          `entry ${this.#entry} says ${found}, the greatest timestamp up to offset ${lastOffset} is ${this.#maxTimestamp}`,
        );
      this.#entry++;
      if (this.#entry < this.#count && this.#timestamp() <= found)
        return this.#refuse(`entry ${this.#entry} does not ascend`);
    }
  }

  end(): void {
    if (this.#view === undefined || this.#count === -1) return;
    if (this.#entry < this.#count)
      return this.#refuse(`entry ${this.#entry} names offset ${this.#offset()}, beyond the log`);
    const last = this.#count === 0 ? -1 : this.#timestampAt(this.#count - 1);
    if (!this.#place.active && last < this.#maxTimestamp)
      this.#place.findings.repairable(
        this.#path,
        `ends at timestamp ${last}, the segment at ${this.#maxTimestamp}`,
      );
  }

  #refuse(message: string): void {
    this.#place.findings.repairable(this.#path, message, this.#entry * TIME_INDEX_ENTRY_BYTES);
    this.#count = -1;
  }

  #timestamp(): number {
    return this.#timestampAt(this.#entry);
  }

  #timestampAt(entry: number): number {
    const at = entry * TIME_INDEX_ENTRY_BYTES;
    return this.#view!.getInt32(at) * TWO_POW_32 + this.#view!.getUint32(at + 4);
  }

  #offset(): number {
    return this.#place.baseOffset + this.#view!.getUint32(this.#entry * TIME_INDEX_ENTRY_BYTES + 8);
  }
}

/** Entries of the transaction index: each names the abort marker of its producer. */
export class TransactionIndexCheck {
  readonly #path: string;
  readonly #findings: Findings;
  readonly #byMarker = new Map<number, AbortedTransactionEntry>();

  constructor({ fileSystem, directory, baseOffset, findings }: IndexPlace) {
    this.#findings = findings;
    this.#path = segmentFilePath(directory, baseOffset, TRANSACTION_INDEX_SUFFIX);
    if (!fileSystem.existsSync(this.#path)) return;
    const index = TransactionIndex.parse(baseOffset, fileSystem.readFileSync(this.#path));
    if (index === undefined)
      findings.repairable(this.#path, "is not a transaction index of this segment");
    for (const entry of index?.entries() ?? []) this.#byMarker.set(entry.lastOffset, entry);
  }

  abortMarker(producerId: bigint, offset: number): void {
    const entry = this.#byMarker.get(offset);
    if (entry === undefined) return;
    this.#byMarker.delete(offset);
    if (entry.producerId !== producerId)
      this.#findings.repairable(
        this.#path,
        `names producer ${entry.producerId} for the marker of producer ${producerId} at offset ${offset}`,
      );
    if (entry.firstOffset > offset)
      this.#findings.repairable(
        this.#path,
        `lets the transaction that ends at offset ${offset} begin at ${entry.firstOffset}`,
      );
  }

  /** The cleaner drops markers whose records are gone, and their entries with the next clean of the segment only. */
  end(endOffset: number): void {
    for (const { lastOffset } of this.#byMarker.values())
      if (lastOffset >= endOffset)
        this.#findings.repairable(
          this.#path,
          `names a marker at offset ${lastOffset}, beyond the segment`,
        );
  }
}

function readIndex(
  { fileSystem, active, findings }: IndexPlace,
  path: string,
  entryBytes: number,
): DataView | undefined {
  if (!fileSystem.existsSync(path)) {
    if (!active) findings.repairable(path, "is missing");
    return undefined;
  }
  const bytes = fileSystem.readFileSync(path);
  if (bytes.length % entryBytes !== 0)
    findings.repairable(path, `has ${bytes.length} bytes, no multiple of ${entryBytes}`);
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length - (bytes.length % entryBytes));
}

/** Kafka reserves the whole file of the active segment: the rest is zero. */
function usedEntries(view: DataView, entryBytes: number): number {
  let count = view.byteLength / entryBytes;
  const isZero = (entry: number): boolean => {
    for (let at = entry * entryBytes; at < (entry + 1) * entryBytes; at += 4)
      if (view.getUint32(at) !== 0) return false;
    return true;
  };
  // The first entry of an index may be all zero: offset 0 at byte 0.
  while (count > 1 && isZero(count - 1)) count--;
  return count === 1 && view.byteLength > entryBytes && isZero(0) ? 0 : count;
}
