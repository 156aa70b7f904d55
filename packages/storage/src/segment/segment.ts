import { batchSizeAt, lastOffsetAt, maxTimestampAt } from "@ottla/protocol";
import { invariant, type FileHandle, type FileSystem } from "@ottla/runtime";
import { StorageError } from "../log/storage-error.ts";
import { OFFSET_INDEX_ENTRY_BYTES, OffsetIndex } from "../index/offset-index.ts";
import { TIME_INDEX_ENTRY_BYTES, TimeIndex } from "../index/time-index.ts";
import { scanBatches, type ScanEnd } from "./batch-scanner.ts";
import {
  LOG_SUFFIX,
  OFFSET_INDEX_SUFFIX,
  segmentFilePath,
  TIME_INDEX_SUFFIX,
} from "./segment-files.ts";

/** Offsets relative to the base offset are 32-bit signed in Kafka's indexes. */
export const MAX_RELATIVE_OFFSET = 2 ** 31 - 1;

export interface SegmentOptions {
  readonly fileSystem: FileSystem;
  readonly directory: string;
  readonly baseOffset: number;
  readonly sizeBytes: number;
}

/** What an append changed and a failed write puts back. */
export interface SegmentMark {
  readonly sizeBytes: number;
  readonly offsetEntries: number;
  readonly timeEntries: number;
  readonly maxTimestamp: number;
  readonly offsetOfMaxTimestamp: number;
  readonly firstTimestamp: number | undefined;
  readonly bytesSinceIndexEntry: number;
}

interface Indexes {
  readonly offsets: OffsetIndex;
  readonly times: TimeIndex;
}

/**
 * One segment: the log file, the one owner of its descriptor, and its indexes. Bytes are only ever added
 * at `sizeBytes`. Indexes live in memory while the segment is active and are written when it is sealed;
 * those of older segments are read at the first look-up, and rebuilt from the log when they are damaged.
 */
export class Segment {
  readonly baseOffset: number;
  readonly path: string;
  sizeBytes: number;
  /** Greatest timestamp of the first batch, from which the age for rolling counts. */
  firstTimestamp: number | undefined;
  /** True when index files were found missing or damaged and built anew. */
  rebuilt = false;
  readonly #fileSystem: FileSystem;
  readonly #directory: string;
  #handle: FileHandle | undefined;
  #indexes: Indexes | undefined;
  #maxTimestamp = -1;
  #offsetOfMaxTimestamp = -1;
  #bytesSinceIndexEntry = 0;
  #pendingCalls = 0;
  #closing = false;

  constructor(options: SegmentOptions) {
    this.#fileSystem = options.fileSystem;
    this.#directory = options.directory;
    this.baseOffset = options.baseOffset;
    this.sizeBytes = options.sizeBytes;
    this.path = segmentFilePath(options.directory, options.baseOffset, LOG_SUFFIX);
  }

  /** Makes the empty file of a new segment; its name counts after the next directory sync. */
  static create(fileSystem: FileSystem, directory: string, baseOffset: number): Segment {
    const segment = new Segment({ fileSystem, directory, baseOffset, sizeBytes: 0 });
    const handle = fileSystem.openSync(segment.path, "write");
    segment.#handle = handle;
    // A roll that failed half-way can leave a file of this name.
    if (handle.sizeBytes() > 0) handle.truncateSync(0);
    segment.resetIndexes();
    return segment;
  }

  get handle(): FileHandle {
    this.#handle ??= this.#fileSystem.openSync(this.path, "write");
    return this.#handle;
  }

  /** -1 when the segment has no batch with a timestamp. */
  get maxTimestamp(): number {
    this.#loadIndexes();
    return this.#maxTimestamp;
  }

  get offsetOfMaxTimestamp(): number {
    this.#loadIndexes();
    return this.#offsetOfMaxTimestamp;
  }

  get offsetIndex(): OffsetIndex {
    return this.#loadIndexes().offsets;
  }

  get timeIndex(): TimeIndex {
    return this.#loadIndexes().times;
  }

