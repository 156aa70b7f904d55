import type { FileHandle, FileSystem } from "@ottla/runtime";
import { StorageError } from "../log/storage-error.ts";
import type { Releasable } from "./release-queue.ts";
import { segmentResourcesOf } from "./segment-resources.ts";

/**
 * The one descriptor of a log file: opened at the first use, given back when too many are open, opened again at
 * the next use. Never given back under a call, nor between a write and its sync: the sync has to go through the
 * descriptor that would report the failed write.
 */
export class SegmentDescriptor implements Releasable {
  recentlyUsed = false;
  readonly #fileSystem: FileSystem;
  readonly #path: string;
  #handle: FileHandle | undefined;
  #pendingCalls = 0;
  #closing = false;
  /** Counts changes; equal to `#syncedChanges` when all of them are synced. */
  #changes = 0;
  #syncedChanges = 0;

  constructor(fileSystem: FileSystem, path: string) {
    this.#fileSystem = fileSystem;
    this.#path = path;
  }

  get inUse(): boolean {
    return this.#pendingCalls > 0 || this.#changes !== this.#syncedChanges;
  }

  /** To be used before the caller opens another segment. */
  get handle(): FileHandle {
    this.recentlyUsed = true;
    return this.#handle ?? this.#open("existing");
  }

  /** Opens the file of a new segment, emptied when a roll that failed half-way left one. */
  create(): void {
    const handle = this.#open("new");
    this.changed();
    if (handle.sizeBytes() > 0) handle.truncateSync(0);
  }

  #open(file: "existing" | "new"): FileHandle {
    if (this.#closing)
      throw new StorageError("the segment is closed", { fatal: false, path: this.#path });
    // Opening for writing would make an empty file in the place of one that is gone.
    if (file === "existing" && !this.#fileSystem.existsSync(this.#path))
      throw new StorageError("the segment's file is gone", { fatal: false, path: this.#path });
    this.#handle = this.#fileSystem.openSync(this.#path, "write");
    segmentResourcesOf(this.#fileSystem).descriptors.add(this, 1);
    return this.#handle;
  }

  /** To be called before each change of the file. */
  changed(): void {
    this.#changes++;
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
    const changes = this.#changes;
    this.#pendingCalls++;
    try {
      await handle.dataSync();
      this.#syncedChanges = changes;
    } finally {
      this.#endCall();
    }
  }

  dataSyncNow(): void {
    const changes = this.#changes;
    this.handle.dataSyncNow();
    this.#syncedChanges = changes;
  }

  #endCall(): void {
    this.#pendingCalls--;
    if (this.#closing && this.#pendingCalls === 0) this.release();
  }

  /** Called by the queue, which forgot this entry already. */
  release(): void {
    this.#handle?.closeSync();
    this.#handle = undefined;
  }

  /** For good, as soon as no read or sync uses it. */
  close(): void {
    this.#closing = true;
    segmentResourcesOf(this.#fileSystem).descriptors.remove(this);
    if (this.#pendingCalls === 0) this.release();
  }
}
