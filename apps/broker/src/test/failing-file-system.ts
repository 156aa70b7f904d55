import { NodeFileSystem, type FileHandle, type OpenMode } from "@ottla/runtime";

// A real file system whose syncs of one directory can be made to fail, from any thread: the switch lies in
// shared memory.

const PATH_BYTES_MAX = 4096;

interface SwitchMemory {
  /** Length of the path, then the path; length 0: nothing fails. */
  readonly length: SharedArrayBuffer;
  readonly path: SharedArrayBuffer;
}

/** The test's hand on the switch. */
export class DiskSwitch {
  readonly #memory: SwitchMemory = {
    length: new SharedArrayBuffer(4),
    path: new SharedArrayBuffer(PATH_BYTES_MAX),
  };

  /** For the storage workers. */
  get module(): { readonly module: string; readonly options: unknown } {
    return { module: import.meta.url, options: this.#memory };
  }

  failSyncsUnder(directory: string): void {
    const bytes = Buffer.from(directory);
    Buffer.from(this.#memory.path).set(bytes);
    Atomics.store(new Int32Array(this.#memory.length), 0, bytes.length);
  }

  heal(): void {
    Atomics.store(new Int32Array(this.#memory.length), 0, 0);
  }
}

export function createFileSystem(memory: SwitchMemory): NodeFileSystem {
  return new FailingFileSystem(memory);
}

class FailingFileSystem extends NodeFileSystem {
  readonly #memory: SwitchMemory;

  constructor(memory: SwitchMemory) {
    super();
    this.#memory = memory;
  }

  override openSync(path: string, mode: OpenMode): FileHandle {
    const handle = super.openSync(path, mode);
    const sync = handle.dataSync.bind(handle);
    handle.dataSync = () => (this.#fails(path) ? Promise.reject(eio(path)) : sync());
    const syncNow = handle.dataSyncNow.bind(handle);
    handle.dataSyncNow = () => {
      if (this.#fails(path)) throw eio(path);
      syncNow();
    };
    return handle;
  }

  #fails(path: string): boolean {
    const length = Atomics.load(new Int32Array(this.#memory.length), 0);
    return length > 0 && path.startsWith(Buffer.from(this.#memory.path, 0, length).toString());
  }
}

function eio(path: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`EIO: fdatasync '${path}'`), {
    code: "EIO",
    syscall: "fdatasync",
    path,
  });
}
