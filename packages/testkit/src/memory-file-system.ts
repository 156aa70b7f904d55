import type {
  DirectoryLock,
  FileHandle,
  FileStatus,
  FileSystem,
  OpenMode,
  VolumeSpace,
} from "@ottla/runtime";
import type { DiskOperation } from "./disk-operation.ts";
import { FaultPlan, systemError, type FaultyCall } from "./faults.ts";
import { MemoryDisk, type DirectoryNode, type FileNode } from "./memory-disk.ts";

export interface MemoryFileSystemOptions {
  /** Writes beyond it fail with ENOSPC. */
  readonly capacityBytes?: number;
  readonly nowMs?: () => number;
  /** Content to start from; see `buildCrashState`. */
  readonly disk?: MemoryDisk;
  /** Awaited by every asynchronous sync after it was called and before it counts: how long the disk takes. */
  readonly syncDelay?: () => Promise<void>;
}

/**
 * A file system in memory that obeys the durability rules of `FileSystem` and keeps a trace of all that was
 * asked of it, from which the states after a power loss are built. Calls can be made to fail by plan.
 */
export class MemoryFileSystem implements FileSystem {
  readonly disk: MemoryDisk;
  readonly faults = new FaultPlan();
  capacityBytes: number;
  openHandles = 0;
  readonly syncDelay: () => Promise<void>;
  readonly #locked = new Set<string>();

  constructor(options: MemoryFileSystemOptions = {}) {
    this.disk = options.disk ?? new MemoryDisk();
    this.capacityBytes = options.capacityBytes ?? Number.POSITIVE_INFINITY;
    this.disk.nowMs = options.nowMs ?? (() => 0);
    this.syncDelay = options.syncDelay ?? (() => Promise.resolve());
  }

  get trace(): readonly DiskOperation[] {
    return this.disk.trace;
  }

  /** Throws when the plan wants this call to fail. */
  enter(call: FaultyCall, path: string): void {
    const hit = this.faults.check(call, path);
    if (hit) throw systemError(hit.code, call, path);
  }

  openSync(path: string, mode: OpenMode): FileHandle {
    this.enter("open", path);
    const node = this.disk.find(path);
    if (node?.kind === "directory") throw systemError("EISDIR", "open", path);
    if (node && mode === "create") throw systemError("EEXIST", "open", path);
    if (!node && mode === "read") throw systemError("ENOENT", "open", path);
    this.openHandles++;
    return new MemoryFileHandle(this, path, node ?? this.disk.createFile(path));
  }

  readFileSync(path: string): Uint8Array {
    this.enter("read", path);
    const file = this.#file(path);
    return file.content.slice(0, file.sizeBytes);
  }

  existsSync(path: string): boolean {
    return this.disk.find(path) !== undefined;
  }

  statSync(path: string): FileStatus {
    this.enter("stat", path);
    const node = this.disk.find(path);
    if (!node) throw systemError("ENOENT", "stat", path);
    if (node.kind === "directory")
      return { sizeBytes: 0, modifiedMs: node.modifiedMs, isDirectory: true };
    return { sizeBytes: node.sizeBytes, modifiedMs: node.modifiedMs, isDirectory: false };
  }

  setModifiedSync(path: string, modifiedMs: number): void {
    this.enter("stat", path);
    this.#file(path).modifiedMs = modifiedMs;
  }

  listSync(directory: string): string[] {
    this.enter("list", directory);
    return [...this.disk.directory(directory).names.keys()].sort();
  }

  makeDirectorySync(path: string): void {
    this.enter("makeDirectory", path);
    let prefix = "";
    for (const part of path.split("/").filter((name) => name !== "")) {
      prefix += `/${part}`;
      const node = this.disk.find(prefix);
      if (node?.kind === "file") throw systemError("EEXIST", "mkdir", prefix);
      if (!node) this.disk.createDirectory(prefix);
    }
  }

  renameSync(from: string, to: string): void {
    this.enter("rename", from);
    const node = this.disk.find(from);
    if (!node) throw systemError("ENOENT", "rename", from);
    const source = this.disk.parentOf(from);
    const target = this.disk.parentOf(to);
    this.disk.setNames([
      { directory: source.parent, name: source.name, node: undefined },
      { directory: target.parent, name: target.name, node },
    ]);
  }

  linkSync(existing: string, link: string): void {
    this.enter("link", link);
    const node = this.#file(existing);
    const { parent, name } = this.disk.parentOf(link);
    if (parent.names.has(name)) throw systemError("EEXIST", "link", link);
    this.disk.setNames([{ directory: parent, name, node }]);
  }

  removeSync(path: string): void {
    this.enter("remove", path);
    const node = this.disk.find(path);
    if (!node) return;
    if (node.kind === "directory") throw systemError("EISDIR", "unlink", path);
    const { parent, name } = this.disk.parentOf(path);
    this.disk.setNames([{ directory: parent, name, node: undefined }]);
    this.disk.usedBytes -= node.sizeBytes;
  }

  async remove(path: string): Promise<void> {
    this.removeSync(path);
  }

