import {
  iterateBatches,
  iterateRecords,
  readControlRecord,
  type KafkaRecord,
  type RecordBatchView,
  type RecordHeader,
} from "@ottla/protocol";
import type { PartitionState } from "./partition-state.ts";

/** Key, value and header values are views of a fetched block: copy what is kept for long. */
export interface ConsumerRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly timestamp: number;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: readonly RecordHeader[];
  readonly leaderEpoch: number;
}

export interface AbortedTransaction {
  readonly producerId: bigint;
  readonly firstOffset: bigint;
}

export interface FetchedOptions {
  readonly fetchOffset: number;
  /** Empty unless only committed records are wanted. */
  readonly aborted: readonly AbortedTransaction[];
  readonly checkCrcs: boolean;
}

/** A batch that claims to be larger once it is decompressed is taken for damage. */
const MAX_DECOMPRESSED_BYTES = 512 * 1024 * 1024;

/** What one fetch brought of one partition. Batches are opened one by one, when their turn comes. */
export class FetchedRecords {
  readonly state: PartitionState;
  readonly seekEpoch: number;
  readonly sizeBytes: number;
  readonly #batches: Iterator<RecordBatchView>;
  readonly #options: FetchedOptions;
  readonly #aborted: AbortedTransaction[];
  readonly #abortedProducers = new Set<bigint>();
  #batch: RecordBatchView | undefined;
  #records: Iterator<KafkaRecord> | undefined;
  /** The offset after everything that was looked at. */
  nextOffset: number;

  constructor(state: PartitionState, bytes: Uint8Array, options: FetchedOptions) {
    this.state = state;
    this.seekEpoch = state.seekEpoch;
    this.sizeBytes = bytes.length;
    this.#batches = iterateBatches(bytes)[Symbol.iterator]();
    this.#options = options;
    this.#aborted = options.aborted.toSorted((one, other) =>
      one.firstOffset < other.firstOffset ? -1 : 1,
    );
    this.nextOffset = options.fetchOffset;
  }

  get isCurrent(): boolean {
    return !this.state.isRevoked && this.state.seekEpoch === this.seekEpoch;
  }

  /** The next record that the user may see, or undefined at the end. */
  next(): ConsumerRecord | undefined {
    for (;;) {
      const record = this.#nextInBatch();
      if (record === undefined) {
        if (!this.#openBatch()) return undefined;
      } else if (record.offset >= this.#options.fetchOffset) {
        // A fetch answers with whole batches, which may begin before the offset that was asked for.
        this.nextOffset = record.offset + 1;
        const { topic, partition } = this.state;
        const leaderEpoch = this.#batch?.partitionLeaderEpoch ?? -1;
        const { offset, timestamp, key, value, headers } = record;
        return { topic, partition, offset, timestamp, key, value, headers, leaderEpoch };
      }
    }
  }

  #nextInBatch(): KafkaRecord | undefined {
    const result = this.#records?.next();
    return result === undefined || result.done === true ? undefined : result.value;
  }

  /** Goes on to the next batch with records for the user. */
  #openBatch(): boolean {
    for (;;) {
      if (this.#batch !== undefined)
        this.nextOffset = Math.max(this.nextOffset, this.#batch.nextOffset);
      const result = this.#batches.next();
      this.#batch = result.done === true ? undefined : result.value;
      this.#records = undefined;
      if (this.#batch === undefined) return false;
      if (this.#options.checkCrcs && !this.#batch.isCrcValid()) {
        const { topic, partition } = this.state;
        throw new Error(
          `${topic}-${partition}: the batch at offset ${this.#batch.baseOffset} is damaged (CRC)`,
        );
      }
      if (this.#isVisible(this.#batch)) {
        this.#records = iterateRecords(this.#batch, {
          maxDecompressedBytes: MAX_DECOMPRESSED_BYTES,
        });
        return true;
      }
    }
  }

  /**
   * Aborted transactions begin at their first offset and end at their marker. The broker lists those
   * that touch the fetched range, so a producer is "aborted" between the two.
   */
  #isVisible(batch: RecordBatchView): boolean {
    while (this.#aborted.length > 0 && Number(this.#aborted[0]?.firstOffset) <= batch.lastOffset) {
      this.#abortedProducers.add((this.#aborted.shift() as AbortedTransaction).producerId);
    }
    if (batch.isControl) {
      if (isAbortMarker(batch)) this.#abortedProducers.delete(batch.producerId);
      return false;
    }
    return !(batch.isTransactional && this.#abortedProducers.has(batch.producerId));
  }
}

function isAbortMarker(batch: RecordBatchView): boolean {
  for (const record of iterateRecords(batch, { maxDecompressedBytes: MAX_DECOMPRESSED_BYTES })) {
    return readControlRecord(record).type === "abort";
  }
  return false;
}
