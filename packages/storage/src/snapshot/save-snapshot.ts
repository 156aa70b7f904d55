import type { FileSystem } from "@ottla/runtime";
import { META_PROPERTIES } from "../checkpoint/directory-identity.ts";
import { replaceFile } from "../checkpoint/checkpoint-file.ts";
import { CLEANER_CHECKPOINT } from "../checkpoint/offset-checkpoint.ts";
import { markCleanShutdown, writeCheckpoints } from "../engine/directory-files.ts";
import { StorageError } from "../log/storage-error.ts";
import {
  checkSnapshotName,
  encodeManifest,
  readManifest,
  SNAPSHOT_MANIFEST,
  SNAPSHOTS_DIRECTORY,
  snapshotPath,
  type SnapshotManifest,
  type SnapshotPartition,
} from "./snapshot-manifest.ts";

/** One log directory of a running engine. */
export interface SnapshotSource {
  readonly directory: string;
  readonly fileSystem: FileSystem;
  /** From here on no append reaches a log, until the returned function is called. */
  holdAppends(): () => void;
  /** Links every log into a directory of its own below `target`. Rejects when a log is offline. */
  linkLogs(target: string): Promise<readonly SnapshotPartition[]>;
  /** Makes durable what `linkLogs` linked and copied. */
  settle(): Promise<void>;
  /** True while a snapshot of it is being saved. */
  isBeingSaved: boolean;
}

export interface SaveSnapshotRequest {
  readonly name: string;
  readonly createdMs: number;
  /** Adds what belongs to the same moment to the snapshot of the first directory, and syncs it. Nothing is appended meanwhile. */
  readonly whileHeld?: (target: string) => Promise<void>;
}

/**
 * Saves all log directories as of one moment. Appends wait while files are linked: some microseconds for each
 * file. What was acknowledged before is in the snapshot, what is acknowledged after is not, in every partition.
 * The snapshot appears under its name when all of it is durable; after a failure nothing of it is left.
 */
export async function saveSnapshot(
  sources: readonly SnapshotSource[],
  request: SaveSnapshotRequest,
): Promise<SnapshotManifest> {
  checkSnapshotName(request.name);
  for (const { fileSystem, directory } of sources) {
    if (fileSystem.existsSync(snapshotPath(directory, request.name)))
      throw new StorageError(`there is a snapshot "${request.name}" already`, { fatal: false });
  }
  // From here to the end, and not only while appends are held: a second one would build in the place of the first.
  if (sources.some(({ isBeingSaved }) => isBeingSaved))
    throw new StorageError("another snapshot is being saved; try again when it is done", {
      fatal: false,
    });
  const targets = sources.map(({ directory }) => snapshotPath(directory, `.${request.name}.new`));
  for (const source of sources) source.isBeingSaved = true;
  try {
    return await save(sources, targets, request);
  } catch (error) {
    await Promise.allSettled(
      sources.map(({ fileSystem }, index) => fileSystem.removeDirectory(targets[index]!)),
    );
    throw error;
  } finally {
    for (const source of sources) source.isBeingSaved = false;
  }
}

async function save(
  sources: readonly SnapshotSource[],
  targets: readonly string[],
  request: SaveSnapshotRequest,
): Promise<SnapshotManifest> {
  for (const [index, { fileSystem }] of sources.entries()) {
    await fileSystem.removeDirectory(targets[index]!);
    fileSystem.makeDirectorySync(targets[index]!);
  }
  const linked = await linkAll(sources, targets, request);
  const { name, createdMs } = request;
  for (const [index, source] of sources.entries()) {
    const target = targets[index]!;
    await source.settle();
    const otherDirectories = index === 0 ? sources.slice(1).map(({ directory }) => directory) : [];
    await complete(source, target, {
      name,
      createdMs,
      otherDirectories,
      partitions: linked[index]!,
    });
  }
  // The first directory's comes last: it names the others.
  for (const [index, { fileSystem, directory }] of [...sources.entries()].toReversed()) {
    fileSystem.renameSync(targets[index]!, snapshotPath(directory, name));
    await fileSystem.syncDirectory(`${directory}/${SNAPSHOTS_DIRECTORY}`);
    await fileSystem.syncDirectory(directory);
  }
  const [first] = sources;
  const manifest = first && readManifest(first.fileSystem, first.directory, name);
  if (manifest === undefined)
    throw new StorageError(`the snapshot "${name}" cannot be read back`, { fatal: false });
  return { ...manifest, partitions: linked.flat() };
}

async function linkAll(
  sources: readonly SnapshotSource[],
  targets: readonly string[],
  { whileHeld }: SaveSnapshotRequest,
): Promise<(readonly SnapshotPartition[])[]> {
  const reopen = sources.map((source) => source.holdAppends());
  try {
    const linked = await Promise.all(
      sources.map((source, index) => source.linkLogs(targets[index]!)),
    );
    // After the logs: a topic that is created or deleted meanwhile then has no log, and never one too many.
    await whileHeld?.(targets[0]!);
    return linked;
  } finally {
    for (const open of reopen) open();
  }
}

/** Makes a log directory of it that a clean stop seems to have left. */
async function complete(
  { fileSystem, directory }: SnapshotSource,
  target: string,
  manifest: Omit<SnapshotManifest, "format">,
): Promise<void> {
  const offsets = (of: "logStartOffset" | "logEndOffset") =>
    manifest.partitions.map((one) => ({
      topic: one.topic,
      partition: one.partition,
      offset: one[of],
    }));
  await writeCheckpoints(fileSystem, target, {
    recoveryPoints: offsets("logEndOffset"),
    logStartOffsets: offsets("logStartOffset").filter(({ offset }) => offset > 0),
  });
  // The cleaner's checkpoint allows holes below it, so one that is too new is harmless, and one too old is not.
  for (const name of [META_PROPERTIES, CLEANER_CHECKPOINT]) {
    const path = `${directory}/${name}`;
    if (fileSystem.existsSync(path))
      await replaceFile(fileSystem, `${target}/${name}`, fileSystem.readFileSync(path));
  }
  await markCleanShutdown(fileSystem, target);
  await replaceFile(fileSystem, `${target}/${SNAPSHOT_MANIFEST}`, encodeManifest(manifest));
}
