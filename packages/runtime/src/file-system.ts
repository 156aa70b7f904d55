/**
 * The only way to the disk. Synchronous calls are for storage workers and for start-up; the main
 * thread uses the promises. Errors are Node's own (`code` ENOENT, EIO, ENOSPC ...).
 *
 * Durability rules that every implementation obeys, and that the crash simulation takes apart:
 * bytes written survive a power loss only after `dataSync`; a created, renamed or removed name
 * survives only after `syncDirectory` of the directory that holds it.
 */
export interface FileHandle {
  readonly path: string;
  /** Writes all chunks at a position. Returns the bytes really written; a short count is a failed write. */
  writeSync(chunks: readonly Uint8Array[], positionBytes: number): number;
  /** Reads into `target`; returns the bytes read, 0 at the end of the file. */
  readSync(target: Uint8Array, positionBytes: number): number;
  read(target: Uint8Array, positionBytes: number): Promise<number>;
  /** fdatasync. After one failure nothing about this file may be trusted beyond the last success. */
  dataSync(): Promise<void>;
  dataSyncNow(): void;
  truncateSync(sizeBytes: number): void;
  sizeBytes(): number;
  /** Idempotent. */
  closeSync(): void;
}

/** `read`: must exist. `write`: read and write, created when missing. `create`: must not exist. */
export type OpenMode = "read" | "write" | "create";

export interface FileStatus {
  readonly sizeBytes: number;
  readonly modifiedMs: number;
  readonly isDirectory: boolean;
}

export interface VolumeSpace {
  readonly freeBytes: number;
  readonly totalBytes: number;
}

export interface DirectoryLock {
  release(): void;
}

export interface FileSystem {
  openSync(path: string, mode: OpenMode): FileHandle;
  readFileSync(path: string): Uint8Array;
  existsSync(path: string): boolean;
  statSync(path: string): FileStatus;
  /** Sets the time of last change; a file that replaces another may keep its age. */
  setModifiedSync(path: string, modifiedMs: number): void;
  /** Names (not paths), sorted. */
  listSync(directory: string): string[];
  /** Creates missing parents too. */
  makeDirectorySync(path: string): void;
  renameSync(from: string, to: string): void;
  /** A missing file is not an error. */
  removeSync(path: string): void;
  remove(path: string): Promise<void>;
  /** Removes a directory and all in it; a missing one is not an error. */
  removeDirectory(path: string): Promise<void>;
  linkSync(existing: string, link: string): void;
  syncDirectory(path: string): Promise<void>;
  syncDirectoryNow(path: string): void;
  /** The volume of `path`, as far as this process may use it. */
  volumeSpace(path: string): Promise<VolumeSpace>;
  /** Takes the exclusive lock of a directory, or returns the id of the process that holds it. */
  lockDirectory(path: string): DirectoryLock | { readonly heldBy: number };
}
