import type { MessagePort } from "node:worker_threads";
import type { FlushPolicy } from "./storage-engine.ts";

/** A module that makes the file system of a worker: `createFileSystem(options)` is called once per worker. */
export interface FileSystemModule {
  /** URL of the module. */
  readonly module: string;
  /** Given to `createFileSystem`; crosses by structured clone, so shared memory stays shared. */
  readonly options?: unknown;
}

/** What the long-lived task of a storage worker gets. */
export interface WorkerTask {
  readonly port: MessagePort;
  readonly requests: SharedArrayBuffer;
  readonly completions: SharedArrayBuffer;
  /** One int32, common to all workers of a directory: 1 after its first failure. */
  readonly offlineFlag: SharedArrayBuffer;
  readonly directory: string;
  readonly flush: FlushPolicy;
  readonly maxParallelSyncs: number;
  /** Node's file system when absent. */
  readonly fileSystemModule?: FileSystemModule;
}

/** The flag that stops acknowledgements in every thread as soon as one has seen the disk fail. */
export class OfflineFlag {
  readonly #flag: Int32Array;

  constructor(memory: SharedArrayBuffer) {
    this.#flag = new Int32Array(memory);
  }

  raise(): void {
    Atomics.store(this.#flag, 0, 1);
  }

  get raised(): boolean {
    return Atomics.load(this.#flag, 0) === 1;
  }
}
