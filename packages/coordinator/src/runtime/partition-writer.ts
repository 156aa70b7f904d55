import type { RecordBatchView } from "@ottla/protocol";

/** One record of an internal topic. A null value is a tombstone. */
export interface CoordinatorRecord {
  readonly key: Uint8Array;
  readonly value: Uint8Array | null;
}

export interface AppendResult {
  /** Kafka's error code; 0 when the records are committed. */
  readonly errorCode: number;
}

/** How a coordinator writes; the broker implements it over its partitions. */
export interface PartitionWriter {
  /**
   * Appends the records as one batch to a partition of an internal topic. Resolves once they are
   * committed (below the high watermark), or with the error code that kept them from it. It never
   * rejects: a rejection is a bug of the implementation and is not caught here.
   */
  append(
    topic: string,
    partition: number,
    records: readonly CoordinatorRecord[],
  ): Promise<AppendResult>;
}

/** How a coordinator reads its state back. */
export interface PartitionLoader {
  /** Calls `onBatch` with every batch from the log start offset to the log end offset, in order. */
  load(topic: string, partition: number, onBatch: (view: RecordBatchView) => void): Promise<void>;
}
