import { lastOffsetAt } from "@ottla/protocol";
import type { FileSystem } from "@ottla/runtime";
import { join } from "node:path";
import { scanBatches } from "../segment/batch-scanner.ts";
import {
  CLEANED_SUFFIX,
  DELETED_SUFFIX,
  LOG_SUFFIX,
  OFFSET_INDEX_SUFFIX,
  parseBaseOffset,
  segmentFileName,
  SEGMENT_SUFFIXES,
  SNAPSHOT_SUFFIX,
  SWAP_SUFFIX,
  TIME_INDEX_SUFFIX,
  TRANSACTION_INDEX_SUFFIX,
} from "../segment/segment-files.ts";
import { PartitionDamage } from "./partition-damage.ts";

/** What a clean writes of a segment. */
const CLEANED_PARTS = [
  OFFSET_INDEX_SUFFIX,
  TIME_INDEX_SUFFIX,
  TRANSACTION_INDEX_SUFFIX,
  LOG_SUFFIX,
] as const;

/**
 * Completes swaps of the cleaner that a crash cut off, our own (cleaner/swap-segments.ts has the steps) and those of
 * Apache Kafka. A `.swap` file says that all files of its clean were written, synced and found to fit the log. So:
 *
 * | stands with a `.swap` of the same base | state of the swap | what is done |
 * |---|---|---|
 * | `.log.cleaned` or `.log.swap` | inputs may stand | the rest becomes `.swap`, inputs go, `.swap` gets its name |
 * | neither | the new log has its name, the inputs are gone | `.swap` gets its name |
 *
 * The inputs are the segments that begin inside the range of the new log's batches; one that begins in the hole
 * behind its last batch stays uncleaned, which does no harm. A crash in here is followed by the same again.
 *
 * Returns whether there was one.
 */
export function completeSwaps(
  fileSystem: FileSystem,
  directory: string,
  names = fileSystem.listSync(directory),
): boolean {
  const bases = basesWith(names, SWAP_SUFFIX);
  if (bases.size === 0) return false;
  const pass = new SwapPass(fileSystem, directory, new Set(names));
  for (const base of bases) pass.complete(base);
  return true;
}

function basesWith(names: readonly string[], state: string): Set<number> {
  const bases = new Set<number>();
  for (const suffix of CLEANED_PARTS) {
    for (const name of names) {
      const base = parseBaseOffset(name, suffix + state);
      if (base !== undefined) bases.add(base);
    }
  }
  return bases;
}

class SwapPass {
  readonly #fileSystem: FileSystem;
  readonly #directory: string;
  readonly #names: Set<string>;

  constructor(fileSystem: FileSystem, directory: string, names: Set<string>) {
    this.#fileSystem = fileSystem;
    this.#directory = directory;
    this.#names = names;
  }

  complete(base: number): void {
    if (this.#isCutOffSplit(base)) {
      for (const suffix of CLEANED_PARTS) this.#remove(segmentFileName(base, suffix) + SWAP_SUFFIX);
      return;
    }
    for (const suffix of CLEANED_PARTS) this.#rename(base, suffix, CLEANED_SUFFIX, SWAP_SUFFIX);
    this.#sync();
    if (this.#names.has(segmentFileName(base, LOG_SUFFIX) + SWAP_SUFFIX)) {
      this.#removeInputs(base, this.#endOffsetOf(base));
      this.#sync();
    }
    for (const suffix of CLEANED_PARTS) this.#rename(base, suffix, SWAP_SUFFIX, "");
    this.#sync();
  }

  /**
   * Kafka splits a segment into two by the same means. When the lower half was not yet chosen, the upper one
   * replaces nothing (KAFKA-6264): a segment of its base never stood.
   */
  #isCutOffSplit(base: number): boolean {
    const name = segmentFileName(base, LOG_SUFFIX);
    const stood = [...this.#names].some(
      (other) => other === name || (other.startsWith(name) && other.endsWith(DELETED_SUFFIX)),
    );
    if (stood) return false;
    return [...basesWith([...this.#names], CLEANED_SUFFIX)].some((cleaned) => cleaned < base);
  }

  /** Once the input of the same base has lost its name, what stands under that base is the new segment's. */
  #removeInputs(base: number, endOffset: number): void {
    for (const name of this.#names) {
      const input = parseBaseOffset(name, LOG_SUFFIX);
      if (input === undefined || input < base) continue;
      if (input !== base && input >= endOffset) continue;
      for (const suffix of SEGMENT_SUFFIXES) {
        if (suffix === SNAPSHOT_SUFFIX && input === base) continue;
        // The log goes with the rest: the directory is synced before anything takes its name.
        this.#remove(segmentFileName(input, suffix));
      }
    }
  }

  #endOffsetOf(base: number): number {
    const path = join(this.#directory, segmentFileName(base, LOG_SUFFIX) + SWAP_SUFFIX);
    const handle = this.#fileSystem.openSync(path, "read");
    try {
      let endOffset = base;
      const end = scanBatches(handle, {
        startPosition: 0,
        endPosition: handle.sizeBytes(),
        check: "full",
        visit: (bytes, at) => {
          endOffset = lastOffsetAt(bytes, at) + 1;
          return undefined;
        },
      });
      if (end.damage !== undefined)
        throw new PartitionDamage(`${path}: ${end.damage} at byte ${end.position}`);
      return endOffset;
    } finally {
      handle.closeSync();
    }
  }

  #rename(base: number, suffix: string, from: string, to: string): void {
    const name = segmentFileName(base, suffix);
    if (!this.#names.delete(name + from)) return;
    this.#fileSystem.renameSync(
      join(this.#directory, name + from),
      join(this.#directory, name + to),
    );
    this.#names.add(name + to);
  }

  #remove(name: string): void {
    if (!this.#names.delete(name)) return;
    this.#fileSystem.removeSync(join(this.#directory, name));
  }

  #sync(): void {
    this.#fileSystem.syncDirectoryNow(this.#directory);
  }
}
