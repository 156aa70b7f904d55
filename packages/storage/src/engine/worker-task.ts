import { NodeFileSystem, type FileSystem } from "@ottla/runtime";
import type { MessagePort } from "node:worker_threads";
import type { FlushPolicy } from "./storage-engine.ts";

/** A module that makes the file system of a worker: `createFileSystem(options)` is called once per worker. */
export interface FileSystemModule {
  /** URL of the module. */
  readonly module: string;
  /** Given to `createFileSystem`; crosses by structured clone, so shared memory stays shared. */
  readonly options?: unknown;
}

/** The file system of a worker or a background job. */
export async function createWorkerFileSystem(
  source: FileSystemModule | undefined,
): Promise<FileSystem> {
  if (source === undefined) return new NodeFileSystem();
  const { createFileSystem } = (await import(source.module)) as {
    createFileSystem: (options: unknown) => FileSystem;
  };
  return createFileSystem(source.options);
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
  readonly producerIdExpirationMs: number;
  /** Segment files that may be open at once in this worker. */
  readonly descriptorsMax: number;
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
