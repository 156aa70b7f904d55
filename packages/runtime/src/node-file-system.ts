import * as fs from "node:fs";
import { join } from "node:path";
import type { DirectoryLock, FileHandle, FileStatus, FileSystem, OpenMode, VolumeSpace } from "./file-system.ts";
import { lockDirectory } from "./directory-lock.ts";

const openFlags: Record<OpenMode, number> = {
  read: fs.constants.O_RDONLY,
  write: fs.constants.O_RDWR | fs.constants.O_CREAT,
  create: fs.constants.O_RDWR | fs.constants.O_CREAT | fs.constants.O_EXCL,
};

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && (error as NodeJS.ErrnoException).code === code;
}

function isInterrupted(error: unknown): boolean {
  return hasCode(error, "EINTR");
}

class NodeFileHandle implements FileHandle {
  readonly path: string;
  readonly #descriptor: number;
  #closed = false;

  constructor(path: string, descriptor: number) {
    this.path = path;
    this.#descriptor = descriptor;
  }

  writeSync(chunks: readonly Uint8Array[], positionBytes: number): number {
    const only = chunks.length === 1 ? chunks[0] : undefined;
    // libuv itself loops over short counts and interrupted calls; a short count that arrives here
    // means that a later part of the write failed.
    if (only) return fs.writeSync(this.#descriptor, only, 0, only.length, positionBytes);
    if (chunks.length === 0) return 0;
    return fs.writevSync(this.#descriptor, chunks as Uint8Array[], positionBytes);
  }

  readSync(target: Uint8Array, positionBytes: number): number {
    for (;;) {
      try {
        return fs.readSync(this.#descriptor, target, 0, target.length, positionBytes);
      } catch (error) {
        // libuv retries interrupted calls except reads.
        if (!isInterrupted(error)) throw error;
      }
    }
  }

  async read(target: Uint8Array, positionBytes: number): Promise<number> {
    for (;;) {
      try {
        return await this.#readOnce(target, positionBytes);
      } catch (error) {
        if (!isInterrupted(error)) throw error;
      }
    }
  }

  #readOnce(target: Uint8Array, positionBytes: number): Promise<number> {
    return new Promise((resolve, reject) => {
      fs.read(this.#descriptor, target, 0, target.length, positionBytes, (error, bytesRead) =>
        error ? reject(error) : resolve(bytesRead),
      );
    });
  }

  dataSync(): Promise<void> {
    return new Promise((resolve, reject) => {
      fs.fdatasync(this.#descriptor, (error) => (error ? reject(error) : resolve()));
    });
  }

  dataSyncNow(): void {
    fs.fdatasyncSync(this.#descriptor);
  }

  truncateSync(sizeBytes: number): void {
    fs.ftruncateSync(this.#descriptor, sizeBytes);
  }

  sizeBytes(): number {
    return fs.fstatSync(this.#descriptor).size;
  }

  closeSync(): void {
    if (this.#closed) return;
    this.#closed = true;
    fs.closeSync(this.#descriptor);
  }
}

/** Windows cannot open a directory for fsync; its file system journals names itself. */
function directorySyncUnsupported(error: unknown): boolean {
  return (
    process.platform === "win32" &&
    (hasCode(error, "EPERM") || hasCode(error, "EISDIR") || hasCode(error, "EACCES"))
  );
}

/** The machine's own file system. */
export class NodeFileSystem implements FileSystem {
  openSync(path: string, mode: OpenMode): FileHandle {
    return new NodeFileHandle(path, fs.openSync(path, openFlags[mode], 0o644));
  }

  readFileSync(path: string): Uint8Array {
    return fs.readFileSync(path);
  }

  existsSync(path: string): boolean {
    return fs.existsSync(path);
  }

  statSync(path: string): FileStatus {
    const status = fs.statSync(path);
    return {
      sizeBytes: status.size,
      modifiedMs: status.mtimeMs,
      isDirectory: status.isDirectory(),
    };
  }

  setModifiedSync(path: string, modifiedMs: number): void {
    const seconds = modifiedMs / 1000;
    fs.utimesSync(path, seconds, seconds);
  }

  listSync(directory: string): string[] {
    return fs.readdirSync(directory).sort();
  }

  makeDirectorySync(path: string): void {
    fs.mkdirSync(path, { recursive: true, mode: 0o755 });
  }

  renameSync(from: string, to: string): void {
    fs.renameSync(from, to);
  }

  removeSync(path: string): void {
    fs.rmSync(path, { force: true });
  }

  async remove(path: string): Promise<void> {
    await fs.promises.rm(path, { force: true });
  }

  async removeDirectory(path: string): Promise<void> {
    await fs.promises.rm(path, { recursive: true, force: true });
  }

  linkSync(existing: string, link: string): void {
    fs.linkSync(existing, link);
  }

  async syncDirectory(path: string): Promise<void> {
    let handle: fs.promises.FileHandle | undefined;
    try {
      handle = await fs.promises.open(path, "r");
      await handle.sync();
    } catch (error) {
      if (!directorySyncUnsupported(error)) throw error;
    } finally {
      await handle?.close();
    }
  }

  syncDirectoryNow(path: string): void {
    let descriptor: number | undefined;
    try {
      descriptor = fs.openSync(path, "r");
      fs.fsyncSync(descriptor);
    } catch (error) {
      if (!directorySyncUnsupported(error)) throw error;
    } finally {
      if (descriptor !== undefined) fs.closeSync(descriptor);
    }
  }

  async volumeSpace(path: string): Promise<VolumeSpace> {
    const { bavail, blocks, bsize } = await fs.promises.statfs(path);
    return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
  }

  lockDirectory(path: string): DirectoryLock | { readonly heldBy: number } {
    return lockDirectory(join(path, ".lock"));
  }
}
