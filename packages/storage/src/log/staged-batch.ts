import type { AbortedTransactionEntry } from "../index/transaction-index.ts";

/** A batch that passed validation and carries its offset, but is not yet in the file. */
export interface StagedBatch {
  readonly bytes: Uint8Array;
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly maxTimestamp: number;
  readonly leaderEpoch: number;
  /** Set for the marker of an aborted transaction. */
  readonly aborted: AbortedTransactionEntry | undefined;
}
