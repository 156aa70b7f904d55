import { batchSizeAt, lastOffsetAt, maxTimestampAt } from "@ottla/protocol";
import { invariant, type FileHandle, type FileSystem } from "@ottla/runtime";
import { StorageError } from "../log/storage-error.ts";
import { OFFSET_INDEX_ENTRY_BYTES, OffsetIndex } from "../index/offset-index.ts";
import { TIME_INDEX_ENTRY_BYTES, TimeIndex } from "../index/time-index.ts";
import { scanBatches, type ScanEnd } from "./batch-scanner.ts";
import type { Releasable } from "./release-queue.ts";
import { SegmentDescriptor } from "./segment-descriptor.ts";
import { segmentResourcesOf } from "./segment-resources.ts";
import {
  LOG_SUFFIX,
  OFFSET_INDEX_SUFFIX,
  segmentFilePath,
  TIME_INDEX_SUFFIX,
} from "./segment-files.ts";

export interface SegmentOptions {
  readonly fileSystem: FileSystem;
  readonly directory: string;
  readonly baseOffset: number;
  readonly sizeBytes: number;
  /** Of a segment whose index files are known to be in order: its greatest timestamp and the offset that has it. */
  readonly sealed?: GreatestTimestamp;
  /** Of a segment that grows, what another thread knew of it. */
  readonly indexes?: IndexBytes;
}

/** The contents of the index files, which may not be written yet. */
export interface IndexBytes {
  readonly offsets: Uint8Array;
  readonly times: Uint8Array;
}

/** -1 and -1 when no batch has a timestamp. */
export interface GreatestTimestamp {
  readonly maxTimestamp: number;
  readonly offsetOfMaxTimestamp: number;
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
 * at `sizeBytes`. Indexes live in memory while the segment grows and are written when it is sealed or its log
 * is closed; such indexes are read at the first look-up, rebuilt from the log when they are damaged, and leave
 * memory again when the segments of the thread hold too many. So does the descriptor.
 */
export class Segment implements Releasable {
  readonly baseOffset: number;
  readonly path: string;
  sizeBytes: number;
  /** Greatest timestamp of the first batch, from which the age for rolling counts. */
  firstTimestamp: number | undefined;
  /** True when index files were found missing or damaged and built anew. */
  rebuilt = false;
  /** For the queue of index memory; the descriptor has its own mark. */
  recentlyUsed = false;
  readonly #fileSystem: FileSystem;
  readonly #directory: string;
  readonly #descriptor: SegmentDescriptor;
  #indexes: Indexes | undefined;
  #maxTimestamp = -1;
  #offsetOfMaxTimestamp = -1;
  #bytesSinceIndexEntry = 0;
  /** The greatest timestamp is known without the time index. */
  #timestampKnown: boolean;
  /** The index files hold what the indexes in memory do. */
  #indexesStored: boolean;

  constructor(options: SegmentOptions) {
    this.#fileSystem = options.fileSystem;
    this.#directory = options.directory;
    this.baseOffset = options.baseOffset;
    this.sizeBytes = options.sizeBytes;
    this.path = segmentFilePath(options.directory, options.baseOffset, LOG_SUFFIX);
    this.#descriptor = new SegmentDescriptor(options.fileSystem, this.path);
    this.#timestampKnown = this.#indexesStored = options.sealed !== undefined;
    this.#maxTimestamp = options.sealed?.maxTimestamp ?? -1;
    this.#offsetOfMaxTimestamp = options.sealed?.offsetOfMaxTimestamp ?? -1;
    if (options.indexes !== undefined) this.#takeIndexes(options.indexes);
  }

  /** Makes the empty file of a new segment; its name counts after the next directory sync. */
  static create(fileSystem: FileSystem, directory: string, baseOffset: number): Segment {
    const segment = new Segment({ fileSystem, directory, baseOffset, sizeBytes: 0 });
    segment.#descriptor.create();
    segment.resetIndexes();
    return segment;
  }

  #takeIndexes({ offsets, times }: IndexBytes): void {
    // From a file they may be views of a Buffer, whose slices are no copies.
    const parsed = OffsetIndex.parse(this.baseOffset, new Uint8Array(offsets), this.sizeBytes);
    const parsedTimes = TimeIndex.parse(this.baseOffset, new Uint8Array(times));
    invariant(parsed !== undefined && parsedTimes !== undefined, "indexes in memory are sound");
    this.#indexes = { offsets: parsed, times: parsedTimes };
    this.#indexesStored = false;
  }

  /** A copy, for a thread that goes on with this segment. */
  copyIndexes(): IndexBytes {
    const { offsets, times } = this.#loadIndexes();
    return { offsets: offsets.bytes().slice(), times: times.bytes().slice() };
  }

