import { lastOffsetAt, maxTimestampAt } from "@ottla/protocol";
import { LOG_SUFFIX, segmentFilePath, TRANSACTION_INDEX_SUFFIX } from "../segment/segment-files.ts";
import { TransactionIndex, type AbortedTransactionEntry } from "../index/transaction-index.ts";
import { BatchFilter } from "./batch-filter.ts";
import { BatchReader } from "./batch-reader.ts";
import { CleanedSegment } from "./cleaned-segment.ts";
import { CleanedTransactions } from "./cleaned-transactions.ts";
import type { CleanedGroup, CleanGroupTask, SegmentToClean, TaskSeams } from "./cleaner-task.ts";
import { OffsetMap } from "./offset-map.ts";
import { TaskPace } from "./task-pace.ts";

/** Writes the `.cleaned` files of one segment that can stand in place of the group, synced. Leaves none when it fails. */
export async function cleanGroup(task: CleanGroupTask, seams: TaskSeams): Promise<CleanedGroup> {
  return new GroupCleaner(task, seams).clean();
}

class GroupCleaner {
  readonly #task: CleanGroupTask;
  readonly #seams: TaskSeams;
  readonly #pace: TaskPace;
  readonly #transactions: CleanedTransactions;
  readonly #filter: BatchFilter;
  readonly #aborted: AbortedTransactionEntry[] = [];
  readonly #readBuffer: Uint8Array;
  #bytesRead = 0;

  constructor(task: CleanGroupTask, seams: TaskSeams) {
    this.#task = task;
    this.#seams = seams;
    this.#pace = new TaskPace(seams.clock, task.limits);
    this.#transactions = new CleanedTransactions(task.aborted, task.transactions);
    this.#readBuffer = new Uint8Array(task.limits.bufferBytes);
    this.#filter = new BatchFilter({
      map: new OffsetMap(task.map),
      transactions: this.#transactions,
      producers: new Map(task.producers.map((last) => [last.producerId, last])),
      upperBoundOffset: task.upperBoundOffset,
      nowMs: task.nowMs,
      deleteRetentionMs: task.deleteRetentionMs,
      onAborted: (range) => this.#aborted.push(range),
    });
  }

  async clean(): Promise<CleanedGroup> {
    const { directory, segments, indexIntervalBytes, limits } = this.#task;
    const baseOffset = segments[0]!.baseOffset;
    const cleaned = new CleanedSegment({
      fileSystem: this.#seams.fileSystem,
      directory,
      baseOffset,
      indexIntervalBytes,
      bufferBytes: limits.bufferBytes,
      pace: this.#pace,
    });
    try {
      for (const segment of segments) await this.#cleanSegment(segment, cleaned);
      // An empty index overrules old ones that a crash in the swap leaves behind: an entry whose marker is gone would
      // hide what the producer wrote later.
      const hasTransactionIndex = this.#aborted.length > 0 || this.#hadTransactionIndex();
      const { sizeBytes, maxTimestamp, offsetOfMaxTimestamp } = cleaned;
      await cleaned.finish(
        hasTransactionIndex ? new TransactionIndex(this.#aborted).bytes() : undefined,
        this.#modifiedMs(),
      );
      const { recordsRead, recordsKept, recordsWithoutKey } = this.#filter;
      const records = { recordsRead, recordsKept, recordsWithoutKey };
      const bytes = { bytesRead: this.#bytesRead, bytesWritten: sizeBytes };
      const transactions = this.#transactions.state();
      const timestamps = { maxTimestamp, offsetOfMaxTimestamp };
      return { baseOffset, sizeBytes, ...timestamps, transactions, ...bytes, ...records };
    } catch (error) {
      cleaned.abandon();
      throw error;
    }
  }

  async #cleanSegment(
    { baseOffset, sizeBytes }: SegmentToClean,
    cleaned: CleanedSegment,
  ): Promise<void> {
    const handle = this.#seams.fileSystem.openSync(this.#path(baseOffset, LOG_SUFFIX), "read");
    const reader = new BatchReader(handle, sizeBytes, this.#pace, this.#readBuffer);
    try {
      for (;;) {
        const view = await reader.next();
        if (view === undefined) return;
        const bytes = this.#filter.filter(view);
        if (bytes !== undefined)
          await cleaned.append(bytes, lastOffsetAt(bytes, 0), maxTimestampAt(bytes, 0));
      }
    } finally {
      this.#bytesRead += reader.bytesRead;
      handle.closeSync();
    }
  }

  #path(baseOffset: number, suffix: string): string {
    return segmentFilePath(this.#task.directory, baseOffset, suffix);
  }

  #hadTransactionIndex(): boolean {
    const { fileSystem } = this.#seams;
    return this.#task.segments.some(({ baseOffset }) => {
      const path = this.#path(baseOffset, TRANSACTION_INDEX_SUFFIX);
      return fileSystem.existsSync(path) && fileSystem.statSync(path).sizeBytes > 0;
    });
  }

  /** Of the newest input, by which records without timestamps age. */
  #modifiedMs(): number {
    const last = this.#task.segments.at(-1)!;
    return this.#seams.fileSystem.statSync(this.#path(last.baseOffset, LOG_SUFFIX)).modifiedMs;
  }
}
