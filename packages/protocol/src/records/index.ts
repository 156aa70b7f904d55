export { RecordBatchBuilder, type RecordBatchBuilderOptions } from "./batch-builder.ts";
export * from "./batch-header.ts";
export {
  buildControlBatch,
  readControlRecord,
  type ControlBatchOptions,
  type ControlRecord,
  type TransactionMarkerType,
} from "./control-record.ts";
export { murmur2, partitionForKey } from "./murmur2.ts";
export { iterateBatches, RecordBatchView } from "./record-batch.ts";
export {
  iterateRecords,
  openRecords,
  type DecompressionLimit,
  type KafkaRecord,
  type RecordHeader,
} from "./record-codec.ts";
export { RecordCursor } from "./record-cursor.ts";
export {
  buildEmptyBatch,
  buildRetainedBatch,
  retimeRecord,
  type RetainedRecords,
} from "./retained-batch.ts";
export type { RecordInput } from "./record-writer.ts";
export {
  validateRecords,
  WHOLE_BATCH,
  type RecordRules,
  type RecordsVerdict,
} from "./validate-records.ts";
