import type { DirectoryLock, FileSystem } from "@ottla/runtime";
import { dirname } from "node:path";
import { replaceFile } from "../checkpoint/checkpoint-file.ts";
import {
  CLEANER_CHECKPOINT,
  LOG_START_CHECKPOINT,
  OffsetCheckpoint,
  RECOVERY_POINT_CHECKPOINT,
  SYNC_FAILURE_CHECKPOINT,
  type PartitionOffset,
} from "../checkpoint/offset-checkpoint.ts";
import { readLogStamps } from "../checkpoint/log-stamps-file.ts";
import type { LogStamp } from "../log/log-stamp.ts";
import { StorageError } from "../log/storage-error.ts";
import { isDeletedDirectory, parsePartitionDirectory } from "./directory-names.ts";
import type { Checkpoints } from "./host-calls.ts";
import type { TopicPartition } from "./storage-engine.ts";

/** Kafka's name: present after a clean stop, removed before the first append of the next run. */
const CLEAN_SHUTDOWN_MARKER = ".kafka_cleanshutdown";

export interface DirectoryContent {
  readonly cleanShutdown: boolean;
  readonly checkpoints: Checkpoints;
  /** How far each log may be trusted, after a run that saw a sync fail. */
  readonly trustedEndOffsets: readonly PartitionOffset[];
  readonly partitions: readonly TopicPartition[];
  /** How logs were when they were last in order; possibly out of date. */
  readonly stamps: readonly LogStamp[];
  /** Up to where compacted logs are clean. */
  readonly cleanedOffsets: readonly PartitionOffset[];
  /** Paths of logs that were deleted and not yet removed. */
  readonly deletedDirectories: readonly string[];
}

export interface OpenedDirectory extends DirectoryContent {
  readonly lock: DirectoryLock;
}

/** Somebody else uses the directory. */
export class DirectoryInUseError extends StorageError {
  constructor(directory: string, processId: number) {
    super(`the log directory ${directory} is in use by process ${processId}`, {
      fatal: false,
      path: directory,
    });
  }
}

/** Locks a log directory, made durably when it is missing. */
export async function lockLogDirectory(
  fileSystem: FileSystem,
  directory: string,
): Promise<DirectoryLock> {
  await makeDirectoryDurably(fileSystem, directory);
  const lock = fileSystem.lockDirectory(directory);
  if ("heldBy" in lock) throw new DirectoryInUseError(directory, lock.heldBy);
  return lock;
}

/** Locks a log directory and lists what is in it. The clean-shutdown marker is gone, durably, when this resolves. */
export async function openDirectory(
  fileSystem: FileSystem,
  directory: string,
): Promise<OpenedDirectory> {
  const lock = await lockLogDirectory(fileSystem, directory);
  try {
    return { lock, ...(await openLockedDirectory(fileSystem, directory)) };
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** Lists a directory whose lock the caller holds. The clean-shutdown marker is gone, durably, when this resolves. */
export async function openLockedDirectory(
  fileSystem: FileSystem,
  directory: string,
): Promise<DirectoryContent> {
  const names = fileSystem.listSync(directory);
  const partitions = partitionsAmong(names, fileSystem, directory);
  const deletedDirectories = names.filter(isDeletedDirectory).map((name) => `${directory}/${name}`);
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
  // A damaged file only costs time: the logs are looked into.
  const stamps = readLogStamps(fileSystem, directory) ?? [];
  const cleanedOffsets = readOffsets(fileSystem, directory, CLEANER_CHECKPOINT);
  const found = { partitions, stamps, cleanedOffsets, deletedDirectories };
  return { cleanShutdown, checkpoints, trustedEndOffsets, ...found };
}

/** The partitions that have a directory of their own in a log directory. */
export function listPartitions(fileSystem: FileSystem, directory: string): TopicPartition[] {
  return partitionsAmong(fileSystem.listSync(directory), fileSystem, directory);
}

function partitionsAmong(
  names: readonly string[],
  fileSystem: FileSystem,
  directory: string,
): TopicPartition[] {
  const partitions: TopicPartition[] = [];
  for (const name of names) {
    const found = parsePartitionDirectory(name);
    if (found !== undefined && fileSystem.statSync(`${directory}/${name}`).isDirectory)
      partitions.push(found);
  }
  return partitions;
}

/**
 * A new log directory must not vanish with power: each new name is synced in the directory that holds it, before the
 * next one is made. An empty directory may have been made by a process that died before that sync.
 */
async function makeDirectoryDurably(fileSystem: FileSystem, directory: string): Promise<void> {
  const missing: string[] = [];
  let found = directory;
  for (; !fileSystem.existsSync(found) && dirname(found) !== found; found = dirname(found))
    missing.push(found);
  const isEmpty = fileSystem.statSync(found).isDirectory && fileSystem.listSync(found).length === 0;
  if (isEmpty && dirname(found) !== found) await fileSystem.syncDirectory(dirname(found));
  for (const path of missing.toReversed()) {
    fileSystem.makeDirectorySync(path);
    await fileSystem.syncDirectory(dirname(path));
  }
  // Says so when there is a file of this name.
  fileSystem.makeDirectorySync(directory);
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
