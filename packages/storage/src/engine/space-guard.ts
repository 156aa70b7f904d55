import type { FileSystem, Logger } from "@ottla/runtime";

const GIBIBYTE = 1024 ** 3;

/** Kept free for what must go on when clients may not write: offset commits, metadata, deletion, checkpoints. */
const RESERVE_BYTES_MAX = GIBIBYTE;
const RESERVE_SHARE = 0.05;

/** How often the volume is asked; what was appended since is counted in between. */
export const SPACE_CHECK_INTERVAL_MS = 1_000;

/**
 * Watches the free space of the log directory's volume. Below the reserve (5 % of the volume or
 * 1 GiB, whichever is smaller) clients may not append; space that comes back is noticed by the next
 * check, without a restart.
 */
export class SpaceGuard {
  readonly #fileSystem: FileSystem;
  readonly #directory: string;
  readonly #logger: Logger;
  #reserveBytes = 0;
  #totalBytes = -1;
  #freeBytes = Number.POSITIVE_INFINITY;
  #appendedBytes = 0;
  #wasLow = false;

  constructor(options: {
    readonly fileSystem: FileSystem;
    readonly directory: string;
    readonly logger: Logger;
  }) {
    this.#fileSystem = options.fileSystem;
    this.#directory = options.directory;
    this.#logger = options.logger;
  }

  /** The volume as of the last check; what was appended since counts as used. */
  get volume(): { readonly totalBytes: number; readonly usableBytes: number } {
    if (this.#totalBytes < 0) return { totalBytes: -1, usableBytes: -1 };
    return {
      totalBytes: this.#totalBytes,
      usableBytes: Math.max(0, this.#freeBytes - this.#appendedBytes),
    };
  }

  /** Counts an append, and tells whether it may happen. */
  admits(lengthBytes: number): boolean {
    if (this.#freeBytes - this.#appendedBytes - lengthBytes < this.#reserveBytes) return false;
    this.#appendedBytes += lengthBytes;
    return true;
  }

  /** Asks the volume anew. */
  async check(): Promise<void> {
    const countedBefore = this.#appendedBytes;
    const { freeBytes, totalBytes } = await this.#fileSystem.volumeSpace(this.#directory);
    this.#totalBytes = totalBytes;
    this.#reserveBytes = Math.min(RESERVE_BYTES_MAX, totalBytes * RESERVE_SHARE);
    this.#freeBytes = freeBytes;
    // What came in while the volume was asked may not be in its answer yet.
    this.#appendedBytes -= countedBefore;
    const isLow = freeBytes < this.#reserveBytes;
    if (isLow === this.#wasLow) return;
    this.#wasLow = isLow;
    const fields = {
      directory: this.#directory,
      freeBytes,
      reserveBytes: Math.round(this.#reserveBytes),
    };
    if (isLow)
      this.#logger.error(
        "the disk is nearly full: produce requests are refused until space is free again",
        fields,
      );
    else this.#logger.info("there is space again: produce requests are accepted", fields);
  }
}
