import { randomBytes, randomInt } from "node:crypto";
import type { Random } from "./random.ts";

/** Randomness of the machine; `bytes` is fit for ids and nonces. */
export class SystemRandom implements Random {
  nextFloat(): number {
    return Math.random();
  }

  nextInt(exclusiveMax: number): number {
    return randomInt(exclusiveMax);
  }

  bytes(count: number): Uint8Array {
    return randomBytes(count);
  }
}
