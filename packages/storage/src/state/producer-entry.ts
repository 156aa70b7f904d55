/** Kafka remembers this many batches per producer, which is also the greatest number in flight of an idempotent client. */
export const REMEMBERED_BATCHES = 5;

export interface ProducerBatch {
  readonly firstSequence: number;
  readonly lastSequence: number;
  readonly baseOffset: number;
  readonly lastOffset: number;
  /** The batch's greatest record timestamp. */
  readonly timestamp: number;
}

/** What a partition knows of one producer. Never changed in place: an append makes a new entry, so that a failed write can put the old one back. */
export interface ProducerEntry {
  readonly producerId: ProducerKey;
  readonly producerEpoch: number;
  /** Oldest first; at most five. */
  readonly batches: readonly ProducerBatch[];
  /** For expiry: when the last batch was appended, by our clock. */
  readonly lastSeenMs: number;
  /** Greatest record timestamp of the last batch or marker. */
  readonly lastTimestamp: number;
  readonly coordinatorEpoch: number;
  /** First offset of the open transaction, or -1. */
  readonly transactionFirstOffset: number;
}

/** A producer id as a map key: a number as long as it is a safe integer, which spares a bigint for every batch. */
export type ProducerKey = number | bigint;

const TWO_POW_32 = 2 ** 32;
/** High words below this give safe integers. */
const MAX_SAFE_HIGH = 2 ** 21;

/** Reads the producer id at a byte position; it must not be negative. */
export function producerKeyAt(bytes: Uint8Array, at: number): ProducerKey {
  const high =
    ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
  const low =
    ((bytes[at + 4]! << 24) | (bytes[at + 5]! << 16) | (bytes[at + 6]! << 8) | bytes[at + 7]!) >>>
    0;
  if (high < MAX_SAFE_HIGH) return high * TWO_POW_32 + low;
  return (BigInt(high) << 32n) | BigInt(low);
}
