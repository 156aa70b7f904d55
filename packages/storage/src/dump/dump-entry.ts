import type { KafkaRecord } from "@ottla/protocol";

export interface DumpedBatch {
  readonly kind: "batch";
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly count: number;
  readonly baseSequence: number;
  readonly lastSequence: number;
  readonly producerId: bigint;
  readonly producerEpoch: number;
  readonly partitionLeaderEpoch: number;
  readonly isTransactional: boolean;
  readonly isControl: boolean;
  /** Undefined when the batch has none. */
  readonly deleteHorizonMs: number | undefined;
  readonly position: number;
  readonly timestampType: "CreateTime" | "LogAppendTime";
  readonly maxTimestamp: number;
  readonly sizeBytes: number;
  readonly magic: number;
  readonly compression: "NONE" | "GZIP" | "SNAPPY" | "LZ4" | "ZSTD" | "UNKNOWN";
  readonly crc: number;
  readonly isValid: boolean;
}

export interface DumpedRecord {
  readonly kind: "record";
  readonly record: KafkaRecord;
  /** -1 when the batch has no producer. */
  readonly sequence: number;
  readonly isControl: boolean;
}

export interface DumpedProducer {
  readonly kind: "producer";
  readonly producerId: bigint;
  readonly producerEpoch: number;
  readonly coordinatorEpoch: number;
  /** -1 for none. */
  readonly currentTransactionFirstOffset: number;
  readonly lastTimestamp: number;
  readonly firstSequence: number;
  readonly lastSequence: number;
  readonly lastOffset: number;
  readonly offsetDelta: number;
  /** How many batches are remembered; Kafka itself keeps only the last. */
  readonly rememberedBatches: number;
}

export type DumpEntry =
  | { readonly kind: "file"; readonly path: string; readonly baseOffset: number }
  | DumpedBatch
  | DumpedRecord
  | { readonly kind: "offset-index-entry"; readonly offset: number; readonly position: number }
  | { readonly kind: "time-index-entry"; readonly timestamp: number; readonly offset: number }
  | {
      readonly kind: "aborted-transaction";
      readonly version: number;
      readonly producerId: bigint;
      readonly firstOffset: number;
      readonly lastOffset: number;
      readonly lastStableOffset: number;
    }
  | DumpedProducer
  /** `position` is in bytes from the start of the file. */
  | { readonly kind: "damage"; readonly position: number; readonly message: string };
