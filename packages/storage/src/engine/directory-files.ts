import type { DirectoryLock, FileSystem } from "@ottla/runtime";
import { dirname } from "node:path";
import { replaceFile } from "../checkpoint/checkpoint-file.ts";
import {
  LOG_START_CHECKPOINT,
  OffsetCheckpoint,
  RECOVERY_POINT_CHECKPOINT,
  SYNC_FAILURE_CHECKPOINT,
  type PartitionOffset,
} from "../checkpoint/offset-checkpoint.ts";
import { StorageError } from "../log/storage-error.ts";
import { isDeletedDirectory, parsePartitionDirectory } from "./directory-names.ts";
import type { Checkpoints } from "./host-calls.ts";
import type { TopicPartition } from "./storage-engine.ts";

/** Kafka's name: present after a clean stop, removed before the first append of the next run. */
const CLEAN_SHUTDOWN_MARKER = ".kafka_cleanshutdown";

export interface OpenedDirectory {
  readonly lock: DirectoryLock;
  readonly cleanShutdown: boolean;
  readonly checkpoints: Checkpoints;
  /** How far each log may be trusted, after a run that saw a sync fail. */
  readonly trustedEndOffsets: readonly PartitionOffset[];
  readonly partitions: readonly TopicPartition[];
  /** Paths of logs that were deleted and not yet removed. */
  readonly deletedDirectories: readonly string[];
}

/** Locks a log directory and lists what is in it. The clean-shutdown marker is gone, durably, when this resolves. */
export async function openDirectory(
  fileSystem: FileSystem,
  directory: string,
): Promise<OpenedDirectory> {
  await makeDirectoryDurably(fileSystem, directory);
  const lock = fileSystem.lockDirectory(directory);
  if ("heldBy" in lock) {
    throw new StorageError(`the log directory ${directory} is in use by process ${lock.heldBy}`, {
      fatal: false,
      path: directory,
    });
  }
  try {
    const names = fileSystem.listSync(directory);
    const partitions: TopicPartition[] = [];
    const deletedDirectories: string[] = [];
    for (const name of names) {
      if (isDeletedDirectory(name)) deletedDirectories.push(`${directory}/${name}`);
      const found = parsePartitionDirectory(name);
      if (found !== undefined && fileSystem.statSync(`${directory}/${name}`).isDirectory)
        partitions.push(found);
    }
    const trustedEndOffsets = readOffsets(fileSystem, directory, SYNC_FAILURE_CHECKPOINT);
    const cleanShutdown = names.includes(CLEAN_SHUTDOWN_MARKER) && trustedEndOffsets.length === 0;
    if (names.includes(CLEAN_SHUTDOWN_MARKER)) {
      fileSystem.removeSync(`${directory}/${CLEAN_SHUTDOWN_MARKER}`);
      await fileSystem.syncDirectory(directory);
    }
    const checkpoints = {
      recoveryPoints: readOffsets(fileSystem, directory, RECOVERY_POINT_CHECKPOINT),
      logStartOffsets: readOffsets(fileSystem, directory, LOG_START_CHECKPOINT),
    };
    return { lock, cleanShutdown, checkpoints, trustedEndOffsets, partitions, deletedDirectories };
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** A new log directory must not vanish with power: each new name is synced in the directory that holds it. */
async function makeDirectoryDurably(fileSystem: FileSystem, directory: string): Promise<void> {
  const missing: string[] = [];
  for (
    let path = directory;
    !fileSystem.existsSync(path) && dirname(path) !== path;
    path = dirname(path)
  )
    missing.push(path);
  fileSystem.makeDirectorySync(directory);
  for (const path of missing.toReversed()) await fileSystem.syncDirectory(dirname(path));
}

export async function writeCheckpoints(
  fileSystem: FileSystem,
  directory: string,
  checkpoints: Checkpoints,
): Promise<void> {
  // The log starts first: a recovery point below a log start would be read as damage.
  await new OffsetCheckpoint(fileSystem, directory, LOG_START_CHECKPOINT).write(
    checkpoints.logStartOffsets,
  );
  await new OffsetCheckpoint(fileSystem, directory, RECOVERY_POINT_CHECKPOINT).write(
    checkpoints.recoveryPoints,
  );
}

export async function markCleanShutdown(fileSystem: FileSystem, directory: string): Promise<void> {
  await replaceFile(
    fileSystem,
    `${directory}/${CLEAN_SHUTDOWN_MARKER}`,
    new TextEncoder().encode('{"version":0}\n'),
  );
}

/** Leaves word for the next start that nothing beyond the last successful sync may be trusted. */
export function noteSyncFailureNow(
  fileSystem: FileSystem,
  directory: string,
  trusted: readonly PartitionOffset[],
): void {
  new OffsetCheckpoint(fileSystem, directory, SYNC_FAILURE_CHECKPOINT).writeNow(trusted);
}

/** Once the logs were loaded by what it says, and synced, the note has done its duty. */
export async function forgetSyncFailure(fileSystem: FileSystem, directory: string): Promise<void> {
  fileSystem.removeSync(`${directory}/${SYNC_FAILURE_CHECKPOINT}`);
  await fileSystem.syncDirectory(directory);
}

function readOffsets(
  fileSystem: FileSystem,
  directory: string,
  name: string,
): readonly PartitionOffset[] {
  const table = new OffsetCheckpoint(fileSystem, directory, name).read();
  return table === undefined ? [] : [...table.values()];
}
