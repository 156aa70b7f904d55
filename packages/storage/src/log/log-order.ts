import { fitsFile, handOverStamp, removeSnapshot, renewStamp, type LogStamp } from "./log-stamp.ts";
import type { LogParts } from "./log-parts.ts";
import type { LogWriter } from "./log-writer.ts";
import type { UnsyncedFiles } from "./unsynced-files.ts";

/** Whether the files beside the batches are as complete as the log, and the stamp that says so. */
export class LogOrder {
  readonly #parts: LogParts;
  readonly #writer: LogWriter;
  readonly #unsynced: UnsyncedFiles;
  #stamp: LogStamp | undefined;
  /** Log end at which the last snapshot between two segments was written. */
  #settledAt: number;

  constructor(parts: LogParts, writer: LogWriter, unsynced: UnsyncedFiles) {
    this.#parts = parts;
    this.#writer = writer;
    this.#unsynced = unsynced;
    this.#stamp = parts.stamp;
    this.#settledAt = parts.logEndOffset;
  }

  /** The last stamp made; whoever uses it notices when the log was touched since. */
  get stamp(): LogStamp | undefined {
    return this.#stamp;
  }

  get settled(): boolean {
    return this.#parts.segments.active.indexesStored && this.#stamp !== undefined;
  }

  /** Writes index files and producer snapshot as of now, when they are not there yet. They count after a sync. */
  settle(logEndOffset: number): void {
    const { segments, producerState, fileSystem, directory } = this.#parts;
    if (segments.active.indexesStored) return;
    this.#writer.writeIndexes();
    this.#writer.writeSnapshot(logEndOffset, producerState.entriesBefore(logEndOffset));
    this.#unsynced.namesChanged();
    removeSnapshot(fileSystem, directory, segments, this.#settledAt, logEndOffset);
    this.#settledAt = logEndOffset;
  }

  /** The same before the log is closed, unless its stamp can say it all. `inStamp` allows that for a log that grew, too. */
  settleForEnd(logEndOffset: number, inStamp: boolean): void {
    const known = inStamp ? handOverStamp(this.#parts, logEndOffset) : this.#stamp;
    const suffices = known?.logEndOffset === logEndOffset && fitsFile(known);
    if (!suffices) this.settle(logEndOffset);
  }

  /** As of now, of a log that is synced; undefined when its files are not in order. */
  renew(logEndOffset: number): LogStamp | undefined {
    this.#stamp = renewStamp(this.#parts, this.#stamp, logEndOffset);
    return this.#stamp;
  }

  /** The last one, of a log that is synced and closes. */
  renewAtEnd(logEndOffset: number): void {
    if (this.renew(logEndOffset) !== undefined) return;
    const stamp = handOverStamp(this.#parts, logEndOffset);
    if (stamp !== undefined && fitsFile(stamp)) this.#stamp = stamp;
  }
}
