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
} from "@ottla/protocol";
import {
  REMEMBERED_BATCHES,
  producerKeyAt,
  type ProducerBatch,
  type ProducerEntry,
  type ProducerKey,
} from "./producer-entry.ts";
import { checkProducerAppend, type ProducerVerdict } from "./producer-append.ts";

interface Undo {
  readonly key: ProducerKey;
  readonly previous: ProducerEntry | undefined;
  /** Base offset of the batch that made the change. */
  readonly baseOffset: number;
}

const NO_BATCHES: readonly ProducerBatch[] = [];

/**
 * What one partition knows of its producers, including the effects of batches that are staged but not
 * yet written. `commit` makes those final, `revert` takes them back. Invariant: with nothing staged the
 * state equals a replay of the log.
 */
export class ProducerState {
  readonly #entries = new Map<ProducerKey, ProducerEntry>();
  #undo: Undo[] = [];

  get size(): number {
    return this.#entries.size;
  }

  entries(): IterableIterator<ProducerEntry> {
    return this.#entries.values();
  }

  restore(entries: Iterable<ProducerEntry>): void {
    this.#entries.clear();
    this.#undo = [];
    for (const entry of entries) this.#entries.set(entry.producerId, entry);
  }

  /** Applies the rules to a batch with a producer id and a sequence. Changes nothing. */
  check(bytes: Uint8Array, at: number): ProducerVerdict {
    return checkProducerAppend(
      this.#entries.get(producerKeyAt(bytes, at + BatchField.PRODUCER_ID)),
      {
        producerEpoch: producerEpochAt(bytes, at),
        firstSequence: baseSequenceAt(bytes, at),
        lastSequence: lastSequenceAt(bytes, at),
      },
    );
  }

  /** Takes in an accepted batch that will be written at `baseOffset`; undone by `revert`. */
  stage(bytes: Uint8Array, at: number, baseOffset: number, nowMs: number): void {
    const key = producerKeyAt(bytes, at + BatchField.PRODUCER_ID);
    const previous = this.#entries.get(key);
    this.#undo.push({ key, previous, baseOffset });
    this.#entries.set(key, nextEntry(key, previous, bytes, at, baseOffset, nowMs));
  }

  /** Takes in a batch that stands in the log; used by recovery, checks nothing. */
  replay(bytes: Uint8Array, at: number, baseOffset: number, nowMs: number): void {
    if (!hasProducerIdAt(bytes, at)) return;
    const key = producerKeyAt(bytes, at + BatchField.PRODUCER_ID);
    this.#entries.set(key, nextEntry(key, this.#entries.get(key), bytes, at, baseOffset, nowMs));
  }

  commit(): void {
    if (this.#undo.length > 0) this.#undo = [];
  }

  revert(): void {
    for (let index = this.#undo.length - 1; index >= 0; index--) {
      const { key, previous } = this.#undo[index]!;
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
  const coordinatorEpoch = previous?.coordinatorEpoch ?? -1;
  if (isControlAt(bytes, at)) {
    // A marker ends the transaction and may raise the epoch; it carries no sequence.
    return {
      producerId,
      producerEpoch,
      batches: known,
      lastSeenMs: nowMs,
      coordinatorEpoch,
      transactionFirstOffset: -1,
    };
  }
  const openSince = previous?.transactionFirstOffset ?? -1;
  const batch: ProducerBatch = {
    firstSequence: baseSequenceAt(bytes, at),
    lastSequence: lastSequenceAt(bytes, at),
    baseOffset,
    lastOffset: baseOffset + lastOffsetDeltaAt(bytes, at),
    timestamp: maxTimestampAt(bytes, at),
  };
  return {
    producerId,
    producerEpoch,
    batches:
      known.length < REMEMBERED_BATCHES
        ? [...known, batch]
        : [known[1]!, known[2]!, known[3]!, known[4]!, batch],
    lastSeenMs: nowMs,
    coordinatorEpoch,
    transactionFirstOffset: isTransactionalAt(bytes, at) && openSince < 0 ? baseOffset : openSince,
  };
}
