import { invariant } from "@ottla/runtime";

/** A transaction that has its marker, which may not be below the high watermark yet. */
interface EndedTransaction {
  readonly firstOffset: number;
  readonly markerOffset: number;
}

/**
 * Where the transactions of one log begin that hold the last stable offset back: the open ones, and the ended
 * ones whose marker has not passed the high watermark. Staged batches count, because none of them lies below it.
 *
 * Invariant: `open` ascends; a first offset stands in one of the two lists at most.
 */
export class OpenTransactions {
  #open: number[] = [];
  #ended: EndedTransaction[] = [];

  get openCount(): number {
    return this.#open.length;
  }

  /** First offset of the oldest open transaction, or -1. */
  get firstOpenOffset(): number {
    return this.#open[0] ?? -1;
  }

  clear(): void {
    this.#open = [];
    this.#ended = [];
  }

  begin(firstOffset: number): void {
    const last = this.#open.at(-1) ?? -1;
    if (firstOffset > last) this.#open.push(firstOffset);
    else this.#open.splice(this.#placeOf(firstOffset), 0, firstOffset);
  }

  end(firstOffset: number, markerOffset: number): void {
    this.#remove(firstOffset);
    this.#ended.push({ firstOffset, markerOffset });
  }

  /** Takes back `begin`. */
  unbegin(firstOffset: number): void {
    this.#remove(firstOffset);
  }

  /** Takes back `end`: its marker was not written. */
  reopen(firstOffset: number): void {
    this.#ended = this.#ended.filter((ended) => ended.firstOffset !== firstOffset);
    this.begin(firstOffset);
  }

  /** The last stable offset that an aborted transaction's index entry holds: see `transaction-index.ts`. */
  stableOffsetWithout(firstOffset: number, markerOffset: number): number {
    const oldest = this.#open[0] === firstOffset ? this.#open[1] : this.#open[0];
    return oldest ?? markerOffset + 1;
  }

  /** Where the last stable offset stands when all below `highWatermark` is replicated. */
  lastStableOffset(highWatermark: number): number {
    let offset = highWatermark;
    const oldest = this.#open[0];
    if (oldest !== undefined && oldest < offset) offset = oldest;
    if (this.#ended.length === 0) return offset;
    this.#ended = this.#ended.filter((ended) => ended.markerOffset >= highWatermark);
    for (const ended of this.#ended) if (ended.firstOffset < offset) offset = ended.firstOffset;
    return offset;
  }

  #remove(firstOffset: number): void {
    const place = this.#placeOf(firstOffset);
    invariant(this.#open[place] === firstOffset, "only an open transaction ends");
    this.#open.splice(place, 1);
  }

  /** Index of the first entry at or above the offset. */
  #placeOf(firstOffset: number): number {
    const place = this.#open.findIndex((open) => open >= firstOffset);
    return place === -1 ? this.#open.length : place;
  }
}
