import {
  batchSizeAt,
  DecodeError,
  iterateRecords,
  readControlRecord,
  RecordBatchView,
  recordCountAt,
} from "@ottla/protocol";

/** What ends a transaction of one producer. */
export interface TransactionMarker {
  readonly type: "commit" | "abort";
  readonly coordinatorEpoch: number;
}

/** Control batches are never compressed; a marker is below a hundred bytes. */
const MAX_MARKER_BYTES = 64 * 1024;

/**
 * The marker in the control batch at `at`, all of which lies in `bytes`. Undefined for control batches of other
 * kinds, and for one that the cleaner has emptied: nothing is left of its transaction.
 */
export function readTransactionMarker(
  bytes: Uint8Array,
  at: number,
): TransactionMarker | undefined {
  if (recordCountAt(bytes, at) === 0) return undefined;
  const view = new RecordBatchView(bytes.subarray(at, at + batchSizeAt(bytes, at)));
  for (const record of iterateRecords(view, { maxDecompressedBytes: MAX_MARKER_BYTES })) {
    const control = readControlRecord(record);
    return control.type === "other" ? undefined : control;
  }
  throw new DecodeError("control batch without a record", 0);
}
