import { invariant } from "@ottla/runtime";
import { recordSizeBytes, type Effects } from "./effects.ts";
import type { CoordinatorRecord, PartitionWriter } from "./partition-writer.ts";

/** Records that may wait for one partition before new operations are refused: memory is bounded. */
const MAX_QUEUED_BYTES = 64 * 1024 * 1024;
/** The same for answers that carry no record. */
const MAX_QUEUED_OPERATIONS = 100_000;

export interface AppendQueueOptions {
  readonly writer: PartitionWriter;
  readonly topic: string;
  readonly partition: number;
  /** No batch is made larger than this. */
  readonly maxBatchBytes: number;
  /** Called once when an append failed; every queued operation has its error by then. */
  onFailure(errorCode: number): void;
}

/**
 * Group commit for one partition. At most one batch is on its way; operations that arrive meanwhile
 * form the next. So the order of records is the order of operations, and when a batch fails nothing
 * behind it was written: the log is a prefix of what the state machine decided, and a replay of it
 * is a correct state.
 */
export class AppendQueue {
  readonly #options: AppendQueueOptions;
  #waiting: Effects[] = [];
  #queuedBytes = 0;
  #flushing: Promise<void> | null = null;
  #closedWith = 0;

  constructor(options: AppendQueueOptions) {
    this.#options = options;
  }

  get isFull(): boolean {
    return this.#queuedBytes >= MAX_QUEUED_BYTES || this.#waiting.length >= MAX_QUEUED_OPERATIONS;
  }

  submit(effects: Effects): void {
    if (this.#closedWith !== 0) {
      effects.deliver(effects.awaitsCommit ? this.#closedWith : 0);
      return;
    }
    const nothingToWaitFor = effects.records.length === 0 && this.#flushing === null;
    if (!effects.awaitsCommit || nothingToWaitFor) {
      effects.deliver(0);
      return;
    }
    this.#waiting.push(effects);
    this.#queuedBytes += effects.sizeBytes;
    this.#flushing ??= this.#flush();
  }

  /** Fails what is queued; a batch that is on its way may still be written, but is not acknowledged. */
  close(errorCode: number): void {
    invariant(errorCode !== 0, "an append queue closes with an error code");
    if (this.#closedWith !== 0) return;
    this.#closedWith = errorCode;
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#queuedBytes = 0;
    for (const effects of waiting) effects.deliver(errorCode);
  }

  /** Resolves when nothing is queued or on its way. */
  async drained(): Promise<void> {
    while (this.#flushing !== null) await this.#flushing;
  }

  async #flush(): Promise<void> {
    // One turn later, so that operations of the same turn share a batch.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const batch = this.#takeBatch();
      const errorCode = await this.#append(batch);
      const closedWith = this.#closedWith;
      for (const effects of batch) effects.deliver(errorCode === 0 ? closedWith : errorCode);
      if (errorCode !== 0 && closedWith === 0) {
        this.close(errorCode);
        this.#options.onFailure(errorCode);
      }
    }
    this.#flushing = null;
  }

  #takeBatch(): Effects[] {
    let sizeBytes = 0;
    let count = 0;
    for (const effects of this.#waiting) {
      if (count > 0 && sizeBytes + effects.sizeBytes > this.#options.maxBatchBytes) break;
      sizeBytes += effects.sizeBytes;
      count++;
    }
    this.#queuedBytes -= sizeBytes;
    return this.#waiting.splice(0, count);
  }

  /**
   * An operation that is larger than a batch comes alone and is cut. Only deletions grow so large
   * (others are refused by their size), and half a deletion is a state that a retry completes.
   */
  async #append(batch: readonly Effects[]): Promise<number> {
    const { writer, topic, partition, maxBatchBytes } = this.#options;
    let records: CoordinatorRecord[] = [];
    let sizeBytes = 0;
    for (const record of batch.flatMap((effects) => effects.records)) {
      if (records.length > 0 && sizeBytes + recordSizeBytes(record) > maxBatchBytes) {
        const { errorCode } = await writer.append(topic, partition, records);
        if (errorCode !== 0) return errorCode;
        records = [];
        sizeBytes = 0;
      }
      records.push(record);
      sizeBytes += recordSizeBytes(record);
    }
    if (records.length === 0) return 0;
    return (await writer.append(topic, partition, records)).errorCode;
  }
}
