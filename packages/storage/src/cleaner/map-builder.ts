import { openRecords, type RecordBatchView } from "@ottla/protocol";
import { LOG_SUFFIX, segmentFilePath } from "../segment/segment-files.ts";
import { BatchReader } from "./batch-reader.ts";
import { CleanedTransactions } from "./cleaned-transactions.ts";
import {
  NO_TRANSACTIONS,
  type BuildMapTask,
  type BuiltMap,
  type SegmentToClean,
  type TaskSeams,
} from "./cleaner-task.ts";
import { OffsetMap } from "./offset-map.ts";
import { TaskPace } from "./task-pace.ts";

/** A batch was within this bound when it was appended. */
export const MAX_DECOMPRESSED_BYTES = 256 * 1024 * 1024;

/** Notes the last offset of each key of the dirty segments; stops where the map is full. */
export async function buildOffsetMap(task: BuildMapTask, seams: TaskSeams): Promise<BuiltMap> {
  return new MapBuilder(task, seams).build();
}

class MapBuilder {
  readonly #task: BuildMapTask;
  readonly #seams: TaskSeams;
  readonly #map: OffsetMap;
  readonly #transactions: CleanedTransactions;
  readonly #pace: TaskPace;
  readonly #buffer: Uint8Array;
  #bytesRead = 0;
  #recordsRead = 0;

  constructor(task: BuildMapTask, seams: TaskSeams) {
    this.#task = task;
    this.#seams = seams;
    this.#map = new OffsetMap(task.map);
    this.#transactions = new CleanedTransactions(task.aborted, NO_TRANSACTIONS);
    this.#pace = new TaskPace(seams.clock, task.limits);
    this.#buffer = new Uint8Array(task.limits.bufferBytes);
  }

  async build(): Promise<BuiltMap> {
    for (const segment of this.#task.segments) if (!(await this.#addSegment(segment))) break;
    return {
      endOffset: this.#map.latestOffset + 1,
      bytesRead: this.#bytesRead,
      recordsRead: this.#recordsRead,
    };
  }

  /** False when the map is full. */
  async #addSegment({ baseOffset, nextBaseOffset, sizeBytes }: SegmentToClean): Promise<boolean> {
    const path = segmentFilePath(this.#task.directory, baseOffset, LOG_SUFFIX);
    const handle = this.#seams.fileSystem.openSync(path, "read");
    const reader = new BatchReader(handle, sizeBytes, this.#pace, this.#buffer);
    try {
      for (;;) {
        const view = await reader.next();
        if (view === undefined) break;
        if (!this.#addBatch(view)) return false;
        if (view.lastOffset >= this.#task.startOffset) this.#map.noteLatestOffset(view.lastOffset);
      }
      // A hole behind the last batch is covered, too.
      this.#map.noteLatestOffset(nextBaseOffset - 1);
      return true;
    } finally {
      this.#bytesRead += reader.bytesRead;
      handle.closeSync();
    }
  }

  #addBatch(view: RecordBatchView): boolean {
    if (view.isControl) {
      this.#transactions.onMarker(view);
      return true;
    }
    const count = view.recordCount;
    this.#recordsRead += count;
    // Keys of aborted records say nothing about what to keep.
    if (this.#transactions.isAborted(view) || count === 0) return true;
    if (view.lastOffset < this.#task.startOffset) return true;
    const { startOffset, maxEntries } = this.#task;
    const { baseOffset } = view;
    const cursor = openRecords(view, { maxDecompressedBytes: MAX_DECOMPRESSED_BYTES });
    for (let index = 0; index < count; index++) {
      cursor.next();
      const offset = baseOffset + cursor.offsetDelta;
      if (cursor.keyLength < 0 || offset < startOffset) continue;
      if (this.#map.size >= maxEntries) return false;
      this.#map.put(cursor.bytes, cursor.keyStart, cursor.keyLength, offset);
    }
    return true;
  }
}
