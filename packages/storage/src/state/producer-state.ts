import {
  BatchField,
  baseSequenceAt,
  hasProducerIdAt,
  isControlAt,
  isTransactionalAt,
  lastOffsetDeltaAt,
  lastSequenceAt,
  maxTimestampAt,
  producerEpochAt,
  producerIdAt,
  recordCountAt,
} from "@ottla/protocol";
import type { ActiveProducer } from "../engine/storage-engine.ts";
import type { AbortedTransactionEntry } from "../index/transaction-index.ts";
import { OpenTransactions } from "./open-transactions.ts";
import {
  REMEMBERED_BATCHES,
  producerKeyAt,
  type ProducerBatch,
  type ProducerEntry,
  type ProducerKey,
} from "./producer-entry.ts";
import type { TransactionMarker } from "./transaction-marker.ts";

interface Undo {
  readonly key: ProducerKey;
  readonly previous: ProducerEntry | undefined;
  /** Base offset of the batch that made the change. */
  readonly baseOffset: number;
}

const NO_BATCHES: readonly ProducerBatch[] = [];

/**
 * What one partition knows of its producers and their transactions, including the effects of batches that are
 * staged but not yet written. `commit` makes those final, `revert` takes them back. Invariant: with nothing
 * staged the state equals a replay of the log; `#transactions` holds exactly the first offsets of the entries.
 */
export class ProducerState {
  readonly #entries = new Map<ProducerKey, ProducerEntry>();
  readonly #transactions = new OpenTransactions();
  #undo: Undo[] = [];

  get size(): number {
    return this.#entries.size;
  }

  /** Transactions without a marker. */
  get openTransactionCount(): number {
    return this.#transactions.openCount;
  }

  /** First offset of the oldest transaction without a marker, or -1; the cleaner stops there. */
  get firstOpenOffset(): number {
    return this.#transactions.firstOpenOffset;
  }

  entries(): IterableIterator<ProducerEntry> {
    return this.#entries.values();
  }

  /** What the batch's producer has done here, or undefined. */
  entryOf(bytes: Uint8Array, at: number): ProducerEntry | undefined {
    return this.#entries.get(producerKeyAt(bytes, at + BatchField.PRODUCER_ID));
  }

  restore(entries: Iterable<ProducerEntry>): void {
    this.#entries.clear();
    this.#transactions.clear();
    this.#undo = [];
    for (const entry of entries) {
      this.#entries.set(entry.producerId, entry);
      if (entry.transactionFirstOffset >= 0) this.#transactions.begin(entry.transactionFirstOffset);
    }
  }

  /** Takes in an accepted batch of records that will be written at `baseOffset`; undone by `revert`. */
  stage(bytes: Uint8Array, at: number, baseOffset: number, nowMs: number): void {
    const { key, previous } = this.#noteUndo(bytes, at, baseOffset);
    this.#put(key, previous, nextEntry(key, previous, bytes, at, baseOffset, nowMs), baseOffset);
  }

  /** The same for a marker. Returns what the transaction index has to say of it: undefined unless it aborts a transaction. */
  stageMarker(
    bytes: Uint8Array,
    at: number,
    marker: TransactionMarker,
    baseOffset: number,
    nowMs: number,
  ): AbortedTransactionEntry | undefined {
    this.#noteUndo(bytes, at, baseOffset);
    return this.#takeMarker(bytes, at, marker, baseOffset, nowMs);
  }

  /** Takes in a batch of a leader, whatever is known of its producer; undone by `revert`. */
  stageReplica(
    bytes: Uint8Array,
    at: number,
    baseOffset: number,
    nowMs: number,
    readMarker: () => TransactionMarker | undefined,
  ): AbortedTransactionEntry | undefined {
    if (!hasProducerIdAt(bytes, at)) return undefined;
    this.#noteUndo(bytes, at, baseOffset);
    return this.replay(bytes, at, baseOffset, nowMs, readMarker);
  }

  /** How to take back what the batch at `at` is about to change. */
  #noteUndo(bytes: Uint8Array, at: number, baseOffset: number): Undo {
    const key = producerKeyAt(bytes, at + BatchField.PRODUCER_ID);
    const undo = { key, previous: this.#entries.get(key), baseOffset };
    this.#undo.push(undo);
    return undo;
  }

  /** Takes in a batch that stands in the log; checks nothing. A marker's body may be missing from `bytes`. */
  replay(
    bytes: Uint8Array,
    at: number,
    baseOffset: number,
    nowMs: number,
    readMarker: () => TransactionMarker | undefined,
  ): AbortedTransactionEntry | undefined {
    if (!hasProducerIdAt(bytes, at)) return undefined;
    if (isControlAt(bytes, at)) {
      const marker = readMarker();
      return marker && this.#takeMarker(bytes, at, marker, baseOffset, nowMs);
    }
    const key = producerKeyAt(bytes, at + BatchField.PRODUCER_ID);
    const previous = this.#entries.get(key);
    this.#put(key, previous, nextEntry(key, previous, bytes, at, baseOffset, nowMs), baseOffset);
    return undefined;
  }

