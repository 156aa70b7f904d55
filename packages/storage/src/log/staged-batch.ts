/** A batch that passed validation and carries its offset, but is not yet in the file. */
export interface StagedBatch {
  readonly bytes: Uint8Array;
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly maxTimestamp: number;
  readonly leaderEpoch: number;
}
