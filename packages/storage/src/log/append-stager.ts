import {
  ErrorCode,
  hasProducerIdAt,
  isControlAt,
  lastOffsetDeltaAt,
  maxTimestampAt,
  setBaseOffset,
  setLogAppendTime,
  setPartitionLeaderEpoch,
} from "@ottla/protocol";
import type { Clock } from "@ottla/runtime";
import type { AppendOrigin, AppendOutcome } from "../engine/storage-engine.ts";
import type { ProducerState } from "../state/producer-state.ts";
import { refuse, validateBatch, validateSize, type Refusal } from "./append-validator.ts";
import type { LogConfig } from "./log-config.ts";
import { recompress } from "./recompress.ts";
import { validateRecords } from "./record-validator.ts";
import type { StagedBatch } from "./staged-batch.ts";

export interface StageOptions {
  readonly leaderEpoch: number;
  readonly origin: AppendOrigin;
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
    const refusal = validateBatch(batch, options.origin, this.config);
    if (refusal) return refusal;
    const hasProducerId = hasProducerIdAt(batch, 0);
    if (hasProducerId && !isControlAt(batch, 0)) {
      const verdict = this.#producerState.check(batch, 0);
      if (verdict.kind === "refuse") return refuse(verdict.errorCode, verdict.message);
      if (verdict.kind === "duplicate") {
        const { baseOffset, lastOffset, timestamp } = verdict.batch;
        return this.#accepted(baseOffset, lastOffset, timestamp, logStartOffset, true);
      }
    }
    const nowMs = this.#clock.nowMs();
    const stored = options.origin === "client" ? this.#prepareClientBatch(batch, nowMs) : batch;
    if (!(stored instanceof Uint8Array)) return stored;
    const baseOffset = this.nextOffset;
    const lastOffset = baseOffset + lastOffsetDeltaAt(stored, 0);
    if (this.config.messageTimestampType === "LogAppendTime") setLogAppendTime(stored, 0, nowMs);
    setBaseOffset(stored, 0, baseOffset);
    setPartitionLeaderEpoch(stored, 0, options.leaderEpoch);
    const maxTimestamp = maxTimestampAt(stored, 0);
    if (hasProducerId) this.#producerState.stage(stored, 0, baseOffset, nowMs);
    const { leaderEpoch } = options;
    this.#staged.push({ bytes: stored, baseOffset, lastOffset, maxTimestamp, leaderEpoch });
    this.nextOffset = lastOffset + 1;
    const outcome = this.#accepted(baseOffset, lastOffset, maxTimestamp, logStartOffset, false);
    return stored === batch ? outcome : { ...outcome, storedBytes: stored };
  }

  #prepareClientBatch(batch: Uint8Array, nowMs: number): Uint8Array | Refusal {
    const validated = validateRecords(batch, this.config, nowMs);
    if (!validated.ok) return validated;
    const stored = recompress(batch, validated.records, this.config.compressionType);
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
    this.#producerState.commit();
  }

  /** Takes back what is staged. */
  discard(logEndOffset: number): void {
    this.#staged = [];
    this.#producerState.revert();
    this.nextOffset = logEndOffset;
  }
}

export function offlineRefusal(name: string): Refusal {
  return refuse(ErrorCode.KAFKA_STORAGE_ERROR, `the log of ${name} is offline`);
}