  /** To be used before another segment is opened, which may close it. Changes go through the methods below. */
  get handle(): FileHandle {
    return this.#descriptor.handle;
  }

  /** True when the index files are as complete as the log, so that a stop has nothing to write. */
  get indexesStored(): boolean {
    return this.#indexesStored;
  }

  /** For the queue of index memory: indexes that no file holds stay. */
  get inUse(): boolean {
    return !this.#indexesStored;
  }

  /** -1 when the segment has no batch with a timestamp. */
  get maxTimestamp(): number {
    if (!this.#timestampKnown) this.#loadIndexes();
    return this.#maxTimestamp;
  }

  get offsetOfMaxTimestamp(): number {
    if (!this.#timestampKnown) this.#loadIndexes();
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
    const { handle } = this;
    this.#descriptor.changed();
    const written = handle.writeSync(chunks, this.sizeBytes);
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
    if (this.#indexesStored || this.#indexes === undefined) this.#beginGrowth();
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

  /** From here on memory knows more than the index files. */
  #beginGrowth(): void {
    this.#loadIndexes();
    this.#indexesStored = false;
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
    // A roll that failed may have written index files of what is taken back here.
    this.#indexesStored = false;
    this.#truncate(mark.sizeBytes);
  }

  #truncate(sizeBytes: number): void {
    const { handle } = this;
    this.#descriptor.changed();
    handle.truncateSync(sizeBytes);
  }

  /** Cuts the file at a batch boundary and builds the indexes of what stays. */
  truncateTo(position: number, indexIntervalBytes: number): void {
    this.#truncate(position);
    this.sizeBytes = position;
    this.rebuildIndexes(indexIntervalBytes);
  }

  /** Writes the trimmed index files, time index sealed. Returns their handles, to be synced and closed. */
  writeIndexes(): FileHandle[] {
    const { offsets, times } = this.#loadIndexes();
    // What is in memory may be dropped and read again from here on.
    times.appendIfGreater(this.#maxTimestamp, this.#offsetOfMaxTimestamp);
    const offsetHandle = this.#writeIndexFile(OFFSET_INDEX_SUFFIX, offsets.bytes());
    let timeHandle: FileHandle;
    try {
      timeHandle = this.#writeIndexFile(TIME_INDEX_SUFFIX, times.bytes());
    } catch (error) {
      offsetHandle.closeSync();
      throw error;
    }
    this.#indexesStored = this.#timestampKnown = true;
    this.#holdIndexes({ offsets, times });
    return [offsetHandle, timeHandle];
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
    segmentResourcesOf(this.#fileSystem).indexBytes.remove(this);
  }

  /** Called by the queue of index memory, which forgot this segment already. */
  release(): void {
    this.#indexes = undefined;
  }

  /** Keeps indexes in memory and lets their bytes count. */
  #holdIndexes(indexes: Indexes): void {
    this.#indexes = indexes;
    const sizeBytes = indexes.offsets.bytes().length + indexes.times.bytes().length;
    segmentResourcesOf(this.#fileSystem).indexBytes.add(this, sizeBytes + INDEX_OVERHEAD_BYTES);
  }

  resetIndexes(): void {
    this.#indexes = {
      offsets: new OffsetIndex(this.baseOffset),
      times: new TimeIndex(this.baseOffset),
    };
    this.#indexesStored = false;
    this.#timestampKnown = true;
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
    this.recentlyUsed = true;
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
    const indexes = { offsets, times };
    this.#maxTimestamp = times.lastTimestamp;
    this.#offsetOfMaxTimestamp = times.entryCount === 0 ? -1 : times.offsetAt(times.entryCount - 1);
    this.#timestampKnown = this.#indexesStored = true;
    this.#holdIndexes(indexes);
    return indexes;
  }

  #readIndexFile(suffix: string): Uint8Array {
    const path = segmentFilePath(this.#directory, this.baseOffset, suffix);
    return this.#fileSystem.existsSync(path) ? this.#fileSystem.readFileSync(path) : MISSING;
  }

  /** An asynchronous positional read; the descriptor outlives it. */
  read(target: Uint8Array, position: number): Promise<number> {
    return this.#descriptor.read(target, position);
  }

  dataSync(): Promise<void> {
    return this.#descriptor.dataSync();
  }

  dataSyncNow(): void {
    this.#descriptor.dataSyncNow();
  }

  /** Closes the descriptor as soon as no read or sync uses it. */
  close(): void {
    this.releaseIndexes();
    this.#descriptor.close();
  }
}

/** The objects around the entries of a segment in memory, roughly. */
const INDEX_OVERHEAD_BYTES = 512;
/** For segments whose index files were lost after they were sealed; Kafka's default. */
const DEFAULT_INDEX_INTERVAL_BYTES = 4096;
/** Not a multiple of an entry, so that a missing file is seen as damaged. */
const MISSING = new Uint8Array(1);