  #takeMarker(
    bytes: Uint8Array,
    at: number,
    marker: TransactionMarker,
    markerOffset: number,
    nowMs: number,
  ): AbortedTransactionEntry | undefined {
    const key = producerKeyAt(bytes, at + BatchField.PRODUCER_ID);
    const previous = this.#entries.get(key);
    const firstOffset = previous?.transactionFirstOffset ?? -1;
    const aborts = firstOffset >= 0 && marker.type === "abort";
    const aborted: AbortedTransactionEntry | undefined = aborts
      ? {
          producerId: producerIdAt(bytes, at),
          firstOffset,
          lastOffset: markerOffset,
          lastStableOffset: this.#transactions.stableOffsetWithout(firstOffset, markerOffset),
        }
      : undefined;
    const next = entryAfterMarker(key, previous, bytes, at, marker, nowMs);
    this.#put(key, previous, next, markerOffset);
    return aborted;
  }

  /** Where the last stable offset stands when all below `highWatermark` counts. */
  lastStableOffset(highWatermark: number): number {
    return this.#transactions.lastStableOffset(highWatermark);
  }

  commit(): void {
    if (this.#undo.length > 0) this.#undo = [];
  }

  revert(): void {
    for (let index = this.#undo.length - 1; index >= 0; index--) {
      const { key, previous } = this.#undo[index]!;
      const openedAt = this.#entries.get(key)?.transactionFirstOffset ?? -1;
      const wasOpenedAt = previous?.transactionFirstOffset ?? -1;
      if (openedAt !== wasOpenedAt) {
        if (openedAt >= 0) this.#transactions.unbegin(openedAt);
        else this.#transactions.reopen(wasOpenedAt);
      }
      if (previous === undefined) this.#entries.delete(key);
      else this.#entries.set(key, previous);
    }
    this.#undo = [];
  }

  /** The state as it was before the staged batch at `offset`: what a snapshot at that offset holds. */
  entriesBefore(offset: number): ProducerEntry[] {
    if (this.#undo.every((undo) => undo.baseOffset < offset)) return [...this.#entries.values()];
    const entries = new Map(this.#entries);
    for (let index = this.#undo.length - 1; index >= 0; index--) {
      const { key, previous, baseOffset } = this.#undo[index]!;
      if (baseOffset < offset) break;
      if (previous === undefined) entries.delete(key);
      else entries.set(key, previous);
    }
    return [...entries.values()];
  }

  /** Forgets producers without an open transaction that were silent for longer. Nothing may be staged. Returns how many. */
  expire(nowMs: number, expirationMs: number): number {
    let expired = 0;
    for (const [key, entry] of this.#entries) {
      if (entry.transactionFirstOffset >= 0 || nowMs - entry.lastSeenMs <= expirationMs) continue;
      this.#entries.delete(key);
      expired++;
    }
    return expired;
  }

  #put(
    key: ProducerKey,
    previous: ProducerEntry | undefined,
    next: ProducerEntry,
    offset: number,
  ): void {
    this.#entries.set(key, next);
    const wasOpenedAt = previous?.transactionFirstOffset ?? -1;
    if (next.transactionFirstOffset === wasOpenedAt) return;
    if (wasOpenedAt >= 0) this.#transactions.end(wasOpenedAt, offset);
    else this.#transactions.begin(next.transactionFirstOffset);
  }
}

/** An entry as DescribeProducers shows it. */
export function activeProducerOf(entry: ProducerEntry): ActiveProducer {
  return {
    producerId: BigInt(entry.producerId),
    producerEpoch: entry.producerEpoch,
    lastSequence: entry.batches.at(-1)?.lastSequence ?? -1,
    lastTimestamp: entry.lastTimestamp,
    coordinatorEpoch: entry.coordinatorEpoch,
    currentTransactionStartOffset: entry.transactionFirstOffset,
  };
}

/** A marker ends the transaction and may raise the epoch; it carries no sequence. */
function entryAfterMarker(
  producerId: ProducerKey,
  previous: ProducerEntry | undefined,
  bytes: Uint8Array,
  at: number,
  marker: TransactionMarker,
  nowMs: number,
): ProducerEntry {
  const producerEpoch = producerEpochAt(bytes, at);
  return {
    producerId,
    producerEpoch,
    batches: previous?.producerEpoch === producerEpoch ? previous.batches : NO_BATCHES,
    lastSeenMs: nowMs,
    lastTimestamp: maxTimestampAt(bytes, at),
    coordinatorEpoch: marker.coordinatorEpoch,
    transactionFirstOffset: -1,
  };
}

function nextEntry(
  producerId: ProducerKey,
  previous: ProducerEntry | undefined,
  bytes: Uint8Array,
  at: number,
  baseOffset: number,
  nowMs: number,
): ProducerEntry {
  const producerEpoch = producerEpochAt(bytes, at);
  const known =
    previous !== undefined && previous.producerEpoch === producerEpoch
      ? previous.batches
      : NO_BATCHES;
  const openSince = previous?.transactionFirstOffset ?? -1;
  // The cleaner empties batches of decided transactions only, whose markers may be gone.
  const begins = openSince < 0 && isTransactionalAt(bytes, at) && recordCountAt(bytes, at) > 0;
  const timestamp = maxTimestampAt(bytes, at);
  const batch: ProducerBatch = {
    firstSequence: baseSequenceAt(bytes, at),
    lastSequence: lastSequenceAt(bytes, at),
    baseOffset,
    lastOffset: baseOffset + lastOffsetDeltaAt(bytes, at),
    timestamp,
  };
  return {
    producerId,
    producerEpoch,
    batches:
      known.length < REMEMBERED_BATCHES
        ? [...known, batch]
        : [known[1]!, known[2]!, known[3]!, known[4]!, batch],
    lastSeenMs: nowMs,
    lastTimestamp: timestamp,
    coordinatorEpoch: previous?.coordinatorEpoch ?? -1,
    transactionFirstOffset: begins ? baseOffset : openSince,
  };
}
