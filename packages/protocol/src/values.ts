import { DecodeError } from "./errors/decode-error.ts";

declare const brand: unique symbol;

/** An offset within a partition: a safe integer after one checked conversion. */
export type Offset = number & { readonly [brand]: "Offset" };

export type LeaderEpoch = number & { readonly [brand]: "LeaderEpoch" };

/** The epoch of whoever does not know any, or of a partition without one. */
export const NO_LEADER_EPOCH = -1 as LeaderEpoch;

/**
 * Offsets are int64 on the wire and numbers within Ottla. Those beyond 2^53 never come from a real
 * log, so they are treated as malformed.
 */
export function toOffset(value: bigint): Offset {
  return toSafeInteger(value) as Offset;
}

export function toLeaderEpoch(value: number): LeaderEpoch {
  return value as LeaderEpoch;
}

/** Converts an int64 to a number, refusing what a number cannot hold exactly. */
export function toSafeInteger(value: bigint): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number))
    throw new DecodeError(`${value} is beyond the range of safe integers`, 0);
  return number;
}
