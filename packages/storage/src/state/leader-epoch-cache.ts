import type { EpochEndOffset } from "../engine/storage-engine.ts";

export interface EpochEntry {
  readonly leaderEpoch: number;
  readonly startOffset: number;
}

/** Which leader epoch wrote from which offset on. Invariant: both ascend strictly. */
export class LeaderEpochCache {
  #entries: EpochEntry[];
  /** True when the file does not show the present entries. */
  dirty = false;

  constructor(entries: readonly EpochEntry[] = []) {
    this.#entries = [...entries];
  }

  static isAscending(entries: readonly EpochEntry[]): boolean {
    return entries.every((entry, index) => {
      const previous = entries[index - 1];
      return (
        entry.leaderEpoch >= 0 &&
        entry.startOffset >= 0 &&
        (!previous ||
          (previous.leaderEpoch < entry.leaderEpoch && previous.startOffset < entry.startOffset))
      );
    });
  }

  get latestEpoch(): number {
    return this.#entries.at(-1)?.leaderEpoch ?? -1;
  }

  entries(): readonly EpochEntry[] {
    return this.#entries;
  }

  /** Whether a file with these entries, or no file, has to be written anew. */
  differsFrom(entries: readonly EpochEntry[] | undefined): boolean {
    return (
      (entries?.length ?? 0) !== this.#entries.length ||
      this.#entries.some(
        ({ leaderEpoch, startOffset }, index) =>
          entries?.[index]?.leaderEpoch !== leaderEpoch ||
          entries?.[index]?.startOffset !== startOffset,
      )
    );
  }

  /** The entries when the file does not show them; the caller writes it. */
  takeChanges(): readonly EpochEntry[] | undefined {
    if (!this.dirty) return undefined;
    this.dirty = false;
    return this.#entries;
  }

  /** Notes that a batch of this epoch stands at `startOffset`; nothing when the epoch is not newer than the latest. */
  assign(leaderEpoch: number, startOffset: number): void {
    if (leaderEpoch <= this.latestEpoch) return;
    this.truncateFromEnd(startOffset);
    this.#entries.push({ leaderEpoch, startOffset });
    this.dirty = true;
  }

  /** Drops what starts at or beyond the log's new end. */
  truncateFromEnd(endOffset: number): void {
    const kept = this.#entries.filter((entry) => entry.startOffset < endOffset);
    if (kept.length === this.#entries.length) return;
    this.#entries = kept;
    this.dirty = true;
  }

  /** Lets the epoch that holds the new log start begin there, and drops older ones. */
  truncateFromStart(logStartOffset: number): void {
    const current = this.#entries.findLastIndex((entry) => entry.startOffset <= logStartOffset);
    const holder = this.#entries[current];
    if (!holder || (current === 0 && holder.startOffset === logStartOffset)) return;
    this.#entries = [
      { leaderEpoch: holder.leaderEpoch, startOffset: logStartOffset },
      ...this.#entries.slice(current + 1),
    ];
    this.dirty = true;
  }

  epochFor(offset: number): number {
    return this.#entries.findLast((entry) => entry.startOffset <= offset)?.leaderEpoch ?? -1;
  }

  /** The largest epoch at or below the asked one and the offset where the next one starts (KIP-279). */
  endOffsetFor(leaderEpoch: number, logEndOffset: number): EpochEndOffset {
    if (leaderEpoch < 0 || leaderEpoch > this.latestEpoch)
      return { leaderEpoch: -1, endOffset: -1 };
    const index = this.#entries.findLastIndex((entry) => entry.leaderEpoch <= leaderEpoch);
    const next = this.#entries[index + 1];
    const found = this.#entries[index];
    // Older than all we know: Kafka answers the asked epoch with the first known start.
    if (!found) return { leaderEpoch, endOffset: next?.startOffset ?? -1 };
    return { leaderEpoch: found.leaderEpoch, endOffset: next?.startOffset ?? logEndOffset };
  }
}
