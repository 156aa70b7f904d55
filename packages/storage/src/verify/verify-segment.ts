import {
  DecodeError,
  iterateRecords,
  RecordBatchView,
} from "@ottla/protocol";
import { readBatch } from "../segment/read-batch.ts";
import { LOG_SUFFIX, segmentFilePath } from "../segment/segment-files.ts";
import { readTransactionMarker } from "../state/transaction-marker.ts";
import { OffsetIndexCursor, TimeIndexCursor, TransactionIndexCheck } from "./index-cursors.ts";
import type { Findings, VerifyOptions } from "./verification.ts";

const MAX_DECOMPRESSED_BYTES = 256 * 1024 * 1024;

export interface VerifiedSegment {
  /** Offset after the last sound batch. */
  readonly endOffset: number;
  readonly batches: number;
  readonly records: number;
  /** What ended the walk before the file did. */
  readonly damage: { readonly position: number; readonly message: string } | undefined;
  readonly hasHoles: boolean;
}

export interface SegmentToVerify {
  readonly directory: string;
  readonly baseOffset: number;
  readonly sizeBytes: number;
  readonly active: boolean;
  readonly findings: Findings;
  /** Told of each sound batch, in order. */
  readonly onBatch: (view: RecordBatchView) => void;
  /** Told of bytes as they are checked; awaited, so that others get their turn. */
  readonly onBytes: (bytes: number) => Promise<void>;
}

/** Reads every batch of a segment and compares its index files with it. */
export async function verifySegment(
  segment: SegmentToVerify,
  { fileSystem, deep = false }: VerifyOptions,
): Promise<VerifiedSegment> {
  const { directory, baseOffset, findings, sizeBytes } = segment;
  const path = segmentFilePath(directory, baseOffset, LOG_SUFFIX);
  const place = { fileSystem, ...segment };
  const cursors = [new OffsetIndexCursor(place), new TimeIndexCursor(place)];
  const transactions = new TransactionIndexCheck(place);
  const found = { endOffset: baseOffset, batches: 0, records: 0, hasHoles: false };
  let damage: VerifiedSegment["damage"];
  const handle = fileSystem.openSync(path, "read");
  try {
    for (let position = 0; position < sizeBytes;) {
      const view = readBatch(handle, position, sizeBytes);
      const wrong = typeof view === "string" ? view : wrongInBatch(view, found.endOffset);
      if (typeof view === "string" || wrong !== undefined) {
        damage = { position, message: wrong ?? "unreadable" };
        break;
      }
      const { lastOffset, maxTimestamp } = view;
      found.hasHoles ||=
        view.baseOffset > found.endOffset || view.recordCount <= lastOffset - view.baseOffset;
      for (const cursor of cursors)
        cursor.visit({ position, baseOffset: view.baseOffset, lastOffset, maxTimestamp });
      if (view.isControl && isAbort(view))
        transactions.abortMarker(view.producerId, view.baseOffset);
      if (deep) verifyRecords(view, (message) => findings.damage(path, message, position));
      segment.onBatch(view);
      found.batches++;
      found.records += view.recordCount;
      found.endOffset = lastOffset + 1;
      position += view.sizeBytes;
      await segment.onBytes(view.sizeBytes);
    }
  } finally {
    handle.closeSync();
  }
  // What an index says of the damaged part cannot be judged.
  if (damage === undefined) {
    for (const cursor of cursors) cursor.end();
    transactions.end(found.endOffset);
  }
  return { ...found, damage };
}

function wrongInBatch(view: RecordBatchView, expectedOffset: number): string | undefined {
  if (!view.isCrcValid()) return "CRC of the batch does not match";
  try {
    const { baseOffset, lastOffset, recordCount } = view;
    if (baseOffset < expectedOffset)
      return `batch at offset ${baseOffset} behind offset ${expectedOffset - 1}`;
    if (lastOffset < baseOffset) return `batch of offset ${baseOffset} that ends at ${lastOffset}`;
    if (recordCount < 0 || recordCount > lastOffset - baseOffset + 1)
      return `${recordCount} records in a batch of ${lastOffset - baseOffset + 1} offsets`;
    return undefined;
  } catch (error) {
    if (error instanceof DecodeError) return error.message;
    throw error;
  }
}

function isAbort(view: RecordBatchView): boolean {
  try {
    return readTransactionMarker(view.bytes, 0)?.type === "abort";
  } catch (error) {
    // A control record of another kind.
    if (error instanceof DecodeError) return false;
    throw error;
  }
}

function verifyRecords(view: RecordBatchView, wrong: (message: string) => void): void {
  try {
    let count = 0;
    let expected = view.baseOffset;
    for (const { offset } of iterateRecords(view, {
      maxDecompressedBytes: MAX_DECOMPRESSED_BYTES,
    })) {
      if (offset < expected || offset > view.lastOffset)
        return wrong(
          `record of offset ${offset} in a batch of ${view.baseOffset} to ${view.lastOffset}`,
        );
      expected = offset + 1;
      count++;
    }
    if (count !== view.recordCount)
      wrong(`${count} records in a batch that says ${view.recordCount}`);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    wrong(`records of the batch at offset ${view.baseOffset} cannot be read: ${error.message}`);
  }
}
