import type { Clock, FileSystem, Logger } from "@ottla/runtime";
import { replaceFileNow } from "../checkpoint/checkpoint-file.ts";
import { TransactionIndex, type AbortedTransactionEntry } from "../index/transaction-index.ts";
import { TransactionIndexes } from "../log/transaction-indexes.ts";
import {
  parseBaseOffset,
  segmentFilePath,
  SNAPSHOT_SUFFIX,
  TRANSACTION_INDEX_SUFFIX,
} from "../segment/segment-files.ts";
import type { Segment } from "../segment/segment.ts";
import type { Segments } from "../segment/segments.ts";
import { abortedTransactionsIn, decodeProducerSnapshot } from "../state/producer-snapshot.ts";
import { ProducerState } from "../state/producer-state.ts";
import {
  readAbortedTransactions,
  replayProducerState,
  snapshotOffsets,
  type ReplayInput,
} from "../state/producer-state-loader.ts";

export interface TransactionsPassInput {
  readonly fileSystem: FileSystem;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly directory: string;
  readonly segments: Segments;
  readonly logEndOffset: number;
  /** Batches from here on were checked after an unclean stop; the log's end after a clean one. */
  readonly checkedFrom: number;
  /** The clean stop was believed. */
  readonly clean: boolean;
  /** The cleaner takes entries out of indexes, whose snapshots then say too much. */
  readonly compacted: boolean;
}

export interface TransactionsPassResult {
  readonly producerState: ProducerState;
  readonly transactions: TransactionIndexes;
}

/**
 * Pass 6 of the loader: producers and transactions.
 *
 * After a clean stop the newest sound snapshot and the batches after it give the producers, and the index files
 * that are there count. After an unclean one the batches of all checked segments are replayed, which gives their
 * transaction indexes anew; an older segment's index must hold as many entries as the snapshot at the segment's end
 * says, and is read from the log when it does not. Adopted snapshots do not say it, and those of compacted logs
 * tell of more than there is: an index that is there is believed then.
 */
export function loadTransactions(input: TransactionsPassInput): TransactionsPassResult {
  return new TransactionsPass(input).run();
}

class TransactionsPass {
  readonly #input: TransactionsPassInput;
  readonly #replay: ReplayInput;
  readonly #sealed = new Set<number>();

  constructor(input: TransactionsPassInput) {
    this.#input = input;
    const { fileSystem, directory, segments, logEndOffset } = input;
    this.#replay = { fileSystem, directory, segments, logEndOffset, nowMs: input.clock.nowMs() };
  }

  run(): TransactionsPassResult {
    const { fileSystem, directory, segments, clean } = this.#input;
    const names = fileSystem.listSync(directory);
    for (const name of names) {
      const base = parseBaseOffset(name, TRANSACTION_INDEX_SUFFIX);
      if (base !== undefined) this.#sealed.add(base);
    }
    const producerState = new ProducerState();
    const active = clean ? this.#believe(producerState) : this.#rebuild(producerState);
    if (names.some((name) => name.endsWith(SNAPSHOT_SUFFIX))) this.#removeStraySnapshots();
    this.#sealed.delete(segments.active.baseOffset);
    return {
      producerState,
      transactions: new TransactionIndexes(this.#input, this.#sealed, active),
    };
  }

  #believe(producerState: ProducerState): readonly AbortedTransactionEntry[] {
    const { active } = this.#input.segments;
    replayProducerState(producerState, this.#replay);
    if (!this.#sealed.has(active.baseOffset)) return [];
    return this.#parse(active)?.entries() ?? this.#read(active);
  }

  #rebuild(producerState: ProducerState): readonly AbortedTransactionEntry[] {
    const { segments, checkedFrom } = this.#input;
    const found = new Map<Segment, AbortedTransactionEntry[]>();
    replayProducerState(producerState, this.#replay, {
      seenFrom: checkedFrom,
      onAborted: (segment, entry) => {
        const entries = found.get(segment);
        if (entries === undefined) found.set(segment, [entry]);
        else entries.push(entry);
      },
    });
    for (const [place, segment] of segments.all().entries()) {
      if (segment === segments.active) break;
      if (segment.baseOffset >= checkedFrom) this.#write(segment, found.get(segment) ?? []);
      else this.#check(segment, segments.at(place + 1)!.baseOffset);
    }
    return found.get(segments.active) ?? [];
  }

  /** The index of a segment below the recovery point, which ends at `endOffset`. */
  #check(segment: Segment, endOffset: number): void {
    const { fileSystem, directory, logger } = this.#input;
    const snapshotPath = segmentFilePath(directory, endOffset, SNAPSHOT_SUFFIX);
    const snapshot = fileSystem.existsSync(snapshotPath)
      ? fileSystem.readFileSync(snapshotPath)
      : undefined;
    // Without a snapshot that could say how many there were, what the index says may be a part.
    if (snapshot !== undefined && decodeProducerSnapshot(snapshot) !== undefined) {
      const index = this.#parse(segment);
      const expected = abortedTransactionsIn(snapshot) ?? index?.entryCount;
      const isCleaned = this.#input.compacted && this.#sealed.has(segment.baseOffset);
      if (index !== undefined && (isCleaned || index.entryCount === expected)) return;
    }
    const entries = this.#read(segment);
    logger.warn("transaction index rebuilt", {
      file: segmentFilePath(directory, segment.baseOffset, TRANSACTION_INDEX_SUFFIX),
      entries: entries.length,
    });
    this.#write(segment, entries);
  }

  /** Undefined when it is damaged; empty when there is none. */
  #parse({ baseOffset }: Segment): TransactionIndex | undefined {
    if (!this.#sealed.has(baseOffset)) return new TransactionIndex();
    const { fileSystem, directory } = this.#input;
    const path = segmentFilePath(directory, baseOffset, TRANSACTION_INDEX_SUFFIX);
    return TransactionIndex.parse(baseOffset, fileSystem.readFileSync(path));
  }

  #read(segment: Segment): AbortedTransactionEntry[] {
    const { segments, logEndOffset } = this.#input;
    const next = segments.at(segments.all().indexOf(segment) + 1);
    return readAbortedTransactions(this.#replay, segment, next?.baseOffset ?? logEndOffset);
  }

  /** Puts a file in place that says this; nothing when it does already. */
  #write(segment: Segment, entries: readonly AbortedTransactionEntry[]): void {
    const { fileSystem, directory } = this.#input;
    const { baseOffset } = segment;
    const path = segmentFilePath(directory, baseOffset, TRANSACTION_INDEX_SUFFIX);
    const bytes = new TransactionIndex(entries).bytes();
    if (entries.length === 0) {
      if (this.#sealed.delete(baseOffset)) fileSystem.removeSync(path);
      return;
    }
    const known = this.#sealed.has(baseOffset) ? fileSystem.readFileSync(path) : undefined;
    if (known === undefined || Buffer.compare(known, bytes) !== 0)
      replaceFileNow(fileSystem, path, bytes);
    this.#sealed.add(baseOffset);
  }

  /** Clean stops leave snapshots where no segment begins; of those the one at the log's end is of use. */
  #removeStraySnapshots(): void {
    const { fileSystem, directory, segments } = this.#input;
    const bases = new Set(segments.all().map(({ baseOffset }) => baseOffset));
    const strays = snapshotOffsets(fileSystem, directory).filter((offset) => !bases.has(offset));
    const newest = strays.at(-1);
    for (const offset of strays) {
      if (offset === newest && offset > segments.active.baseOffset) continue;
      fileSystem.removeSync(segmentFilePath(directory, offset, SNAPSHOT_SUFFIX));
    }
  }
}
