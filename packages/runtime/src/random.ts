/** The only source of randomness. A seeded implementation lives in the testkit. */
export interface Random {
  /** A float in [0, 1). */
  nextFloat(): number;
  /** An integer in [0, exclusiveMax). */
  nextInt(exclusiveMax: number): number;
  /** `count` random bytes. Cryptographically strong in `SystemRandom` only. */
  bytes(count: number): Uint8Array;
}
