import { ErrorCode, iterateRecords, RecordBatchView, type KafkaRecord } from "@ottla/protocol";
import type { LogConfig } from "../../src/index.ts";

/** The simulation found the engine breaking a promise. */
export class Violation extends Error {}

/** A batch as it was sent, and where the model says that it stands. */
export interface ModelBatch {
  baseOffset: number;
  readonly recordCount: number;
  /** A copy of the bytes that were sent. */
  readonly sent: Uint8Array;
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly baseSequence: number;
  readonly leaderEpoch: number;
  readonly transactional: boolean;
  /** Set for a control batch, which ends the transaction of its producer. */
  readonly marker: "commit" | "abort" | undefined;
  /** By record. */
  readonly timestamps: readonly number[];
  /** The topic may have compressed it anew or stamped its time: compared by record, not by byte. */
  readonly rewritten: "no" | "codec" | "time";
}

export function lastOffsetOf(batch: ModelBatch): number {
  return batch.baseOffset + batch.recordCount - 1;
}

export type Expectation =
  | { readonly kind: "append"; readonly baseOffset: number }
  | { readonly kind: "duplicate"; readonly original: ModelBatch }
  | { readonly kind: "refuse"; readonly errorCode: number };

/** Sent in this life of the engine and not known to be in the log: unanswered, or refused with a storage error. */
export interface Pending {
  readonly batch: ModelBatch;
  readonly expected: Expectation;
  /** Answered with a storage error. */
  refused: boolean;
}

interface Producer {
  readonly epoch: number;
  /** At most five, oldest first. */
  readonly batches: readonly ModelBatch[];
  /** The first batch of the open transaction. */
  readonly openSince: ModelBatch | undefined;
}

const REMEMBERED_BATCHES = 5;

/** `creating` and `deleting`: the call was interrupted or failed, so that either state may be found. */
export type Existence = "absent" | "creating" | "present" | "deleting";

/** What one partition should hold: plain arrays, and the rules of idempotence once more in their plainest form. */
export class PartitionModel {
  readonly topic: string;
  readonly partition: number;
  topicId = "";
  config: LogConfig;
  /** Its log may have holes, but of each key the last record stays. */
  readonly compacted: boolean;
  existence: Existence = "absent";
  /** Everything that stands in the log or stood there before retention, in order of offsets. */
  batches: ModelBatch[] = [];
  /** In order of sending. */
  pending: Pending[] = [];
  /** The log start is at least this, because a call that moved it there has returned. */
  logStartFloor = 0;
  /** And at most this, the furthest that was ever asked for. */
  logStartCeiling = 0;
  #producers = new Map<number, Producer>();
  #nextOffset = 0;

  constructor(topic: string, partition: number, config: LogConfig) {
    this.topic = topic;
    this.partition = partition;
    this.config = config;
    this.compacted = config.cleanupPolicy.includes("compact");
  }

  get name(): string {
    return `${this.topic}-${this.partition}`;
  }

  get endOffset(): number {
    const last = this.batches.at(-1);
    return Math.max(last ? lastOffsetOf(last) + 1 : 0, this.logStartFloor);
  }

  reset(existence: Existence, topicId: string): void {
    this.existence = existence;
    this.topicId = topicId;
    this.batches = [];
    this.pending = [];
    this.logStartFloor = this.logStartCeiling = this.#nextOffset = 0;
    this.#producers.clear();
  }

  /** What the log holds at or above `logStartOffset`, whole batches. */
  live(logStartOffset: number): ModelBatch[] {
    return this.batches.filter((batch) => lastOffsetOf(batch) >= logStartOffset);
  }

  producer(producerId: number): Producer | undefined {
    return this.#producers.get(producerId);
  }

  nextSequence(producerId: number): number {
    const last = this.#producers.get(producerId)?.batches.at(-1);
    return last ? last.baseSequence + last.recordCount : 0;
  }

  /** Says what the log must answer, and takes the batch in if that is an append. */
  send(batch: ModelBatch): Expectation {
    const expected = this.#judge(batch);
    if (expected.kind === "append") {
      batch.baseOffset = this.#nextOffset;
      this.#nextOffset += batch.recordCount;
      this.#remember(batch);
    }
    return expected;
  }

  #judge(batch: ModelBatch): Expectation {
    const append: Expectation = { kind: "append", baseOffset: this.#nextOffset };
    const known = this.#producers.get(batch.producerId);
    if (batch.producerId < 0 || known === undefined || batch.marker) return append;
    if (batch.producerEpoch < known.epoch)
      return { kind: "refuse", errorCode: ErrorCode.INVALID_PRODUCER_EPOCH };
    if (batch.producerEpoch > known.epoch) {
      if (batch.baseSequence === 0) return append;
      return { kind: "refuse", errorCode: ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER };
    }
    const original = known.batches.find(
      (one) => one.baseSequence === batch.baseSequence && one.recordCount === batch.recordCount,
    );
    if (original) return { kind: "duplicate", original };
    if (batch.baseSequence === this.nextSequence(batch.producerId)) return append;
    return { kind: "refuse", errorCode: ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER };
  }

