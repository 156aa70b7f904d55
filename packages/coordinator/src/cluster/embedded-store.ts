import { invariant, type FileHandle, type FileSystem, type Logger } from "@ottla/runtime";
import {
  LOG_FILE,
  applyUpdate,
  encodeSyncedMark,
  encodeUpdates,
  loadMetadata,
  writeEmptyLog,
  writeSnapshot,
  writeWhole,
} from "./metadata-files.ts";
import { FILE_HEADER_BYTES } from "./metadata-frame.ts";
import type {
  CompareAndSet,
  CompareAndSetResult,
  MetadataEntry,
  MetadataLease,
  MetadataStore,
  MetadataUpdate,
  StoreContents,
} from "./metadata-store.ts";
import { MetadataStoreError } from "./metadata-store-error.ts";

/** The log is folded into a snapshot when it outgrows both this and the last snapshot. */
const MIN_LOG_BYTES_BEFORE_SNAPSHOT = 1024 * 1024;

export interface EmbeddedStoreOptions {
  readonly fileSystem: FileSystem;
  /** Used by this store alone; created when missing. The caller holds the lock of the data directory. */
  readonly directory: string;
  readonly logger: Logger;
  /** Fold the log into a snapshot beyond this size; smaller in tests. */
  readonly snapshotThresholdBytes?: number;
  /** Called once, when the store refuses every further change; where nobody listens it is logged as an error. */
  readonly onFailed?: ((cause: Error) => void) | undefined;
}

interface WaitingTransaction {
  readonly transaction: CompareAndSet;
  resolve(result: CompareAndSetResult): void;
  reject(error: Error): void;
}

interface CommittedTransaction {
  readonly waiting: WaitingTransaction;
  readonly update: MetadataUpdate;
}

/**
 * The metadata of a single broker: a log of transactions in the data directory and a snapshot that
 * shortens it. No other process is needed.
 *
 * Invariants:
 * - `entries` holds committed transactions only: nothing becomes visible before it is synced;
 * - one frame is in flight at a time, so a torn frame is always the last of the file;
 * - transactions that arrive during a sync share the next frame (group commit);
 * - after a failed sync, or a failed write that could not be cut off again, the store refuses every
 *   further change: what the disk holds beyond the last success is unknown.
 */
export class EmbeddedStore implements MetadataStore {
  readonly #fileSystem: FileSystem;
  readonly #directory: string;
  readonly #logger: Logger;
  readonly #onFailed: ((cause: Error) => void) | undefined;
  readonly #snapshotThresholdBytes: number;
  readonly #entries: Map<string, MetadataEntry>;
  readonly #listeners = new Set<(update: MetadataUpdate) => void>();
  readonly #leases = new Set<string>();
  #file: FileHandle;
  #revision: number;
  #logEndBytes: number;
  #snapshotBytes = 0;
  #waiting: WaitingTransaction[] = [];
  #writing: Promise<void> | undefined;
  #failure: Error | undefined;
  #closed = false;

  private constructor(
    options: EmbeddedStoreOptions,
    file: FileHandle,
    loaded: { revision: number; entries: Map<string, MetadataEntry>; logEndBytes: number },
  ) {
    this.#fileSystem = options.fileSystem;
    this.#directory = options.directory;
    this.#logger = options.logger;
    this.#onFailed = options.onFailed;
    this.#snapshotThresholdBytes = options.snapshotThresholdBytes ?? MIN_LOG_BYTES_BEFORE_SNAPSHOT;
    this.#file = file;
    this.#entries = loaded.entries;
    this.#revision = loaded.revision;
    this.#logEndBytes = loaded.logEndBytes;
  }

  static async open(options: EmbeddedStoreOptions): Promise<EmbeddedStore> {
    const { fileSystem, directory, logger } = options;
    const loaded = await loadMetadata(fileSystem, directory, logger);
    const file = fileSystem.openSync(`${directory}/${LOG_FILE}`, "write");
    return new EmbeddedStore(options, file, loaded);
  }

