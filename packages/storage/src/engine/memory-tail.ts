import { invariant } from "@ottla/runtime";
import type { ReadRequest, ReadResult } from "./storage-engine.ts";
import type { SlabSlice } from "./slab-pool.ts";

/** Evicted places are cut off the front of a queue once they outnumber this and half of it. */
const COMPACT_AFTER = 1024;

/** One batch, in the slab where the socket put it. */
interface TailEntry {
  readonly tail: MemoryTail;
  readonly slice: SlabSlice;
  readonly baseOffset: number;
  readonly nextOffset: number;
  dropped: boolean;
}

/** A FIFO on an array whose evicted front is cut off now and then, so that both ends cost O(1). */
class EntryQueue {
  #entries: TailEntry[] = [];
  #first = 0;

  get length(): number {
    return this.#entries.length - this.#first;
  }

  at(index: number): TailEntry {
    const entry = this.#entries[this.#first + index];
    invariant(entry !== undefined, "a tail is read within its bounds");
    return entry;
  }

  push(entry: TailEntry): void {
    this.#entries.push(entry);
  }

  shift(): TailEntry | undefined {
    if (this.length === 0) return undefined;
    const entry = this.at(0);
    this.#first += 1;
    if (this.#first > COMPACT_AFTER && this.#first * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#first);
      this.#first = 0;
    }
    return entry;
  }
}

/** The byte budget that all memory tails of an engine share; the oldest batch of any of them goes first. */
export class TailBudget {
  readonly budgetBytes: number;
  readonly #entries = new EntryQueue();
  #usedBytes = 0;

  constructor(budgetBytes: number) {
    this.budgetBytes = budgetBytes;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  add(entry: TailEntry): void {
    this.#entries.push(entry);
    this.#usedBytes += entry.slice.length;
    while (this.#usedBytes > this.budgetBytes && this.evictOldest()) {}
  }

  /** Drops the oldest batch that is still held; false when there is none. */
  evictOldest(): boolean {
    for (let entry = this.#entries.shift(); entry !== undefined; entry = this.#entries.shift()) {
      if (entry.dropped) continue;
      entry.tail.dropFirst(entry);
      return true;
    }
    return false;
  }

  forget(entry: TailEntry): void {
    this.#usedBytes -= entry.slice.length;
  }
}

/**
 * The newest durable batches of one partition, still in the slabs that received them. Consumers
 * that keep up are served from here without a copy and without a thread hop.
 *
 * Invariant: the entries are contiguous: each begins at the offset where the one before ends.
 */
export class MemoryTail {
  readonly #budget: TailBudget;
  readonly #entries = new EntryQueue();

  constructor(budget: TailBudget) {
    this.#budget = budget;
  }

  /** Keeps a durable batch; takes its own reference. */
  append(slice: SlabSlice, baseOffset: number, nextOffset: number): void {
    const length = this.#entries.length;
    // A gap appears after recovery found records that were written but never acknowledged.
    if (length > 0 && this.#entries.at(length - 1).nextOffset !== baseOffset) this.clear();
    slice.retain();
    const entry: TailEntry = { tail: this, slice, baseOffset, nextOffset, dropped: false };
    this.#entries.push(entry);
    this.#budget.add(entry);
  }

  /** Whole batches from the one that holds `startOffset` on; undefined when it is not held here. */
  read(request: ReadRequest, logStartOffset: number): ReadResult | undefined {
    const first = this.#find(request.startOffset);
    if (first === -1) return undefined;
    const taken: SlabSlice[] = [];
    let sizeBytes = 0;
    let nextOffset = request.startOffset;
    for (let index = first; index < this.#entries.length; index += 1) {
      const entry = this.#entries.at(index);
      if (entry.nextOffset > request.limitOffset) break;
      const isForced = taken.length === 0 && request.minOneBatch;
      if (sizeBytes + entry.slice.length > request.maxBytes && !isForced) break;
      taken.push(entry.slice);
      sizeBytes += entry.slice.length;
      nextOffset = entry.nextOffset;
    }
    return retainedResult(taken, { sizeBytes, nextOffset, logStartOffset });
  }

  /** Called by the budget with the oldest entry, which is ours. */
  dropFirst(expected: TailEntry): void {
    const entry = this.#entries.shift();
    invariant(entry === expected, "the budget evicts in the order of the tail");
    this.#drop(entry);
  }

  /** Forgets batches that end at or before `offset`: the log has something else in their place. */
  dropBelow(offset: number): void {
    while (this.#entries.length > 0 && this.#entries.at(0).nextOffset <= offset) {
      const entry = this.#entries.shift();
      if (entry !== undefined) this.#drop(entry);
    }
  }

  clear(): void {
    for (let entry = this.#entries.shift(); entry !== undefined; entry = this.#entries.shift()) {
      this.#drop(entry);
    }
  }

  #drop(entry: TailEntry): void {
    entry.dropped = true;
    this.#budget.forget(entry);
    entry.slice.release();
  }

  #find(offset: number): number {
    let low = 0;
    let high = this.#entries.length - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const entry = this.#entries.at(middle);
      if (offset < entry.baseOffset) high = middle - 1;
      else if (offset >= entry.nextOffset) low = middle + 1;
      else return middle;
    }
    return -1;
  }
}

interface ResultBounds {
  readonly sizeBytes: number;
  readonly nextOffset: number;
  readonly logStartOffset: number;
}

/** A read result that holds a reference to each slice until it is released. */
function retainedResult(taken: readonly SlabSlice[], bounds: ResultBounds): ReadResult {
  for (const slice of taken) slice.retain();
  let released = false;
  return {
    ok: true,
    slices: taken.map((slice) => slice.bytes),
    ...bounds,
    release: () => {
      invariant(!released, "a read result is released once");
      released = true;
      for (const slice of taken) slice.release();
    },
  };
}
