import type { FileHandle, FileSystem, Logger } from "@ottla/runtime";
import { replaceFileNow } from "../checkpoint/checkpoint-file.ts";
import { TransactionIndex, type AbortedTransactionEntry } from "../index/transaction-index.ts";
import { segmentFilePath, TRANSACTION_INDEX_SUFFIX } from "../segment/segment-files.ts";
import type { Segment } from "../segment/segment.ts";
import type { Segments } from "../segment/segments.ts";
import { readAbortedTransactions } from "../state/producer-state-loader.ts";
import { StorageError } from "./storage-error.ts";

/** Indexes of sealed segments that are kept in memory per log; readers are few and near each other. */
const CACHED_INDEXES_MAX = 8;

export interface TransactionIndexesParts {
  readonly fileSystem: FileSystem;
  readonly logger: Logger;
  readonly directory: string;
  readonly segments: Segments;
}

/**
 * The aborted transactions of one log. Those of the active segment live in memory and reach the disk when it is
 * sealed or the log is closed, as its other indexes do: after a crash recovery reads them from the log.
 *
 * Invariant: `#sealed` names exactly the sealed segments that have an index file.
 */
export class TransactionIndexes {
  readonly #parts: TransactionIndexesParts;
  #active: TransactionIndex;
  readonly #sealed: Set<number>;
  readonly #cache = new Map<number, TransactionIndex>();

  constructor(
    parts: TransactionIndexesParts,
    sealed: Iterable<number> = [],
    active: readonly AbortedTransactionEntry[] = [],
  ) {
    this.#parts = parts;
    this.#sealed = new Set(sealed);
    this.#active = new TransactionIndex(active);
  }

  /** False when no aborted transaction ended in the log. */
  get any(): boolean {
    return this.#sealed.size > 0 || this.#active.entryCount > 0;
  }

  /** Of the segments in which aborted transactions ended. */
  baseOffsets(): number[] {
    const { active } = this.#parts.segments;
    return this.#active.entryCount === 0 ? [...this.#sealed] : [...this.#sealed, active.baseOffset];
  }

  /** How many ended in the active segment. */
  get activeCount(): number {
    return this.#active.entryCount;
  }

  /** Takes in a transaction whose marker was written to the active segment. */
  append(entry: AbortedTransactionEntry): void {
    this.#active.append(entry);
  }

  /** Writes the index of the active segment, which is about to be sealed or closed; to be synced and closed. */
  writeActive(): FileHandle | undefined {
    const { fileSystem } = this.#parts;
    const path = this.#pathOf(this.#parts.segments.active.baseOffset);
    const bytes = this.#active.bytes();
    if (bytes.length === 0) {
      // One that was written before the segment was cut, or opened again.
      if (fileSystem.existsSync(path)) fileSystem.removeSync(path);
      return undefined;
    }
    const handle = fileSystem.openSync(path, "write");
    try {
      if (handle.sizeBytes() > bytes.length) handle.truncateSync(bytes.length);
      const written = handle.writeSync([bytes], 0);
      if (written === bytes.length) return handle;
      throw new StorageError(`short write: ${written} of ${bytes.length} bytes`, {
        fatal: false,
        path,
      });
    } catch (error) {
      handle.closeSync();
      throw error;
    }
  }

