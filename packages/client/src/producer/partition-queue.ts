import { addToSequence, ErrorCode } from "@ottla/protocol";
import type { KafkaError } from "../errors.ts";
import type { TopicPartition } from "../topic-partition.ts";
import type { EncodedRecord } from "./messages.ts";
import {
  ProducerBatch,
  type BatchOptions,
  type ProducerIdentity,
  type RecordCallback,
} from "./producer-batch.ts";

/** What becomes of a batch that the broker refused. */
export type Verdict = "retry" | "new-identity" | "split" | "duplicate" | "fail";

/**
 * The batches of one partition, waiting and in flight, in the order of their sequences.
 *
 * Invariant: after a batch failed retriably nothing new is sent until every batch in flight has its
 * outcome; the failed ones are then sent again, oldest first and one at a time, under their old
 * sequences. So the broker either knows a retry as such or stores it in its place.
 */
export class PartitionQueue {
  readonly topicPartition: TopicPartition;
  readonly waiting: ProducerBatch[] = [];
  readonly inFlight: ProducerBatch[] = [];
  readonly #failed: ProducerBatch[] = [];
  #identity: ProducerIdentity | undefined;
  /** Must not be used again: the broker's state under it has a gap. */
  #droppedIdentity: ProducerIdentity | undefined;
  #nextSequence = 0;
  #nextOrder = 0;
  /** Why the last attempt failed, for the message when time runs out. */
  lastError: unknown;
  /** Nothing is sent before this time. */
  retryAtMs = 0;

  constructor(topicPartition: TopicPartition) {
    this.topicPartition = topicPartition;
  }

  get isEmpty(): boolean {
    return this.waiting.length === 0 && this.inFlight.length === 0 && this.#failed.length === 0;
  }

  /** Whether the next record joins a batch that others are in already. */
  get hasOpenBatch(): boolean {
    return this.waiting.at(-1)?.isFull === false;
  }

  /** The identity to send under, if the one that the producer has now will do. */
  usableIdentity(current: ProducerIdentity | undefined): ProducerIdentity | undefined {
    return this.#identity ?? (current === this.#droppedIdentity ? undefined : current);
  }

  append(
    record: EncodedRecord,
    callback: RecordCallback,
    options: Omit<BatchOptions, "order">,
  ): void {
    if (this.waiting.at(-1)?.append(record, callback) === true) return;
    const batch = new ProducerBatch({ ...options, order: this.#nextOrder++ });
    batch.append(record, callback);
    this.waiting.push(batch);
  }

  /** The batch to send next, or undefined while order forbids to send any. */
  next(): ProducerBatch | undefined {
    if (this.#failed.length > 0) return undefined;
    const batch = this.waiting[0];
    const isRetry = batch !== undefined && batch.attempts > 0;
    return isRetry && this.inFlight.length > 0 ? undefined : this.#unlessBehindRetry(batch);
  }

  /** While a retried batch is under way, the ones behind it wait for its outcome. */
  #unlessBehindRetry(batch: ProducerBatch | undefined): ProducerBatch | undefined {
    return this.inFlight.some(({ attempts }) => attempts > 1) ? undefined : batch;
  }

  /** Moves the next batch into flight; an idempotent one gets identity and sequence with the first attempt. */
  take(identity: ProducerIdentity | undefined): ProducerBatch {
    const batch = this.waiting.shift() as ProducerBatch;
    batch.seal();
    this.#identity ??= identity;
    if (this.#identity !== undefined && batch.identity !== this.#identity) {
      batch.stamp(this.#identity, this.#nextSequence);
      this.#nextSequence = addToSequence(this.#nextSequence, batch.recordCount);
    }
    batch.attempts += 1;
    this.inFlight.push(batch);
    return batch;
  }

  /** The batch has a final outcome. */
  finish(batch: ProducerBatch): void {
    this.#leaveFlight(batch);
    this.#settleFailed();
  }

  /** The batch goes back into the queue, in front of everything younger. */
  fail(batch: ProducerBatch): void {
    this.#leaveFlight(batch);
    this.#failed.push(batch);
    this.#settleFailed();
  }

  /** The batch was refused for good, so its sequence is free again if none was given after it. */
  giveUp(batch: ProducerBatch, isStored: "not-stored" | "unknown"): void {
    const end = addToSequence(Math.max(batch.baseSequence, 0), batch.recordCount);
    const isCurrent = batch.hasSequence && batch.identity === this.#identity;
    if (isStored === "not-stored" && isCurrent && end === this.#nextSequence) {
      this.#nextSequence = batch.baseSequence;
    }
    this.finish(batch);
  }

  /** Sequences start anew under another producer id: the broker lost the old ones, or they have a gap. */
  dropIdentity(): void {
    this.#droppedIdentity = this.#identity;
    this.#identity = undefined;
    this.#nextSequence = 0;
  }

  /** The batch goes back in smaller ones, under new sequences. */
  split(batch: ProducerBatch): void {
    this.#failed.push(...batch.split());
    this.giveUp(batch, "not-stored");
  }

  /** Takes out what waits for longer than allowed. A batch in flight is left to its request. */
  expire(isExpired: (batch: ProducerBatch) => boolean): ProducerBatch[] {
    const expired = this.waiting.filter(isExpired);
    for (const batch of expired) this.waiting.splice(this.waiting.indexOf(batch), 1);
    return expired;
  }

  judge(batch: ProducerBatch, error: KafkaError): Verdict {
    switch (error.code) {
      case ErrorCode.DUPLICATE_SEQUENCE_NUMBER:
        return "duplicate";
      case ErrorCode.MESSAGE_TOO_LARGE:
      case ErrorCode.RECORD_LIST_TOO_LARGE:
        return batch.recordCount > 1 ? "split" : "fail";
      case ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER:
      case ErrorCode.UNKNOWN_PRODUCER_ID:
      case ErrorCode.INVALID_PRODUCER_EPOCH:
        if (!batch.hasSequence) return "fail";
        // Behind a batch that failed this is no surprise; for the oldest one it means a gap in the log.
        return this.inFlight[0] === batch && this.#failed.length === 0 ? "new-identity" : "retry";
      default:
        return error.retriable ? "retry" : "fail";
    }
  }

  #leaveFlight(batch: ProducerBatch): void {
    const index = this.inFlight.indexOf(batch);
    if (index >= 0) this.inFlight.splice(index, 1);
  }

  #settleFailed(): void {
    if (this.inFlight.length > 0 || this.#failed.length === 0) return;
    this.waiting.unshift(...this.#failed.splice(0).sort(byAge));
  }
}

/** Batches in flight end in any order after a lost connection. */
function byAge(one: ProducerBatch, other: ProducerBatch): number {
  return one.order - other.order;
}
