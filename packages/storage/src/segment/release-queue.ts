/** Something that costs a bounded resource and can be given back, to be taken again when it is needed. */
export interface Releasable {
  /** Set by its owner at each use, taken back by the queue: what was used since the last look stays. */
  recentlyUsed: boolean;
  /** True while giving it back would break something, such as a read under way or an unsynced write. */
  readonly inUse: boolean;
  release(): void;
}

/**
 * Keeps the total cost of what is held under a bound, by second chance: the oldest entry that was not used since
 * the last look is released. A use costs one assignment, because it happens at every read and write. What is in
 * use stays, so that the bound can be passed when everything is.
 */
export class ReleaseQueue {
  costMax: number;
  #cost = 0;
  readonly #entries = new Map<Releasable, number>();

  constructor(costMax: number) {
    this.costMax = costMax;
  }

  get cost(): number {
    return this.#cost;
  }

  add(entry: Releasable, cost: number): void {
    this.remove(entry);
    this.#entries.set(entry, cost);
    this.#cost += cost;
    if (this.#cost > this.costMax) this.#releaseOthers(entry);
  }

  remove(entry: Releasable): void {
    const cost = this.#entries.get(entry);
    if (cost === undefined) return;
    this.#entries.delete(entry);
    this.#cost -= cost;
  }

  #releaseOthers(newest: Releasable): void {
    // Twice around: the first round may only take back marks.
    let looks = 2 * this.#entries.size;
    for (const [entry, cost] of this.#entries) {
      if (this.#cost <= this.costMax || looks-- <= 0) return;
      if (entry === newest || entry.inUse || entry.recentlyUsed) {
        entry.recentlyUsed = false;
        // Behind the others; the iteration comes to it again.
        this.#entries.delete(entry);
        this.#entries.set(entry, cost);
        continue;
      }
      this.#entries.delete(entry);
      this.#cost -= cost;
      entry.release();
    }
  }
}