  /** Whether one more index entry per pending batch could pass the limit of the index files. */
  indexesFull(maxIndexBytes: number, pendingBatches: number): boolean {
    const { offsets, times } = this.#loadIndexes();
    // The time index keeps one place for the entry that seals it.
    return (
      (offsets.entryCount + pendingBatches + 1) * OFFSET_INDEX_ENTRY_BYTES > maxIndexBytes ||
      (times.entryCount + pendingBatches + 2) * TIME_INDEX_ENTRY_BYTES > maxIndexBytes
    );
  }

  /** Writes chunks at the end. A short count is a failed write: the caller truncates to its mark. */
  write(chunks: readonly Uint8Array[], totalBytes: number): void {
    const written = this.handle.writeSync(chunks, this.sizeBytes);
    if (written !== totalBytes) {
      throw new StorageError(
        `short write: ${written} of ${totalBytes} bytes at ${this.sizeBytes}`,
        { fatal: false, path: this.path },
      );
    }
  }

  /** Takes a batch that stands in the file at `sizeBytes` into size, timestamps and indexes. */
  noteBatch(
    lastOffset: number,
    sizeBytes: number,
    maxTimestamp: number,
    indexIntervalBytes: number,
  ): void {
    this.firstTimestamp ??= maxTimestamp;
    if (maxTimestamp > this.#maxTimestamp) {
      this.#maxTimestamp = maxTimestamp;
      this.#offsetOfMaxTimestamp = lastOffset;
    }
    if (this.#bytesSinceIndexEntry > indexIntervalBytes) {
      const { offsets, times } = this.#loadIndexes();
      offsets.append(lastOffset, this.sizeBytes);
      times.appendIfGreater(this.#maxTimestamp, this.#offsetOfMaxTimestamp);
      this.#bytesSinceIndexEntry = 0;
    }
    this.#bytesSinceIndexEntry += sizeBytes;
    this.sizeBytes += sizeBytes;
  }

  mark(): SegmentMark {
    const { offsets, times } = this.#loadIndexes();
    return {
      sizeBytes: this.sizeBytes,
      offsetEntries: offsets.entryCount,
      timeEntries: times.entryCount,
      maxTimestamp: this.#maxTimestamp,
      offsetOfMaxTimestamp: this.#offsetOfMaxTimestamp,
      firstTimestamp: this.firstTimestamp,
      bytesSinceIndexEntry: this.#bytesSinceIndexEntry,
    };
  }

  /** Cuts the file and all that follows from it back to a mark. Throws when the file cannot be cut. */
  restore(mark: SegmentMark): void {
    this.sizeBytes = mark.sizeBytes;
    this.offsetIndex.truncateToCount(mark.offsetEntries);
    this.timeIndex.truncateToCount(mark.timeEntries);
    this.#maxTimestamp = mark.maxTimestamp;
    this.#offsetOfMaxTimestamp = mark.offsetOfMaxTimestamp;
    this.firstTimestamp = mark.firstTimestamp;
    this.#bytesSinceIndexEntry = mark.bytesSinceIndexEntry;
    this.handle.truncateSync(mark.sizeBytes);
  }

  /** Cuts the file at a batch boundary and builds the indexes of what stays. */
  truncateTo(position: number, indexIntervalBytes: number): void {
    this.handle.truncateSync(position);
    this.sizeBytes = position;
    this.rebuildIndexes(indexIntervalBytes);
  }

  /** Writes the trimmed index files, time index sealed. Returns their handles, to be synced and closed. */
  writeIndexes(): FileHandle[] {
    const { offsets, times } = this.#loadIndexes();
    times.appendIfGreater(this.#maxTimestamp, this.#offsetOfMaxTimestamp);
    return [
      this.#writeIndexFile(OFFSET_INDEX_SUFFIX, offsets.bytes()),
      this.#writeIndexFile(TIME_INDEX_SUFFIX, times.bytes()),
    ];
  }

  #writeIndexFile(suffix: string, bytes: Uint8Array): FileHandle {
    const path = segmentFilePath(this.#directory, this.baseOffset, suffix);
    const handle = this.#fileSystem.openSync(path, "write");
    try {
      if (handle.sizeBytes() > bytes.length) handle.truncateSync(bytes.length);
      const written = bytes.length === 0 ? 0 : handle.writeSync([bytes], 0);
      if (written !== bytes.length)
        throw new StorageError(`short write: ${written} of ${bytes.length} bytes`, {
          fatal: false,
          path,
        });
      return handle;
    } catch (error) {
      handle.closeSync();
      throw error;
    }
  }

  /** Drops indexes from memory; the files have them. */
  releaseIndexes(): void {
    this.#indexes = undefined;
  }

  resetIndexes(): void {
    this.#indexes = {
      offsets: new OffsetIndex(this.baseOffset),
      times: new TimeIndex(this.baseOffset),
    };
    this.#maxTimestamp = -1;
    this.#offsetOfMaxTimestamp = -1;
    this.#bytesSinceIndexEntry = 0;
    this.firstTimestamp = undefined;
  }

  /** Walks the segment, trusting the bodies of the batches, and builds the indexes in memory. */
  rebuildIndexes(indexIntervalBytes: number): ScanEnd {
    this.resetIndexes();
    const endPosition = this.sizeBytes;
    this.sizeBytes = 0;
    const end = scanBatches(this.handle, {
      startPosition: 0,
      endPosition,
      check: "headers",
      visit: (bytes, at, position) => {
        this.sizeBytes = position;
        this.noteBatch(
          lastOffsetAt(bytes, at),
          batchSizeAt(bytes, at),
          maxTimestampAt(bytes, at),
          indexIntervalBytes,
        );
        return undefined;
      },
    });
    this.sizeBytes = endPosition;
    this.rebuilt = true;
    return end;
  }

  #loadIndexes(): Indexes {
    return this.#indexes ?? this.#readIndexes();
  }

