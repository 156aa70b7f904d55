import {
  baseOffsetAt,
  baseSequenceAt,
  DecodeError,
  ErrorCode,
  hasProducerIdAt,
  isControlAt,
  isTransactionalAt,
  lastOffsetDeltaAt,
  lastSequenceAt,
  maxTimestampAt,
  partitionLeaderEpochAt,
  producerEpochAt,
  setBaseOffset,
  setLogAppendTime,
  setPartitionLeaderEpoch,
} from "@ottla/protocol";
import type { Clock } from "@ottla/runtime";
import type { AppendOutcome } from "../engine/storage-engine.ts";
import type { AbortedTransactionEntry } from "../index/transaction-index.ts";
import {
  checkMarkerAppend,
  checkProducerAppend,
  type ProducerAppendTerms,
  type ProducerVerdict,
} from "../state/producer-append.ts";
import type { ProducerState } from "../state/producer-state.ts";
import { readTransactionMarker, type TransactionMarker } from "../state/transaction-marker.ts";
import { refuse, validateBatch, validateSize, type Refusal } from "./append-validator.ts";
import type { LogConfig } from "./log-config.ts";
import { recompress } from "./recompress.ts";
import { validateRecords } from "./record-validator.ts";
import { findReplicaBatches } from "./replica-batches.ts";
import type { StagedBatch } from "./staged-batch.ts";

export interface StageOptions extends ProducerAppendTerms {
  readonly leaderEpoch: number;
}

/** `storedBytes` is set when other bytes than the given ones are written: the topic recompresses. */
export type StageOutcome = AppendOutcome & { readonly storedBytes?: Uint8Array };

/**
 * Validates batches, gives them their offsets and holds them until they are written. Invariant: with nothing
 * staged `nextOffset` is the log end offset and the producer state is that of the log.
 */
export class AppendStager {
  config: LogConfig;
  nextOffset: number;
  /** Offset after the last hole between staged batches; 0 when there is none. */
  holesBelow = 0;
  readonly #clock: Clock;
  readonly #producerState: ProducerState;
  #staged: StagedBatch[] = [];

  constructor(clock: Clock, producerState: ProducerState, config: LogConfig, logEndOffset: number) {
    this.#clock = clock;
    this.#producerState = producerState;
    this.config = config;
    this.nextOffset = logEndOffset;
  }

  get staged(): readonly StagedBatch[] {
    return this.#staged;
  }

  stage(batch: Uint8Array, options: StageOptions, logStartOffset: number): StageOutcome {
    const { origin, leaderEpoch } = options;
    if (origin === "replica") return this.#stageReplica(batch, leaderEpoch, logStartOffset);
    const refusal = validateBatch(batch, origin, this.config);
    if (refusal) return refusal;
    if (isControlAt(batch, 0)) return this.#stageMarker(batch, options, logStartOffset);
    const hasProducerId = hasProducerIdAt(batch, 0);
    if (hasProducerId) {
      const verdict = this.#checkProducer(batch, options);
      if (verdict.kind === "refuse") return refuse(verdict.errorCode, verdict.message);
      if (verdict.kind === "duplicate") {
        const { baseOffset, lastOffset, timestamp } = verdict.batch;
        return this.#accepted(baseOffset, lastOffset, timestamp, logStartOffset, true);
      }
    }
    const nowMs = this.#clock.nowMs();
    const stored = origin === "client" ? this.#prepareClientBatch(batch, nowMs) : batch;
    if (!(stored instanceof Uint8Array)) return stored;
    if (this.config.messageTimestampType === "LogAppendTime") setLogAppendTime(stored, 0, nowMs);
    const baseOffset = this.#stamp(stored, leaderEpoch);
    if (hasProducerId) this.#producerState.stage(stored, 0, baseOffset, nowMs);
    const outcome = this.#push(stored, baseOffset, leaderEpoch, undefined, logStartOffset);
    return stored === batch ? outcome : { ...outcome, storedBytes: stored };
  }