  #remember(batch: ModelBatch): void {
    if (batch.producerId < 0) return;
    const known = this.#producers.get(batch.producerId);
    const before = known?.epoch === batch.producerEpoch ? known.batches : [];
    const batches = batch.marker ? before : [...before, batch].slice(-REMEMBERED_BATCHES);
    const opened = batch.transactional ? (known?.openSince ?? batch) : known?.openSince;
    const openSince = batch.marker ? undefined : opened;
    this.#producers.set(batch.producerId, { epoch: batch.producerEpoch, batches, openSince });
  }

  /** First batches of the transactions without a marker. */
  openTransactions(): ModelBatch[] {
    return [...this.#producers.values()].flatMap(({ openSince }) => openSince ?? []);
  }

  /** In the order of their markers. */
  abortedTransactions(): { producerId: number; firstOffset: number; lastOffset: number }[] {
    const open = new Map<number, ModelBatch>();
    const aborted = [];
    for (const batch of this.batches) {
      const { producerId } = batch;
      const first = open.get(producerId);
      if (batch.marker === undefined && batch.transactional && !first) open.set(producerId, batch);
      if (batch.marker === undefined || !first) continue;
      open.delete(producerId);
      const firstOffset = first.baseOffset;
      if (batch.marker === "abort")
        aborted.push({ producerId, firstOffset, lastOffset: batch.baseOffset });
    }
    return aborted;
  }

  /** A cut that was asked for and may not be there yet: what it takes is promised no more. */
  beginCut(offset: number): void {
    const cut = this.batches.filter(({ baseOffset }) => baseOffset >= offset);
    this.batches = this.batches.slice(0, this.batches.length - cut.length);
    this.pending = cut.map((batch) => ({
      batch,
      expected: { kind: "append", baseOffset: batch.baseOffset },
      refused: false,
    }));
  }

  /** After failures: the predictions start again from what is known to be in the log. */
  resynchronise(): void {
    this.#nextOffset = this.endOffset;
    this.#producers.clear();
    for (const batch of this.batches) this.#remember(batch);
  }
}

const DECOMPRESSED_BYTES_MAX = 1_000_000;

/** What is wrong with a batch of the log, if it should be `expected` at its offset. */
export function differenceOf(found: RecordBatchView, expected: ModelBatch): string | undefined {
  if (found.baseOffset !== expected.baseOffset)
    return `offset ${found.baseOffset} in place of ${expected.baseOffset}`;
  if (found.partitionLeaderEpoch !== expected.leaderEpoch)
    return `leader epoch ${found.partitionLeaderEpoch} in place of ${expected.leaderEpoch} at offset ${found.baseOffset}`;
  return hasContentOf(found, expected) ? undefined : `other content at offset ${found.baseOffset}`;
}

/** Whether the batch is the one that was sent, wherever it stands. */
export function hasContentOf(found: RecordBatchView, expected: ModelBatch): boolean {
  if (!found.isCrcValid()) return false;
  const bytes = found.batchBytes();
  const { sent, rewritten } = expected;
  const sameBytes =
    bytes.length === sent.length &&
    Buffer.compare(bytes.subarray(8, 12), sent.subarray(8, 12)) === 0 &&
    Buffer.compare(bytes.subarray(16), sent.subarray(16)) === 0;
  if (sameBytes || rewritten === "no") return sameBytes;
  const original = new RecordBatchView(sent);
  const limit = { maxDecompressedBytes: DECOMPRESSED_BYTES_MAX };
  const records = [...iterateRecords(found, limit)];
  const wanted = [...iterateRecords(original, limit)];
  return (
    found.producerId === original.producerId &&
    found.producerEpoch === original.producerEpoch &&
    found.baseSequence === original.baseSequence &&
    records.length === wanted.length &&
    records.every((record, index) => isSame(record, wanted[index]!, rewritten === "time"))
  );
}

function isSame(record: KafkaRecord, wanted: KafkaRecord, anyTime: boolean): boolean {
  const equal = (one: Uint8Array | null, other: Uint8Array | null): boolean =>
    one === null || other === null ? one === other : Buffer.compare(one, other) === 0;
  return (
    (anyTime || record.timestamp === wanted.timestamp) &&
    equal(record.key, wanted.key) &&
    equal(record.value, wanted.value)
  );
}
