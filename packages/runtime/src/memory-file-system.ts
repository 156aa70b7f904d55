import { posix } from "node:path";
import type { DirectoryLock, FileHandle, FileStatus, FileSystem, OpenMode, VolumeSpace } from "./file-system.ts";
import { MemoryFile } from "./memory-file.ts";

/** What is reported as the size of the volume; memory has no sensible figure of its own. */
const CAPACITY_BYTES = 2 ** 40;

type ErrorCode = "ENOENT" | "EEXIST" | "EISDIR" | "ENOTDIR" | "ENOTEMPTY";

function failure(code: ErrorCode, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code, path });
}

/**
 * A file system in this process's memory: for brokers that keep nothing. Everything in it counts as
 * synced at once. Paths are absolute and use slashes.
 */
export class MemoryFileSystem implements FileSystem {
  readonly #files = new Map<string, MemoryFile>();
  readonly #directories = new Set<string>(["/"]);
  readonly #locks = new Set<string>();
  readonly #nowMs: () => number;

  /** `nowMs` stamps modification times. */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  openSync(path: string, mode: OpenMode): FileHandle {
    const name = posix.normalize(path);
    let file = this.#files.get(name);
    if (file && mode === "create") throw failure("EEXIST", path);
    if (this.#directories.has(name)) throw failure("EISDIR", path);
    if (!file) {
      if (mode === "read" || !this.#directories.has(posix.dirname(name))) throw failure("ENOENT", path);
      file = new MemoryFile();
      file.modifiedMs = this.#nowMs();
      this.#files.set(name, file);
    }
    return new MemoryFileHandle(path, file, this.#nowMs);
  }

  readFileSync(path: string): Uint8Array {
    const file = this.#file(path);
    const bytes = new Uint8Array(file.sizeBytes);
    file.read(bytes, 0);
    return bytes;
  }

  existsSync(path: string): boolean {
    const name = posix.normalize(path);
    return this.#files.has(name) || this.#directories.has(name);
  }

  statSync(path: string): FileStatus {
    if (this.#directories.has(posix.normalize(path))) return { sizeBytes: 0, modifiedMs: 0, isDirectory: true };
    const { sizeBytes, modifiedMs } = this.#file(path);
    return { sizeBytes, modifiedMs, isDirectory: false };
  }

  setModifiedSync(path: string, modifiedMs: number): void {
    this.#file(path).modifiedMs = modifiedMs;
  }

  listSync(directory: string): string[] {
    const name = posix.normalize(directory);
    if (!this.#directories.has(name)) throw failure("ENOENT", directory);
    const inside = (path: string): boolean => posix.dirname(path) === name && path !== name;
    return [...this.#files.keys(), ...this.#directories].filter(inside).map((path) => posix.basename(path)).sort();
  }

  makeDirectorySync(path: string): void {
    for (let name = posix.normalize(path); !this.#directories.has(name); name = posix.dirname(name)) {
      if (this.#files.has(name)) throw failure("ENOTDIR", path);
      this.#directories.add(name);
    }
  }

  renameSync(from: string, to: string): void {
    const source = posix.normalize(from);
    const target = posix.normalize(to);
    const file = this.#files.get(source);
    if (file) {
      this.#files.delete(source);
      this.#files.set(target, file);
      return;
    }
    if (!this.#directories.has(source)) throw failure("ENOENT", from);
    if (this.existsSync(target)) throw failure("ENOTEMPTY", to);
    const moved = (path: string): string => target + path.slice(source.length);
    for (const path of this.#within(this.#directories, source)) {
      this.#directories.delete(path);
      this.#directories.add(moved(path));
    }
    for (const path of this.#within(this.#files.keys(), source)) {
      this.#files.set(moved(path), this.#files.get(path)!);
      this.#files.delete(path);
    }
  }

  removeSync(path: string): void {
    this.#files.delete(posix.normalize(path));
  }

  async remove(path: string): Promise<void> {
    this.removeSync(path);
  }

  async removeDirectory(path: string): Promise<void> {
    const name = posix.normalize(path);
    for (const inside of this.#within(this.#files.keys(), name)) this.#files.delete(inside);
    for (const inside of this.#within(this.#directories, name)) this.#directories.delete(inside);
  }

  linkSync(existing: string, link: string): void {
    if (this.existsSync(link)) throw failure("EEXIST", link);
    this.#files.set(posix.normalize(link), this.#file(existing));
  }

  async syncDirectory(): Promise<void> {}

  syncDirectoryNow(): void {}

  async volumeSpace(): Promise<VolumeSpace> {
    let usedBytes = 0;
    for (const file of this.#files.values()) usedBytes += file.sizeBytes;
    return { freeBytes: Math.max(0, CAPACITY_BYTES - usedBytes), totalBytes: CAPACITY_BYTES };
  }

  lockDirectory(path: string): DirectoryLock | { readonly heldBy: number } {
    const name = posix.normalize(path);
    if (this.#locks.has(name)) return { heldBy: process.pid };
    this.#locks.add(name);
    return { release: () => void this.#locks.delete(name) };
  }

  #file(path: string): MemoryFile {
    const file = this.#files.get(posix.normalize(path));
    if (!file) throw failure("ENOENT", path);
    return file;
  }

  #within(paths: Iterable<string>, directory: string): string[] {
    return [...paths].filter((path) => path === directory || path.startsWith(`${directory}/`));
  }
}

class MemoryFileHandle implements FileHandle {
  readonly path: string;
  readonly #file: MemoryFile;
  readonly #nowMs: () => number;

  constructor(path: string, file: MemoryFile, nowMs: () => number) {
    this.path = path;
    this.#file = file;
    this.#nowMs = nowMs;
  }

  writeSync(chunks: readonly Uint8Array[], positionBytes: number): number {
    let at = positionBytes;
    for (const chunk of chunks) {
      this.#file.write(chunk, at);
      at += chunk.length;
    }
    this.#file.modifiedMs = this.#nowMs();
    return at - positionBytes;
  }

  readSync(target: Uint8Array, positionBytes: number): number {
    return this.#file.read(target, positionBytes);
  }

  async read(target: Uint8Array, positionBytes: number): Promise<number> {
    return this.#file.read(target, positionBytes);
  }

  async dataSync(): Promise<void> {}

  dataSyncNow(): void {}

  truncateSync(sizeBytes: number): void {
    this.#file.truncate(sizeBytes);
  }

  sizeBytes(): number {
    return this.#file.sizeBytes;
  }

  closeSync(): void {}
}
