import { invariant, type FileHandle, type FileSystem } from "@ottla/runtime";
import { OffsetIndex } from "../index/offset-index.ts";
import { TimeIndex } from "../index/time-index.ts";
import { StorageError } from "../log/storage-error.ts";
import {
  CLEANED_SUFFIX,
  LOG_SUFFIX,
  OFFSET_INDEX_SUFFIX,
  segmentFilePath,
  TIME_INDEX_SUFFIX,
  TRANSACTION_INDEX_SUFFIX,
} from "../segment/segment-files.ts";
import type { TaskPace } from "./task-pace.ts";

/** Positions in the offset index are 32-bit signed in Kafka. */
const SEGMENT_BYTES_MAX = 2 ** 31 - 1;

/** The suffixes of the files that a clean writes, before `.cleaned`. */
export const CLEANED_FILE_SUFFIXES = [
  OFFSET_INDEX_SUFFIX,
  TIME_INDEX_SUFFIX,
  TRANSACTION_INDEX_SUFFIX,
  LOG_SUFFIX,
] as const;

export interface CleanedSegmentOptions {
  readonly fileSystem: FileSystem;
  readonly directory: string;
  readonly baseOffset: number;
  readonly indexIntervalBytes: number;
  readonly bufferBytes: number;
  readonly pace: TaskPace;
}

/** The `.cleaned` files of one new segment: written once from front to end, then synced. */
export class CleanedSegment {
  readonly #options: CleanedSegmentOptions;
  readonly #handle: FileHandle;
  readonly #offsets: OffsetIndex;
  readonly #times: TimeIndex;
  readonly #buffer: Uint8Array;
  #buffered = 0;
  #written = 0;
  #bytesSinceIndexEntry = 0;
  #maxTimestamp = -1;
  #offsetOfMaxTimestamp = -1;

  constructor(options: CleanedSegmentOptions) {
    this.#options = options;
    const { fileSystem, directory, baseOffset, bufferBytes } = options;
    removeCleanedFiles(fileSystem, directory, baseOffset);
    this.#handle = fileSystem.openSync(this.#path(LOG_SUFFIX), "create");
    this.#offsets = new OffsetIndex(baseOffset);
    this.#times = new TimeIndex(baseOffset);
    this.#buffer = new Uint8Array(bufferBytes);
  }

  get sizeBytes(): number {
    return this.#written + this.#buffered;
  }

  /** -1 when nothing in it has a timestamp. */
  get maxTimestamp(): number {
    return this.#maxTimestamp;
  }

  get offsetOfMaxTimestamp(): number {
    return this.#offsetOfMaxTimestamp;
  }

  #path(suffix: string): string {
    const { directory, baseOffset } = this.#options;
    return segmentFilePath(directory, baseOffset, suffix) + CLEANED_SUFFIX;
  }

  /** Copies the batch, so that its memory may be used again. */
  async append(batch: Uint8Array, lastOffset: number, maxTimestamp: number): Promise<void> {
    if (maxTimestamp > this.#maxTimestamp) {
      this.#maxTimestamp = maxTimestamp;
      this.#offsetOfMaxTimestamp = lastOffset;
    }
    if (this.#bytesSinceIndexEntry > this.#options.indexIntervalBytes) {
      this.#offsets.append(lastOffset, this.sizeBytes);
      this.#times.appendIfGreater(this.#maxTimestamp, this.#offsetOfMaxTimestamp);
      this.#bytesSinceIndexEntry = 0;
    }
    this.#bytesSinceIndexEntry += batch.length;
    if (this.sizeBytes + batch.length > SEGMENT_BYTES_MAX)
      throw new StorageError("a cleaned segment would pass 2 GiB", {
        fatal: false,
        path: this.#handle.path,
      });
    if (this.#buffered + batch.length > this.#buffer.length) await this.#flush();
    if (batch.length > this.#buffer.length) {
      await this.#write(batch);
      return;
    }
    this.#buffer.set(batch, this.#buffered);
    this.#buffered += batch.length;
  }

  async #flush(): Promise<void> {
    const { length } = this.#buffer.subarray(0, this.#buffered);
    this.#buffered = 0;
    if (length > 0) await this.#write(this.#buffer.subarray(0, length));
  }

  async #write(bytes: Uint8Array): Promise<void> {
    const position = this.#written;
    writeFully(this.#handle, bytes, position);
    this.#written += bytes.length;
    await this.#options.pace.noteBytes(bytes.length);
  }

  /** Writes the indexes, syncs every file, and gives all of them the age of what they replace. */
  async finish(transactionIndex: Uint8Array | undefined, modifiedMs: number): Promise<void> {
    await this.#flush();
    invariant(this.#buffered === 0, "everything is written before it is synced");
    this.#times.appendIfGreater(this.#maxTimestamp, this.#offsetOfMaxTimestamp);
    const handles = [this.#handle];
    try {
      handles.push(this.#writeFile(OFFSET_INDEX_SUFFIX, this.#offsets.bytes()));
      handles.push(this.#writeFile(TIME_INDEX_SUFFIX, this.#times.bytes()));
      if (transactionIndex !== undefined)
        handles.push(this.#writeFile(TRANSACTION_INDEX_SUFFIX, transactionIndex));
      for (const handle of handles) await handle.dataSync();
    } finally {
      for (const handle of handles) handle.closeSync();
    }
    for (const { path } of handles) this.#options.fileSystem.setModifiedSync(path, modifiedMs);
  }

  #writeFile(suffix: string, bytes: Uint8Array): FileHandle {
    const handle = this.#options.fileSystem.openSync(this.#path(suffix), "create");
    try {
      writeFully(handle, bytes, 0);
      return handle;
    } catch (error) {
      handle.closeSync();
      throw error;
    }
  }

  /** Takes back what was written. */
  abandon(): void {
    this.#handle.closeSync();
    const { fileSystem, directory, baseOffset } = this.#options;
    removeCleanedFiles(fileSystem, directory, baseOffset);
  }
}

export function removeCleanedFiles(
  fileSystem: FileSystem,
  directory: string,
  baseOffset: number,
): void {
  for (const suffix of CLEANED_FILE_SUFFIXES)
    fileSystem.removeSync(segmentFilePath(directory, baseOffset, suffix) + CLEANED_SUFFIX);
}

function writeFully(handle: FileHandle, bytes: Uint8Array, position: number): void {
  if (bytes.length === 0) return;
  const written = handle.writeSync([bytes], position);
  if (written !== bytes.length)
    throw new StorageError(`short write: ${written} of ${bytes.length} bytes at ${position}`, {
      fatal: false,
      path: handle.path,
    });
}
