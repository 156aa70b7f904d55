import type { Random } from "@ottla/runtime";

/** Reproducible randomness (mulberry32): the same seed gives the same run. Not for secrets. */
export class SeededRandom implements Random {
  readonly seed: number;
  #state: number;

  constructor(seed: number) {
    this.seed = seed;
    this.#state = seed >>> 0;
  }

  #next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }

  nextFloat(): number {
    return this.#next() / 2 ** 32;
  }

  nextInt(exclusiveMax: number): number {
    return Math.floor(this.nextFloat() * exclusiveMax);
  }

  bytes(count: number): Uint8Array {
    const result = new Uint8Array(count);
    for (let index = 0; index < count; index++) result[index] = this.#next();
    return result;
  }

  /** One of the values; the list must not be empty. */
  pick<T>(values: readonly T[]): T {
    const value = values[this.nextInt(values.length)];
    if (value === undefined) throw new RangeError("nothing to pick from");
    return value;
  }

  chance(probability: number): boolean {
    return this.nextFloat() < probability;
  }

  /** A generator of its own, so that adding draws in one place does not shift those of another. */
  fork(): SeededRandom {
    return new SeededRandom(this.#next());
  }
}

/** The seed from OTTLA_SEED, or a fresh one; print it with the failing test so that the run can be replayed. */
export function testSeed(): number {
  const given = process.env["OTTLA_SEED"];
  return given === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(given);
}
