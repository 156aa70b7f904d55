import {
  addToSequence,
  DecodeError,
  iterateRecords,
  RecordBatchView,
  TimestampType,
} from "@ottla/protocol";
import type { FileSystem } from "@ottla/runtime";
import { readBatch } from "../segment/read-batch.ts";
import type { DumpedBatch, DumpEntry } from "./dump-entry.ts";

export interface DumpSegmentOptions {
  /** Also open the batches and show their records. */
  readonly deepIteration?: boolean;
  /** Stop after so many bytes of the file. */
  readonly maxBytes?: number;
}

const MAX_DECOMPRESSED_BYTES = 256 * 1024 * 1024;
const codecNames = ["NONE", "GZIP", "SNAPPY", "LZ4", "ZSTD"] as const;

export async function* dumpSegment(
  path: string,
  options: DumpSegmentOptions & { readonly fileSystem: FileSystem },
): AsyncGenerator<DumpEntry, void, undefined> {
  const handle = options.fileSystem.openSync(path, "read");
  try {
    const end = Math.min(handle.sizeBytes(), options.maxBytes ?? Number.POSITIVE_INFINITY);
    let position = 0;
    while (position < end) {
      const read = readBatch(handle, position, handle.sizeBytes());
      if (typeof read === "string") {
        yield { kind: "damage", position, message: read };
        return;
      }
      const batch = describeBatch(read, position);
      yield batch;
      if (options.deepIteration && batch.isValid) yield* dumpRecords(read, position);
      position += read.sizeBytes;
    }
  } finally {
    handle.closeSync();
  }
}

function describeBatch(view: RecordBatchView, position: number): DumpedBatch {
  return {
    kind: "batch",
    baseOffset: view.baseOffset,
    lastOffset: view.lastOffset,
    count: view.recordCount,
    baseSequence: view.baseSequence,
    lastSequence: view.lastSequence,
    producerId: view.producerId,
    producerEpoch: view.producerEpoch,
    partitionLeaderEpoch: view.partitionLeaderEpoch,
    isTransactional: view.isTransactional,
    isControl: view.isControl,
    deleteHorizonMs: view.hasDeleteHorizon ? view.baseTimestamp : undefined,
    position,
    timestampType:
      view.timestampType === TimestampType.LOG_APPEND_TIME ? "LogAppendTime" : "CreateTime",
    maxTimestamp: view.maxTimestamp,
    sizeBytes: view.sizeBytes,
    magic: view.magic,
    compression: codecNames[view.compression] ?? "UNKNOWN",
    crc: view.crc,
    isValid: view.isCrcValid(),
  };
}

function* dumpRecords(
  view: RecordBatchView,
  position: number,
): Generator<DumpEntry, void, undefined> {
  try {
    for (const record of iterateRecords(view, { maxDecompressedBytes: MAX_DECOMPRESSED_BYTES })) {
      const sequence = addToSequence(view.baseSequence, record.offset - view.baseOffset);
      yield { kind: "record", record, sequence, isControl: view.isControl };
    }
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    yield { kind: "damage", position, message: error.message };
  }
}