  async removeDirectory(path: string): Promise<void> {
    const node = this.disk.find(path);
    if (!node) return;
    if (node.kind === "file") throw systemError("ENOTDIR", "rmdir", path);
    for (const [name, child] of node.names) {
      if (child.kind === "directory") await this.removeDirectory(`${path}/${name}`);
      else this.removeSync(`${path}/${name}`);
    }
    const { parent, name } = this.disk.parentOf(path);
    this.disk.setNames([{ directory: parent, name, node: undefined }]);
  }

  async syncDirectory(path: string): Promise<void> {
    const upTo = this.disk.trace.length;
    const directory = this.disk.directory(path);
    await this.syncDelay();
    this.#finishDirectorySync(path, directory, upTo);
  }

  syncDirectoryNow(path: string): void {
    this.#finishDirectorySync(path, this.disk.directory(path), this.disk.trace.length);
  }

  #finishDirectorySync(path: string, directory: DirectoryNode, upTo: number): void {
    this.enter("syncDirectory", path);
    this.disk.trace.push({ kind: "sync-directory", inode: directory.inode, upTo });
  }

  async volumeSpace(): Promise<VolumeSpace> {
    return { freeBytes: this.capacityBytes - this.disk.usedBytes, totalBytes: this.capacityBytes };
  }

  lockDirectory(path: string): DirectoryLock | { readonly heldBy: number } {
    if (this.#locked.has(path)) return { heldBy: process.pid };
    this.#locked.add(path);
    return { release: () => void this.#locked.delete(path) };
  }

  #file(path: string): FileNode {
    const node = this.disk.find(path);
    if (!node) throw systemError("ENOENT", "open", path);
    if (node.kind === "directory") throw systemError("EISDIR", "read", path);
    return node;
  }
}

class MemoryFileHandle implements FileHandle {
  readonly path: string;
  readonly #fileSystem: MemoryFileSystem;
  readonly #file: FileNode;
  #closed = false;

  constructor(fileSystem: MemoryFileSystem, path: string, file: FileNode) {
    this.#fileSystem = fileSystem;
    this.path = path;
    this.#file = file;
  }

  #checkOpen(call: string): void {
    if (this.#closed) throw systemError("EBADF", call, this.path);
  }

  writeSync(chunks: readonly Uint8Array[], positionBytes: number): number {
    this.#checkOpen("write");
    const fileSystem = this.#fileSystem;
    const hit = fileSystem.faults.check("write", this.path);
    if (hit && hit.shortBytes === undefined) throw systemError(hit.code, "write", this.path);
    let total = 0;
    for (const chunk of chunks) total += chunk.length;
    const growth = Math.max(0, positionBytes + total - this.#file.sizeBytes);
    const missing = Math.max(0, growth - (fileSystem.capacityBytes - fileSystem.disk.usedBytes));
    const writable = Math.min(hit?.shortBytes ?? total, total - missing);
    if (writable <= 0 && total > 0) throw systemError(hit?.code ?? "ENOSPC", "write", this.path);
    let written = 0;
    for (const chunk of chunks) {
      const part = chunk.subarray(0, writable - written);
      if (part.length > 0) fileSystem.disk.write(this.#file, positionBytes + written, part);
      written += part.length;
    }
    return written;
  }

  readSync(target: Uint8Array, positionBytes: number): number {
    this.#checkOpen("read");
    this.#fileSystem.enter("read", this.path);
    const available = Math.max(0, this.#file.sizeBytes - positionBytes);
    const count = Math.min(target.length, available);
    target.set(this.#file.content.subarray(positionBytes, positionBytes + count));
    return count;
  }

  async read(target: Uint8Array, positionBytes: number): Promise<number> {
    this.#checkOpen("read");
    await Promise.resolve();
    return this.readSync(target, positionBytes);
  }

  async dataSync(): Promise<void> {
    this.#checkOpen("fdatasync");
    const upTo = this.#fileSystem.disk.trace.length;
    await this.#fileSystem.syncDelay();
    this.#checkOpen("fdatasync");
    this.#finishSync(upTo);
  }

  dataSyncNow(): void {
    this.#checkOpen("fdatasync");
    this.#finishSync(this.#fileSystem.disk.trace.length);
  }

  #finishSync(upTo: number): void {
    const { disk, faults } = this.#fileSystem;
    const hit = faults.check("dataSync", this.path);
    if (faults.dead) throw systemError("EIO", "fdatasync", this.path);
    disk.trace.push({ kind: hit ? "sync-failed" : "sync-file", inode: this.#file.inode, upTo });
    if (hit) throw systemError(hit.code, "fdatasync", this.path);
  }

  truncateSync(sizeBytes: number): void {
    this.#checkOpen("ftruncate");
    this.#fileSystem.enter("truncate", this.path);
    this.#fileSystem.disk.truncate(this.#file, sizeBytes);
  }

  sizeBytes(): number {
    this.#checkOpen("fstat");
    return this.#file.sizeBytes;
  }

  closeSync(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#fileSystem.openHandles--;
  }
}