  #checkProducer(batch: Uint8Array, options: StageOptions): ProducerVerdict {
    return checkProducerAppend(
      this.#producerState.entryOf(batch, 0),
      {
        producerEpoch: producerEpochAt(batch, 0),
        firstSequence: baseSequenceAt(batch, 0),
        lastSequence: lastSequenceAt(batch, 0),
        isTransactional: isTransactionalAt(batch, 0),
      },
      options,
    );
  }

  /** A marker that a transaction coordinator sends. */
  #stageMarker(batch: Uint8Array, options: StageOptions, logStartOffset: number): StageOutcome {
    const marker = parseMarker(batch);
    if ("errorCode" in marker) return marker;
    const refusal = checkMarkerAppend(
      this.#producerState.entryOf(batch, 0),
      { producerEpoch: producerEpochAt(batch, 0), coordinatorEpoch: marker.coordinatorEpoch },
      options,
    );
    if (refusal !== undefined) return refuse(refusal.errorCode, refusal.message);
    const nowMs = this.#clock.nowMs();
    const baseOffset = this.#stamp(batch, options.leaderEpoch);
    const aborted = this.#producerState.stageMarker(batch, 0, marker, baseOffset, nowMs);
    return this.#push(batch, baseOffset, options.leaderEpoch, aborted, logStartOffset);
  }

  /** What a follower fetched: offsets and epochs stay, the leader has checked the rest. */
  #stageReplica(bytes: Uint8Array, leaderEpoch: number, logStartOffset: number): StageOutcome {
    const found = findReplicaBatches(bytes, this.nextOffset, leaderEpoch);
    if (!found.ok) return found;
    const nowMs = this.#clock.nowMs();
    for (const batch of found.batches) {
      const baseOffset = baseOffsetAt(batch, 0);
      if (baseOffset > this.nextOffset) this.holesBelow = baseOffset;
      const readMarker = (): TransactionMarker | undefined => {
        const marker = parseMarker(batch);
        return "errorCode" in marker ? undefined : marker;
      };
      const aborted = this.#producerState.stageReplica(batch, 0, baseOffset, nowMs, readMarker);
      this.#push(batch, baseOffset, partitionLeaderEpochAt(batch, 0), aborted, logStartOffset);
    }
    const baseOffset = baseOffsetAt(found.batches[0]!, 0);
    const timestamp = maxTimestampAt(found.batches.at(-1)!, 0);
    return this.#accepted(baseOffset, this.nextOffset - 1, timestamp, logStartOffset, false);
  }

  #stamp(batch: Uint8Array, leaderEpoch: number): number {
    setBaseOffset(batch, 0, this.nextOffset);
    setPartitionLeaderEpoch(batch, 0, leaderEpoch);
    return this.nextOffset;
  }

  #push(
    bytes: Uint8Array,
    baseOffset: number,
    leaderEpoch: number,
    aborted: AbortedTransactionEntry | undefined,
    logStartOffset: number,
  ): AppendOutcome {
    const lastOffset = baseOffset + lastOffsetDeltaAt(bytes, 0);
    const maxTimestamp = maxTimestampAt(bytes, 0);
    this.#staged.push({ bytes, baseOffset, lastOffset, maxTimestamp, leaderEpoch, aborted });
    this.nextOffset = lastOffset + 1;
    return this.#accepted(baseOffset, lastOffset, maxTimestamp, logStartOffset, false);
  }

  #prepareClientBatch(batch: Uint8Array, nowMs: number): Uint8Array | Refusal {
    const validated = validateRecords(batch, this.config, nowMs);
    if (!validated.ok) return validated;
    const stored = recompress(batch, validated.records, this.config);
    return (stored === batch ? undefined : validateSize(stored.length, this.config)) ?? stored;
  }

  #accepted(
    baseOffset: number,
    lastOffset: number,
    maxTimestamp: number,
    logStartOffset: number,
    duplicate: boolean,
  ): AppendOutcome {
    const stampsTime = this.config.messageTimestampType === "LogAppendTime";
    const logAppendTimeMs = stampsTime ? maxTimestamp : -1;
    return { ok: true, baseOffset, lastOffset, logAppendTimeMs, logStartOffset, duplicate };
  }

  /** The staged batches have been written. */
  commit(): void {
    this.#staged = [];
    this.holesBelow = 0;
    this.#producerState.commit();
  }

  /** Takes back what is staged. */
  discard(logEndOffset: number): void {
    this.#staged = [];
    this.holesBelow = 0;
    this.#producerState.revert();
    this.nextOffset = logEndOffset;
  }
}

export function offlineRefusal(name: string): Refusal {
  return refuse(ErrorCode.KAFKA_STORAGE_ERROR, `the log of ${name} is offline`);
}

function parseMarker(batch: Uint8Array): TransactionMarker | Refusal {
  try {
    const marker = readTransactionMarker(batch, 0);
    return marker ?? refuse(ErrorCode.INVALID_RECORD, "the control batch is no transaction marker");
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return refuse(ErrorCode.INVALID_RECORD, error.message);
  }
}
