import { ErrorCode } from "@ottla/protocol";
import type {
  AbortedTransaction,
  ActiveProducer,
  EpochEndOffset,
  ReadRequest,
  TimestampOffset,
} from "../engine/storage-engine.ts";
import { activeProducerOf } from "../state/producer-state.ts";
import type { LogParts } from "./log-parts.ts";
import type { LogReader, ReadIntoOutcome } from "./log-reader.ts";

/** The bounds of a log as they are at the moment. */
export interface LogBounds {
  readonly logStartOffset: number;
  readonly logEndOffset: number;
}

/** What a log answers without changing. */
export class LogQueries {
  readonly #parts: LogParts;
  readonly #reader: LogReader;
  readonly #bounds: LogBounds;

  constructor(parts: LogParts, reader: LogReader, bounds: LogBounds) {
    this.#parts = parts;
    this.#reader = reader;
    this.#bounds = bounds;
  }

  /** Whole batches from `startOffset` on into `target`. OFFSET_OUT_OF_RANGE (1) outside [log start, log end]. */
  async readInto(request: ReadRequest, target: Uint8Array): Promise<ReadIntoOutcome> {
    const { startOffset } = request;
    if (startOffset < this.#bounds.logStartOffset || startOffset > this.#bounds.logEndOffset)
      return { ok: false, errorCode: ErrorCode.OFFSET_OUT_OF_RANGE };
    if (startOffset >= request.limitOffset)
      return { ok: true, sizeBytes: 0, nextOffset: startOffset };
    try {
      return await this.#reader.readInto(request, target);
    } catch (cause) {
      // The segment may have been deleted or cut while the read was under way.
      if (startOffset < this.#bounds.logStartOffset || startOffset > this.#bounds.logEndOffset)
        return { ok: false, errorCode: ErrorCode.OFFSET_OUT_OF_RANGE };
      const { logger, topicPartition } = this.#parts;
      logger.error("reading a log failed", { ...topicPartition, startOffset, cause });
      return { ok: false, errorCode: ErrorCode.KAFKA_STORAGE_ERROR };
    }
  }

  offsetForTimestamp(timestampMs: number): Promise<TimestampOffset | undefined> {
    return this.#reader.offsetForTimestamp(timestampMs, this.#bounds.logStartOffset);
  }

  offsetOfMaxTimestamp(): Promise<TimestampOffset | undefined> {
    return this.#reader.offsetOfMaxTimestamp(this.#bounds.logStartOffset);
  }

  endOffsetForEpoch(leaderEpoch: number): EpochEndOffset {
    return this.#parts.leaderEpochs.endOffsetFor(leaderEpoch, this.#bounds.logEndOffset);
  }

  epochForOffset(offset: number): number {
    return this.#parts.leaderEpochs.epochFor(offset);
  }

  /** Aborted transactions that overlap [startOffset, endOffset), in the order of their markers. */
  abortedTransactions(startOffset: number, endOffset: number): AbortedTransaction[] {
    return this.#parts.transactions
      .search(startOffset, endOffset)
      .map(({ producerId, firstOffset }) => ({ producerId, firstOffset }));
  }

  producers(): ActiveProducer[] {
    return [...this.#parts.producerState.entries()].map(activeProducerOf);
  }
}
