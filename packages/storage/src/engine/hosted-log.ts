import type { Log, StageOutcome } from "../log/log.ts";
import type { FlushPolicy } from "./storage-engine.ts";

/** What the main thread knows of a log; a snapshot of it travels with every answer. */
export interface LogState {
  readonly logStartOffset: number;
  readonly logEndOffset: number;
  readonly durableOffset: number;
  readonly lastStableOffset: number;
  readonly hasAbortedTransactions: boolean;
  /** How often this log was cut since it was loaded: tells offsets from before a cut from later ones. */
  readonly truncations: number;
  readonly latestLeaderEpoch: number;
  readonly sizeBytes: number;
}

export type GoodAppend = Extract<StageOutcome, { ok: true }>;

/** An append that was validated and waits for its write or its sync. */
export interface PendingAppend<Token> {
  readonly token: Token;
  readonly outcome: GoodAppend;
}

/** A log with the appends that wait on it. Owned by one thread. */
export class HostedLog<Token> implements LogState {
  readonly partitionId: number;
  readonly log: Log;
  readonly #flush: FlushPolicy;
  /** Validated, to be written by the next `writeStaged`. */
  staged: PendingAppend<Token>[] = [];
  /** Written, to be acknowledged when the recovery point passes them. */
  unsynced: PendingAppend<Token>[] = [];
  truncations = 0;

  constructor(partitionId: number, log: Log, flush: FlushPolicy) {
    this.partitionId = partitionId;
    this.log = log;
    this.#flush = flush;
  }

  get logStartOffset(): number {
    return this.log.logStartOffset;
  }

  get logEndOffset(): number {
    return this.log.logEndOffset;
  }

  get durableOffset(): number {
    return this.#flush === "group" ? this.log.recoveryPoint : this.log.logEndOffset;
  }

  get lastStableOffset(): number {
    return this.log.lastStableOffset(this.durableOffset);
  }

  get hasAbortedTransactions(): boolean {
    return this.log.hasAbortedTransactions;
  }

  get latestLeaderEpoch(): number {
    return this.log.latestLeaderEpoch;
  }

  get sizeBytes(): number {
    return this.log.sizeBytes;
  }

  sync(): Promise<void> {
    return this.log.sync();
  }

  trySyncNow(): boolean {
    return this.log.trySyncNow();
  }

  /** Takes the appends whose bytes are covered by the last sync. */
  takeSynced(): PendingAppend<Token>[] {
    const synced: PendingAppend<Token>[] = [];
    const waiting: PendingAppend<Token>[] = [];
    for (const append of this.unsynced) {
      (append.outcome.lastOffset < this.log.recoveryPoint ? synced : waiting).push(append);
    }
    this.unsynced = waiting;
    return synced;
  }

  takeAll(): PendingAppend<Token>[] {
    const all = [...this.unsynced, ...this.staged];
    this.unsynced = [];
    this.staged = [];
    return all;
  }
}

/** The state alone, to be kept or sent. */
export function stateOf(state: LogState): LogState {
  const { logStartOffset, logEndOffset, durableOffset, lastStableOffset } = state;
  const { hasAbortedTransactions, truncations, latestLeaderEpoch, sizeBytes } = state;
  return {
    logStartOffset,
    logEndOffset,
    durableOffset,
    lastStableOffset,
    hasAbortedTransactions,
    truncations,
    latestLeaderEpoch,
    sizeBytes,
  };
}
