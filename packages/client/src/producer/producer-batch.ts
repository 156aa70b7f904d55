import {
  BatchField,
  CompressionType,
  computeCrcAt,
  iterateRecords,
  NO_SEQUENCE,
  RecordBatchBuilder,
  RecordBatchView,
} from "@ottla/protocol";
import type { EncodedRecord } from "./messages.ts";

/** What the broker gave an idempotent producer. */
export interface ProducerIdentity {
  readonly producerId: bigint;
  readonly producerEpoch: number;
}

export interface BatchResult {
  readonly baseOffset: number;
  /** -1 unless the broker set the time. */
  readonly logAppendTimeMs: number;
}

export interface BatchOptions {
  readonly compression: CompressionType;
  readonly compressionLevel?: number | undefined;
  readonly batchSize: number;
  readonly createdMs: number;
  /** Place among the batches of the partition. */
  readonly order: number;
}

export type Outcome = { readonly result: BatchResult } | { readonly error: unknown };

/** Told where a record went, or why it did not. */
export type RecordCallback = (outcome: Outcome, index: number) => void;

/** Records of one partition that are sent, retried and acknowledged as one. */
export class ProducerBatch {
  readonly createdMs: number;
  readonly order: number;
  readonly #options: BatchOptions;
  readonly #builder: RecordBatchBuilder;
  readonly #callbacks: RecordCallback[] = [];
  #bytes: Uint8Array | undefined;
  #isComplete = false;
  /** Bytes of buffer memory that end with the batch. */
  reservedBytes = 0;
  baseSequence = NO_SEQUENCE;
  /** Under which the batch was last sent; undefined before that and for producers without one. */
  identity: ProducerIdentity | undefined;
  attempts = 0;
  isFull = false;

  constructor(options: BatchOptions) {
    this.#options = options;
    this.createdMs = options.createdMs;
    this.order = options.order;
    this.#builder = new RecordBatchBuilder({
      compression: options.compression,
      ...(options.compressionLevel === undefined
        ? {}
        : { compressionLevel: options.compressionLevel }),
      maxBytes: options.batchSize,
    });
  }

  get recordCount(): number {
    return this.#callbacks.length;
  }

  /** Before compression while records come in, then as it goes over the wire. */
  get sizeBytes(): number {
    return this.#bytes?.length ?? this.#builder.estimatedSizeBytes;
  }

  get isComplete(): boolean {
    return this.#isComplete;
  }

  get hasSequence(): boolean {
    return this.baseSequence !== NO_SEQUENCE;
  }

  /** False when the record does not fit any more; the batch is full then. */
  append(record: EncodedRecord, callback: RecordCallback): boolean {
    if (this.#bytes !== undefined || this.isFull) return false;
    if (!this.#builder.append(record)) {
      this.isFull = true;
      return false;
    }
    this.#callbacks.push(callback);
    this.reservedBytes += record.sizeBytes;
    if (this.#builder.estimatedSizeBytes >= this.#options.batchSize) this.isFull = true;
    return true;
  }

  /** No record can be added afterwards. */
  seal(): Uint8Array {
    this.isFull = true;
    this.#bytes ??= this.#builder.build();
    return this.#bytes;
  }

  /** Puts the producer's identity into the header. The CRC covers these fields, so it changes too. */
  stamp(identity: ProducerIdentity, baseSequence: number): void {
    const bytes = this.seal();
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.baseSequence = baseSequence;
    this.identity = identity;
    view.setBigInt64(BatchField.PRODUCER_ID, identity.producerId);
    view.setInt16(BatchField.PRODUCER_EPOCH, identity.producerEpoch);
    view.setInt32(BatchField.BASE_SEQUENCE, baseSequence);
    view.setUint32(BatchField.CRC, computeCrcAt(bytes, 0));
  }

  /** Two batches with the same records, for a broker that takes only smaller ones. */
  split(): ProducerBatch[] {
    const view = new RecordBatchView(this.seal());
    const half = Math.ceil(this.recordCount / 2);
    const parts = [0, 1].map(
      () => new ProducerBatch({ ...this.#options, batchSize: Number.MAX_SAFE_INTEGER }),
    );
    let index = 0;
    const limit = { maxDecompressedBytes: Number.MAX_SAFE_INTEGER };
    for (const { timestamp, key, value, headers } of iterateRecords(view, limit)) {
      const part = parts[index < half ? 0 : 1] as ProducerBatch;
      const callback = this.#callbacks[index] as RecordCallback;
      part.append({ timestamp, key, value, headers, sizeBytes: 0 }, callback);
      index += 1;
    }
    (parts[0] as ProducerBatch).reservedBytes = this.reservedBytes;
    for (const part of parts) {
      part.isFull = true;
      part.attempts = this.attempts;
    }
    return parts;
  }

  /** Only the first outcome counts. */
  complete(outcome: Outcome): void {
    if (this.#isComplete) return;
    this.#isComplete = true;
    for (const [index, callback] of this.#callbacks.entries()) callback(outcome, index);
  }
}
