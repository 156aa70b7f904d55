import { NodeFileSystem, type FileHandle, type OpenMode } from "@ottla/runtime";
import { threadId } from "node:worker_threads";

// A real file system that notes which threads write to logs, and which ones free the blocks of files: unlinking or
// cutting a large file takes up to 100 ms. The notes lie in shared memory.

const THREADS_MAX = 64;
const Deed = { WROTE: 1, FREED: 2 } as const;

export interface WatchedOptions {
  readonly deeds: SharedArrayBuffer;
}

/** What the threads did. */
export class Watch {
  readonly options: WatchedOptions = { deeds: new SharedArrayBuffer(THREADS_MAX * 4) };
  readonly #deeds = new Int32Array(this.options.deeds);

  get threadsThatWrote(): number[] {
    return this.#with(Deed.WROTE);
  }

  get threadsThatFreed(): number[] {
    return this.#with(Deed.FREED);
  }

  #with(deed: number): number[] {
    return [...this.#deeds.keys()].filter((thread) => (this.#deeds[thread]! & deed) !== 0);
  }
}

export function createFileSystem(options: WatchedOptions): NodeFileSystem {
  return new WatchedFileSystem(options);
}

class WatchedFileSystem extends NodeFileSystem {
  readonly #deeds: Int32Array;

  constructor({ deeds }: WatchedOptions) {
    super();
    this.#deeds = new Int32Array(deeds);
  }

  override openSync(path: string, mode: OpenMode): FileHandle {
    const handle = super.openSync(path, mode);
    if (!path.endsWith(".log")) return handle;
    const write = handle.writeSync.bind(handle);
    handle.writeSync = (chunks, position) => {
      this.#note(Deed.WROTE);
      return write(chunks, position);
    };
    const truncate = handle.truncateSync.bind(handle);
    handle.truncateSync = (sizeBytes) => {
      if (sizeBytes < handle.sizeBytes()) this.#note(Deed.FREED);
      truncate(sizeBytes);
    };
    return handle;
  }

  override removeSync(path: string): void {
    if (path.includes(".log")) this.#note(Deed.FREED);
    super.removeSync(path);
  }

  override remove(path: string): Promise<void> {
    if (path.includes(".log")) this.#note(Deed.FREED);
    return super.remove(path);
  }

  override removeDirectory(path: string): Promise<void> {
    this.#note(Deed.FREED);
    return super.removeDirectory(path);
  }

  #note(deed: number): void {
    Atomics.or(this.#deeds, threadId, deed);
  }
}