  #readIndexes(): Indexes {
    const offsets = OffsetIndex.parse(
      this.baseOffset,
      this.#readIndexFile(OFFSET_INDEX_SUFFIX),
      this.sizeBytes,
    );
    const times = TimeIndex.parse(this.baseOffset, this.#readIndexFile(TIME_INDEX_SUFFIX));
    // A segment with data has at least the sealing entry in its time index, unless no batch has a timestamp.
    if (
      offsets === undefined ||
      times === undefined ||
      (times.entryCount === 0 && this.sizeBytes > 0)
    ) {
      this.rebuildIndexes(DEFAULT_INDEX_INTERVAL_BYTES);
      invariant(this.#indexes !== undefined, "rebuilding leaves indexes");
      return this.#indexes;
    }
    this.#indexes = { offsets, times };
    this.#maxTimestamp = times.lastTimestamp;
    this.#offsetOfMaxTimestamp = times.entryCount === 0 ? -1 : times.offsetAt(times.entryCount - 1);
    return this.#indexes;
  }

  #readIndexFile(suffix: string): Uint8Array {
    const path = segmentFilePath(this.#directory, this.baseOffset, suffix);
    return this.#fileSystem.existsSync(path) ? this.#fileSystem.readFileSync(path) : MISSING;
  }

  /** An asynchronous positional read; the descriptor outlives it. */
  async read(target: Uint8Array, position: number): Promise<number> {
    const { handle } = this;
    this.#pendingCalls++;
    try {
      let filled = 0;
      while (filled < target.length) {
        const count = await handle.read(
          filled === 0 ? target : target.subarray(filled),
          position + filled,
        );
        if (count === 0) break;
        filled += count;
      }
      return filled;
    } finally {
      this.#endCall();
    }
  }

  async dataSync(): Promise<void> {
    const { handle } = this;
    this.#pendingCalls++;
    try {
      await handle.dataSync();
    } finally {
      this.#endCall();
    }
  }

  dataSyncNow(): void {
    this.handle.dataSyncNow();
  }

  #endCall(): void {
    this.#pendingCalls--;
    if (this.#closing && this.#pendingCalls === 0) this.#handle?.closeSync();
  }

  /** Closes the descriptor as soon as no read or sync uses it. */
  close(): void {
    this.#closing = true;
    if (this.#pendingCalls === 0) this.#handle?.closeSync();
  }
}

/** For segments whose index files were lost after they were sealed; Kafka's default. */
const DEFAULT_INDEX_INTERVAL_BYTES = 4096;
/** Not a multiple of an entry, so that a missing file is seen as damaged. */
const MISSING = new Uint8Array(1);
