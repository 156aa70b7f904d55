import type { FileHandle, FileSystem } from "@ottla/runtime";

/** A segment or an open file. */
export interface Syncable {
  dataSync(): Promise<void>;
  dataSyncNow(): void;
}

/**
 * What a log has changed on disk since its last sync: descriptors that need fdatasync, of which some are
 * closed afterwards, and whether names in its directory changed. Files are synced first and names last,
 * so that a name never survives without its content.
 */
export class UnsyncedFiles {
  #open = new Set<Syncable>();
  #toClose: FileHandle[] = [];
  #namesChanged = false;

  get any(): boolean {
    return this.#open.size > 0 || this.#toClose.length > 0 || this.#namesChanged;
  }

  /** One fdatasync of one open file makes all of it durable. */
  get isOneFile(): boolean {
    return this.#open.size === 1 && this.#toClose.length === 0 && !this.#namesChanged;
  }

  add(file: Syncable): void {
    this.#open.add(file);
  }

  /** A file that nobody uses after the sync, such as a written index. */
  addAndClose(handle: FileHandle): void {
    this.#toClose.push(handle);
  }

  namesChanged(): void {
    this.#namesChanged = true;
  }

  /** A mark for `dropSince`. */
  get closingCount(): number {
    return this.#toClose.length;
  }

  /** Forgets and closes the files that were added to be closed since the mark; their content no longer counts. */
  dropSince(closingCount: number): void {
    for (const handle of this.#toClose.splice(closingCount)) handle.closeSync();
  }

  drop(file: Syncable): void {
    this.#open.delete(file);
  }

  async sync(fileSystem: FileSystem, directory: string): Promise<void> {
    const { open, toClose, namesChanged } = this.#take();
    try {
      const [only] = open;
      if (open.length === 1 && toClose.length === 0 && only) await only.dataSync();
      else await syncAll([...open, ...toClose]);
      if (namesChanged) await fileSystem.syncDirectory(directory);
    } finally {
      for (const handle of toClose) handle.closeSync();
    }
  }

  syncNow(fileSystem: FileSystem, directory: string): void {
    const { open, toClose, namesChanged } = this.#take();
    try {
      for (const file of open) file.dataSyncNow();
      for (const handle of toClose) handle.dataSyncNow();
      if (namesChanged) fileSystem.syncDirectoryNow(directory);
    } finally {
      for (const handle of toClose) handle.closeSync();
    }
  }

  #take(): { open: Syncable[]; toClose: FileHandle[]; namesChanged: boolean } {
    const taken = {
      open: [...this.#open],
      toClose: this.#toClose,
      namesChanged: this.#namesChanged,
    };
    this.#open.clear();
    this.#toClose = [];
    this.#namesChanged = false;
    return taken;
  }
}

/** In parallel. Waits for all of them even when one fails: no descriptor may be closed under a running sync. */
async function syncAll(files: readonly Syncable[]): Promise<void> {
  const results = await Promise.allSettled(files.map((file) => file.dataSync()));
  for (const result of results) if (result.status === "rejected") throw result.reason;
}