  read(): Promise<StoreContents> {
    return Promise.resolve({ revision: this.#revision, entries: new Map(this.#entries) });
  }

  compareAndSet(transaction: CompareAndSet): Promise<CompareAndSetResult> {
    if (this.#failure) return Promise.reject(this.#failure);
    if (this.#closed) return Promise.reject(new MetadataStoreError("the metadata store is closed"));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ transaction, resolve, reject });
      this.#writing ??= this.#writeAll();
    });
  }

  /** Only the present is kept: a single process that missed updates reads again. */
  watch(fromRevision: number, listener: (update: MetadataUpdate) => void): () => void {
    invariant(fromRevision === this.#revision, "watch starts at the revision that was just read");
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The directory lock already excludes other processes, so a lease is lost only by `release`. */
  lease(name: string): Promise<MetadataLease | undefined> {
    if (this.#leases.has(name)) return Promise.resolve(undefined);
    this.#leases.add(name);
    let held = true;
    return Promise.resolve({
      name,
      get held() {
        return held;
      },
      release: () => {
        if (held) this.#leases.delete(name);
        held = false;
        return Promise.resolve();
      },
    });
  }

  /** Writes the committed state into another directory, from which a store can be opened; durable when it resolves. */
  async exportTo(directory: string): Promise<void> {
    this.#fileSystem.makeDirectorySync(directory);
    await writeSnapshot(this.#fileSystem, directory, this.#revision, this.#entries);
    await writeEmptyLog(this.#fileSystem, directory);
  }

  /** Writes what was accepted, then closes. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true;
    while (this.#writing) await this.#writing;
    this.#listeners.clear();
    this.#file.closeSync();
  }

  /** Starts a turn later, so that transactions of one tick share a frame. Never rejects. */
  async #writeAll(): Promise<void> {
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const group = this.#waiting;
      this.#waiting = [];
      const committed = this.#decide(group);
      if (committed.length > 0) await this.#commit(committed);
    }
    this.#writing = undefined;
  }

  /** Checks expectations in order of arrival, against the state with the earlier ones of the group applied. */
  #decide(group: readonly WaitingTransaction[]): CommittedTransaction[] {
    const changedAt = new Map<string, number>();
    const committed: CommittedTransaction[] = [];
    let revision = this.#revision;
    for (const waiting of group) {
      const { expect, changes } = waiting.transaction;
      const conflict = expect.find(
        ({ key, revision: expected }) =>
          (changedAt.get(key) ?? this.#entries.get(key)?.revision ?? 0) !== expected,
      );
      if (conflict) {
        waiting.resolve({ ok: false, conflictKey: conflict.key });
        continue;
      }
      revision++;
      for (const { key, value } of changes) changedAt.set(key, value === undefined ? 0 : revision);
      committed.push({ waiting, update: { revision, changes } });
    }
    return committed;
  }

  async #commit(committed: readonly CommittedTransaction[]): Promise<void> {
    const updates = committed.map(({ update }) => update);
    try {
      await this.#append(updates);
    } catch (error) {
      const cause = error instanceof Error ? error : new Error(String(error));
      for (const { waiting } of committed) waiting.reject(cause);
      if (this.#failure) this.#rejectWaiting(this.#failure);
      return;
    }
    for (const { update } of committed) {
      invariant(update.revision === this.#revision + 1, "revisions are dense");
      this.#revision = update.revision;
      applyUpdate(this.#entries, update);
      for (const listener of this.#listeners) listener(update);
    }
    for (const { waiting, update } of committed) {
      waiting.resolve({ ok: true, revision: update.revision });
    }
    await this.#foldLogIfLarge();
  }

  async #append(updates: readonly MetadataUpdate[]): Promise<void> {
    if (this.#failure) throw this.#failure;
    let writtenBytes: number;
    try {
      writtenBytes = writeWhole(this.#file, encodeUpdates(updates), this.#logEndBytes);
    } catch (error) {
      this.#cutFailedWrite(error);
      throw new MetadataStoreError(`cannot write ${this.#file.path}: ${reason(error)}`, {
        cause: error,
      });
    }
    try {
      await this.#file.dataSync();
    } catch (error) {
      throw this.#fail(`cannot sync ${this.#file.path}: ${reason(error)}`, error);
    }
    this.#logEndBytes += writtenBytes;
    this.#markSynced();
  }

  /** Helps to tell damage from a torn write at the next start; nothing depends on its arrival. */
  #markSynced(): void {
    try {
      writeWhole(this.#file, encodeSyncedMark(), this.#logEndBytes);
    } catch (error) {
      this.#logger.warn("cannot mark the metadata log as synced", { reason: reason(error) });
    }
  }

  /** Part of a frame may have reached the file; it must not stand in front of the next one. */
  #cutFailedWrite(cause: unknown): void {
    try {
      this.#file.truncateSync(this.#logEndBytes);
    } catch {
      this.#fail(`cannot write ${this.#file.path}, nor undo the write: ${reason(cause)}`, cause);
    }
  }

  #fail(message: string, cause: unknown): Error {
    this.#failure = new MetadataStoreError(
      `${message}; metadata is read-only until the disk is repaired and the broker restarted`,
      { cause },
    );
    if (this.#onFailed) this.#onFailed(new MetadataStoreError(message, { cause }));
    else this.#logger.error(this.#failure.message);
    return this.#failure;
  }

  #rejectWaiting(error: Error): void {
    for (const { reject } of this.#waiting) reject(error);
    this.#waiting = [];
  }

  /** A failure here loses nothing that was acknowledged, but leaves the files in an unknown state: stop. */
  async #foldLogIfLarge(): Promise<void> {
    const threshold = Math.max(this.#snapshotThresholdBytes, this.#snapshotBytes);
    if (this.#logEndBytes - FILE_HEADER_BYTES <= threshold) return;
    const { path } = this.#file;
    try {
      this.#snapshotBytes = await writeSnapshot(
        this.#fileSystem,
        this.#directory,
        this.#revision,
        this.#entries,
      );
      await writeEmptyLog(this.#fileSystem, this.#directory);
      this.#file.closeSync();
      this.#file = this.#fileSystem.openSync(path, "write");
      this.#logEndBytes = FILE_HEADER_BYTES;
    } catch (error) {
      const failure = this.#fail(`cannot write a metadata snapshot: ${reason(error)}`, error);
      this.#rejectWaiting(failure);
    }
  }
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
