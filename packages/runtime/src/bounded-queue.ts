import { invariant } from "./invariant.ts";

/** Places at the front that may stay empty before the array is cut. */
const COMPACT_AFTER = 1024;

/** First in, first out, up to a total weight: bytes where memory is meant, 1 per item where places are. */
export class BoundedQueue<Item> {
  readonly weightMax: number;
  readonly #weigh: (item: Item) => number;
  #items: (Item | undefined)[] = [];
  #first = 0;
  #weight = 0;

  constructor(weightMax: number, weigh: (item: Item) => number = () => 1) {
    invariant(weightMax > 0, "a bounded queue has room for something");
    this.weightMax = weightMax;
    this.#weigh = weigh;
  }

  get length(): number {
    return this.#items.length - this.#first;
  }

  get weight(): number {
    return this.#weight;
  }

  /** False, and nothing is kept, when the item would exceed the bound. An empty queue takes one item of any weight. */
  offer(item: Item): boolean {
    const weight = this.#weigh(item);
    if (this.length > 0 && this.#weight + weight > this.weightMax) return false;
    this.#items.push(item);
    this.#weight += weight;
    return true;
  }

  take(): Item | undefined {
    if (this.length === 0) return undefined;
    const item = this.#items[this.#first];
    invariant(item !== undefined, "a queued item is there until it is taken");
    this.#items[this.#first] = undefined;
    this.#first += 1;
    this.#weight -= this.#weigh(item);
    if (this.#first > COMPACT_AFTER && this.#first * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#first);
      this.#first = 0;
    }
    return item;
  }
}
