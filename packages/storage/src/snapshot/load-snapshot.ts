import type { FileSystem } from "@ottla/runtime";
import { dirname } from "node:path";
import {
  readDirectoryIdentity,
  writeDirectoryIdentityNow,
} from "../checkpoint/directory-identity.ts";
import {
  CLEANER_CHECKPOINT,
  LOG_START_CHECKPOINT,
  OffsetCheckpoint,
  RECOVERY_POINT_CHECKPOINT,
  type PartitionOffset,
} from "../checkpoint/offset-checkpoint.ts";
import { markCleanShutdown, writeCheckpoints } from "../engine/directory-files.ts";
import { parsePartitionDirectory } from "../engine/directory-names.ts";
import { StorageError } from "../log/storage-error.ts";
import {
  LOG_SUFFIX,
  OFFSET_INDEX_SUFFIX,
  TIME_INDEX_SUFFIX,
  TRANSACTION_INDEX_SUFFIX,
} from "../segment/segment-files.ts";
import { copyFile, linkFile } from "../segment/share-file.ts";
import { listSnapshots, readManifest, snapshotPath } from "./snapshot-manifest.ts";

export interface LoadSnapshotOptions {
  readonly fileSystem: FileSystem;
  /** The (first) log directory that the snapshot was taken of; it may be in use. */
  readonly directory: string;
  readonly name: string;
  /** The log directory to make. It must not exist, or be empty. */
  readonly target: string;
  /** Of the new log directory, Kafka's 22-character form. */
  readonly directoryId: string;
  readonly onProgress?: (done: { readonly partitions: number; readonly total: number }) => void;
}

export interface LoadedSnapshot {
  readonly partitions: number;
  /** Bytes that the new directory shares with the snapshot. */
  readonly linkedBytes: number;
  /** Bytes copied: small files, and segments where the target is on another volume. */
  readonly copiedBytes: number;
}

/**
 * Makes a log directory out of a snapshot: a branch that goes its own way from there. It appears under its
 * name when all of it is durable. A snapshot of several log directories becomes one.
 */
export async function loadSnapshot(options: LoadSnapshotOptions): Promise<LoadedSnapshot> {
  const { fileSystem, target } = options;
  const sources = snapshotDirectories(options);
  if (fileSystem.existsSync(target) && fileSystem.listSync(target).length > 0)
    throw new StorageError(`${target} is not empty; name a directory that does not exist`, {
      fatal: false,
      path: target,
    });
  const building = `${target}.loading`;
  await fileSystem.removeDirectory(building);
  const branch = new Branch(fileSystem, building);
  try {
    await branch.fill(sources, options);
    await fileSystem.removeDirectory(target);
    fileSystem.renameSync(building, target);
    await fileSystem.syncDirectory(dirname(target));
    return branch.summary;
  } catch (error) {
    await fileSystem.removeDirectory(building);
    throw error;
  }
}

function snapshotDirectories({ fileSystem, directory, name }: LoadSnapshotOptions): string[] {
  const manifest = readManifest(fileSystem, directory, name);
  if (manifest === undefined) {
    const names = listSnapshots(fileSystem, directory).map((one) => one.name);
    const known = names.length === 0 ? "there are none" : `there are ${names.join(", ")}`;
    throw new StorageError(`${directory} has no snapshot "${name}"; ${known}`, { fatal: false });
  }
  return [directory, ...manifest.otherDirectories].map((one) => {
    if (readManifest(fileSystem, one, name) === undefined)
      throw new StorageError(`${one} lacks its part of the snapshot "${name}"`, { fatal: false });
    return snapshotPath(one, name);
  });
}

/** Sealed for good: a branch may share the bytes. */
const SHARED_SUFFIXES = [
  LOG_SUFFIX,
  OFFSET_INDEX_SUFFIX,
  TIME_INDEX_SUFFIX,
  TRANSACTION_INDEX_SUFFIX,
];

class Branch {
  readonly #fileSystem: FileSystem;
  readonly #path: string;
  #partitions = 0;
  #linkedBytes = 0;
  #copiedBytes = 0;

  constructor(fileSystem: FileSystem, path: string) {
    this.#fileSystem = fileSystem;
    this.#path = path;
  }

  get summary(): LoadedSnapshot {
    const [partitions, linkedBytes, copiedBytes] = [
      this.#partitions,
      this.#linkedBytes,
      this.#copiedBytes,
    ];
    return { partitions, linkedBytes, copiedBytes };
  }

  async fill(sources: readonly string[], options: LoadSnapshotOptions): Promise<void> {
    const fileSystem = this.#fileSystem;
    fileSystem.makeDirectorySync(this.#path);
    const directories = sources.flatMap((source) =>
      fileSystem
        .listSync(source)
        .filter((name) => fileSystem.statSync(`${source}/${name}`).isDirectory)
        .map((name) => ({ from: `${source}/${name}`, to: `${this.#path}/${name}`, name })),
    );
    for (const { from, to, name } of directories) {
      await this.#fillDirectory(from, to, parsePartitionDirectory(name) !== undefined);
      options.onProgress?.({ partitions: this.#partitions, total: directories.length });
    }
    await writeCheckpoints(fileSystem, this.#path, {
      recoveryPoints: sources.flatMap((source) => this.#offsets(source, RECOVERY_POINT_CHECKPOINT)),
      logStartOffsets: sources.flatMap((source) => this.#offsets(source, LOG_START_CHECKPOINT)),
    });
    const cleaned = sources.flatMap((source) => this.#offsets(source, CLEANER_CHECKPOINT));
    if (cleaned.length > 0)
      await new OffsetCheckpoint(fileSystem, this.#path, CLEANER_CHECKPOINT).write(cleaned);
    const identity = sources[0] && readDirectoryIdentity(fileSystem, sources[0]);
    if (identity)
      writeDirectoryIdentityNow(fileSystem, this.#path, {
        ...identity,
        directoryId: options.directoryId,
      });
    await markCleanShutdown(fileSystem, this.#path);
  }

  #offsets(source: string, name: string): PartitionOffset[] {
    const table = new OffsetCheckpoint(this.#fileSystem, source, name).read();
    if (table === undefined) {
      if (name !== RECOVERY_POINT_CHECKPOINT) return [];
      throw new StorageError(`${source}/${name} is missing or damaged`, { fatal: false });
    }
    return [...table.values()];
  }

  async #fillDirectory(from: string, to: string, isPartition: boolean): Promise<void> {
    this.#fileSystem.makeDirectorySync(to);
    if (isPartition) this.#partitions++;
    for (const name of this.#fileSystem.listSync(from)) {
      const { sizeBytes } = this.#fileSystem.statSync(`${from}/${name}`);
      // The empty segment at the end is the one that the branch will write to.
      const isShared =
        isPartition && sizeBytes > 0 && SHARED_SUFFIXES.some((suffix) => name.endsWith(suffix));
      if (isShared && linkFile(this.#fileSystem, `${from}/${name}`, `${to}/${name}`))
        this.#linkedBytes += sizeBytes;
      else
        this.#copiedBytes += await copyFile(this.#fileSystem, `${from}/${name}`, `${to}/${name}`);
    }
    await this.#fileSystem.syncDirectory(to);
  }
}
