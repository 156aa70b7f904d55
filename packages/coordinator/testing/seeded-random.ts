import type { Random } from "@ottla/runtime";

/** mulberry32: small, fast, and the same on every machine. */
export class SeededRandom implements Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  nextFloat(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  nextInt(exclusiveMax: number): number {
    return Math.floor(this.nextFloat() * exclusiveMax);
  }

  bytes(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => this.nextInt(256));
  }
}
