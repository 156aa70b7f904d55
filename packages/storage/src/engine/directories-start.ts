import type { FileSystem, Logger, Random } from "@ottla/runtime";
import { DAMAGED_TOPIC_ID, readTopicId } from "../checkpoint/partition-files.ts";
import { StorageError } from "../log/storage-error.ts";
import { DirectoryInUseError, listPartitions } from "./directory-files.ts";
import { deletedDirectoryName, partitionDirectory, partitionKey } from "./directory-names.ts";
import type { LogEngine } from "./log-engine.ts";
import type { PartitionDirectories } from "./partition-directories.ts";
import type { TopicPartition } from "./storage-engine.ts";

/** Directories that could not be used at this start, and why. */
export type UnusableDirectories = Map<LogEngine, Error>;

/**
 * Pass 1 of a start over several directories: takes the lock of each. A directory of which somebody else
 * holds the lock ends the start; one that cannot be read or written is left out. Directories that exist come
 * first, so that a refused start has made none.
 */
export async function lockAll(
  engines: readonly LogEngine[],
  fileSystem: FileSystem,
): Promise<UnusableDirectories> {
  const unusable: UnusableDirectories = new Map();
  const exists = new Map(engines.map((engine) => [engine, isThere(fileSystem, engine.directory)]));
  const inOrder = engines.toSorted((a, b) => Number(exists.get(b)) - Number(exists.get(a)));
  for (const engine of inOrder) {
    try {
      await engine.lock();
    } catch (error) {
      // Without the first there is no start at all, so nothing more is made.
      if (!isDiskFailure(error) || engine === engines[0]) throw error;
      unusable.set(engine, error);
    }
  }
  return unusable;
}

/** Only failures of the disk or of rights leave a directory out; a foreign lock or an error of ours ends the start. */
export function isDiskFailure(error: unknown): error is Error {
  if (error instanceof DirectoryInUseError || !(error instanceof Error)) return false;
  return error instanceof StorageError || typeof systemCall(error) === "string";
}

function systemCall(error: Error): unknown {
  return (error as NodeJS.ErrnoException).syscall;
}

function isThere(fileSystem: FileSystem, path: string): boolean {
  try {
    return fileSystem.existsSync(path);
  } catch {
    // Only the order in which locks are taken depends on it; taking the lock says what is wrong.
    return false;
  }
}

export interface DuplicateSearch {
  readonly fileSystem: FileSystem;
  readonly random: Random;
  readonly logger: Logger;
  readonly places: PartitionDirectories;
  /** Those already known; a directory that cannot be listed joins them. */
  readonly unusable: UnusableDirectories;
}

interface Copy extends TopicPartition {
  readonly engine: LogEngine;
}

/**
 * Pass 2: no partition may be found twice. A copy that belongs to another topic id than the one on
 * record, which lies elsewhere, is what was left of a topic deleted while its directory was away: it goes.
 * Of any other two copies nobody can say which one counts, so the start is refused.
 */
export async function refuseDuplicates(
  engines: readonly LogEngine[],
  search: DuplicateSearch,
): Promise<void> {
  const copies = new Map<string, Copy[]>();
  for (const engine of engines) {
    if (search.unusable.has(engine)) continue;
    for (const found of listOrLeaveOut(engine, search)) {
      const key = partitionKey(found);
      const known = copies.get(key) ?? [];
      known.push({ ...found, engine });
      copies.set(key, known);
    }
  }
  const twice: { readonly stale: readonly Copy[]; readonly kept: readonly Copy[] }[] = [];
  for (const found of copies.values()) {
    if (found.length < 2) continue;
    const recorded = search.places.get(found[0]!)?.topicId;
    const ids = found.map((copy) => topicIdOf(search.fileSystem, copy));
    const isStale = (index: number): boolean =>
      recorded !== undefined && ids.includes(recorded) && isAnother(ids[index], recorded);
    const stale = found.filter((_, index) => isStale(index));
    const kept = found.filter((_, index) => !isStale(index));
    if (kept.length > 1) throw foundTwice(kept);
    twice.push({ stale, kept });
  }
  // Only now, when the start will not be refused any more.
  for (const { stale } of twice) for (const copy of stale) await setAside(copy, search);
}

/** A copy that does not say whose it is may be the one that counts. */
function isAnother(topicId: string | undefined, recorded: string): boolean {
  return topicId !== undefined && topicId !== DAMAGED_TOPIC_ID && topicId !== recorded;
}

function listOrLeaveOut(engine: LogEngine, search: DuplicateSearch): TopicPartition[] {
  try {
    return listPartitions(search.fileSystem, engine.directory);
  } catch (error) {
    if (!isDiskFailure(error)) throw error;
    search.unusable.set(engine, error);
    return [];
  }
}

function topicIdOf(fileSystem: FileSystem, copy: Copy): string | undefined {
  return readTopicId(fileSystem, partitionDirectory(copy.engine.directory, copy));
}

function foundTwice(kept: readonly Copy[]): StorageError {
  const paths = kept.map((copy) => partitionDirectory(copy.engine.directory, copy));
  return new StorageError(
    `partition ${partitionKey(kept[0]!)} is found more than once: ${paths.join(" and ")}; move all but the one that counts out of the log directories`,
    { fatal: false, path: paths[0]! },
  );
}

async function setAside(
  copy: Copy,
  { fileSystem, random, logger }: DuplicateSearch,
): Promise<void> {
  const { directory } = copy.engine;
  const from = partitionDirectory(directory, copy);
  logger.warn("removing the log of a topic that was deleted while its directory was offline", {
    path: from,
  });
  fileSystem.renameSync(from, `${directory}/${deletedDirectoryName(copy, random)}`);
  await fileSystem.syncDirectory(directory);
}