  /** The active segment, whose index was written, is sealed; a new one begins. */
  sealActive(baseOffset: number): void {
    if (this.#active.entryCount === 0) return;
    this.#sealed.add(baseOffset);
    this.#remember(baseOffset, this.#active);
    this.#active = new TransactionIndex();
  }

  /** The log was cut at `endOffset`; what is the active segment now may have been sealed before. */
  truncateTo(endOffset: number): void {
    const { active } = this.#parts.segments;
    if (this.#sealed.has(active.baseOffset)) {
      this.#active = this.#load(active);
      // It is written anew when the segment is sealed, and not into a file that a snapshot may link to.
      this.#parts.fileSystem.removeSync(this.#pathOf(active.baseOffset));
    }
    for (const base of this.#sealed) if (base >= active.baseOffset) this.#forget(base);
    this.#active.truncateToOffset(endOffset);
    // Of a segment that was removed, or stays sealed below a new one.
    if ((this.#active.entries()[0]?.lastOffset ?? Infinity) < active.baseOffset)
      this.#active = new TransactionIndex();
  }

  /** The log is empty. */
  clear(): void {
    this.#sealed.clear();
    this.#cache.clear();
    this.#active = new TransactionIndex();
  }

  /** Segments left the log at its start. */
  dropBelow(baseOffset: number): void {
    for (const base of this.#sealed) if (base < baseOffset) this.#forget(base);
  }

  /**
   * Sealed segments were replaced by others, whose index files are in place; all are named by base offset.
   * Segments that stand on both sides are named on both.
   */
  segmentsReplaced(removed: Iterable<number>, added: Iterable<number>): void {
    for (const base of removed) this.#forget(base);
    for (const base of added)
      if (this.#parts.fileSystem.existsSync(this.#pathOf(base))) this.#sealed.add(base);
  }

  /** The transactions that overlap [startOffset, endOffset), in the order of their markers. */
  search(startOffset: number, endOffset: number): AbortedTransactionEntry[] {
    const result: AbortedTransactionEntry[] = [];
    const { segments } = this.#parts;
    for (let place = segments.floorIndex(startOffset); place < segments.count; place++) {
      const segment = segments.at(place)!;
      const isActive = segment === segments.active;
      if (!isActive && !this.#sealed.has(segment.baseOffset)) continue;
      const index = isActive ? this.#active : this.#load(segment);
      const { found, complete } = index.search(startOffset, endOffset);
      result.push(...found);
      if (complete) break;
    }
    return result;
  }

  /** All entries of one segment, for whoever rewrites it. */
  entriesOf(segment: Segment): readonly AbortedTransactionEntry[] {
    if (segment === this.#parts.segments.active) return this.#active.entries();
    return this.#sealed.has(segment.baseOffset) ? this.#load(segment).entries() : [];
  }

  #load(segment: Segment): TransactionIndex {
    const { baseOffset } = segment;
    const known = this.#cache.get(baseOffset);
    if (known !== undefined) return known;
    const { fileSystem } = this.#parts;
    const path = this.#pathOf(baseOffset);
    const parsed = fileSystem.existsSync(path)
      ? TransactionIndex.parse(baseOffset, fileSystem.readFileSync(path))
      : undefined;
    const index = parsed ?? this.#rebuild(segment, path);
    this.#remember(baseOffset, index);
    return index;
  }

  #rebuild(segment: Segment, path: string): TransactionIndex {
    const { fileSystem, logger, directory, segments } = this.#parts;
    logger.warn("damaged transaction index rebuilt", { file: path });
    const next = segments.at(segments.all().indexOf(segment) + 1);
    // Without one the segment was sealed until the log was cut.
    const logEndOffset = next?.baseOffset ?? Number.MAX_SAFE_INTEGER;
    const input = { fileSystem, directory, segments, logEndOffset, nowMs: 0 };
    const index = new TransactionIndex(readAbortedTransactions(input, segment, logEndOffset));
    replaceFileNow(fileSystem, path, index.bytes());
    return index;
  }

  #remember(baseOffset: number, index: TransactionIndex): void {
    const [oldest] = this.#cache.keys();
    if (this.#cache.size >= CACHED_INDEXES_MAX && oldest !== undefined) this.#cache.delete(oldest);
    this.#cache.set(baseOffset, index);
  }

  #forget(baseOffset: number): void {
    this.#sealed.delete(baseOffset);
    this.#cache.delete(baseOffset);
  }

  #pathOf(baseOffset: number): string {
    return segmentFilePath(this.#parts.directory, baseOffset, TRANSACTION_INDEX_SUFFIX);
  }
}
