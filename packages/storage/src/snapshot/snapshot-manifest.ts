import type { FileSystem } from "@ottla/runtime";
import { StorageError } from "../log/storage-error.ts";

/*
 * A snapshot of a log directory is itself a log directory, at `ottla.snapshots/<name>` in the one it was
 * taken of: the sealed segments are hard links to the same bytes, everything else is a copy. The manifest
 * `ottla.snapshot.json` is written last; without it there is no snapshot.
 *
 * Why links are safe: the bytes of a sealed segment never change. Retention and compaction rename and
 * unlink names, which leaves the other name of the same bytes alone.
 */

/** No topic can have this name, because a partition's directory ends with a dash and a number. */
export const SNAPSHOTS_DIRECTORY = "ottla.snapshots";
export const SNAPSHOT_MANIFEST = "ottla.snapshot.json";
/** Raised when an older Ottla could no longer read what we write. */
const FORMAT = 1;

export interface SnapshotPartition {
  readonly topic: string;
  readonly partition: number;
  readonly topicId: string;
  readonly logStartOffset: number;
  readonly logEndOffset: number;
  /** Bytes of the segments; shared with the log for as long as it keeps them. */
  readonly sizeBytes: number;
}

export interface SnapshotManifest {
  readonly format: number;
  readonly name: string;
  readonly createdMs: number;
  /** Where the other log directories of the same snapshot have theirs; only in that of the first. */
  readonly otherDirectories: readonly string[];
  readonly partitions: readonly SnapshotPartition[];
}

/** Where a snapshot of this name lies. */
export function snapshotPath(directory: string, name: string): string {
  return `${directory}/${SNAPSHOTS_DIRECTORY}/${name}`;
}

/** Throws StorageError when a snapshot cannot have this name. */
export function checkSnapshotName(name: string): void {
  if (/^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,99}$/.test(name)) return;
  throw new StorageError(
    `"${name}" cannot name a snapshot: 1 to 100 letters, digits, dots, dashes and underscores, no dot or dash first`,
    { fatal: false },
  );
}

export function encodeManifest(manifest: Omit<SnapshotManifest, "format">): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify({ format: FORMAT, ...manifest }, null, 1)}\n`);
}

/** Undefined when there is no complete snapshot of this name. Throws StorageError for a damaged or newer one. */
export function readManifest(
  fileSystem: FileSystem,
  directory: string,
  name: string,
): SnapshotManifest | undefined {
  const path = `${snapshotPath(directory, name)}/${SNAPSHOT_MANIFEST}`;
  if (!fileSystem.existsSync(path)) return undefined;
  const refuse = (reason: string): StorageError =>
    new StorageError(`${path}: ${reason}`, { fatal: false, path });
  let parsed: SnapshotManifest;
  try {
    parsed = JSON.parse(
      new TextDecoder().decode(fileSystem.readFileSync(path)),
    ) as SnapshotManifest;
  } catch (cause) {
    throw new StorageError(`${path}: not readable: ${String(cause)}`, {
      fatal: false,
      path,
      cause,
    });
  }
  if (!Number.isSafeInteger(parsed.format)) throw refuse("it names no format");
  if (parsed.format > FORMAT)
    throw refuse(`written by a newer Ottla (format ${parsed.format}); use that version`);
  if (!Array.isArray(parsed.partitions) || !Array.isArray(parsed.otherDirectories))
    throw refuse("it names no partitions");
  return parsed;
}

/** The complete snapshots of a log directory, oldest first. */
export function listSnapshots(fileSystem: FileSystem, directory: string): SnapshotManifest[] {
  const parent = `${directory}/${SNAPSHOTS_DIRECTORY}`;
  if (!fileSystem.existsSync(parent)) return [];
  return fileSystem
    .listSync(parent)
    .map((name) => readManifest(fileSystem, directory, name))
    .filter((manifest) => manifest !== undefined)
    .toSorted((one, other) => one.createdMs - other.createdMs);
}

/** Removes a snapshot in all its log directories; what was loaded from it stays. Throws StorageError when there is none. */
export async function removeSnapshot(
  fileSystem: FileSystem,
  directory: string,
  name: string,
): Promise<void> {
  checkSnapshotName(name);
  const manifest = readManifest(fileSystem, directory, name);
  if (manifest === undefined)
    throw new StorageError(`${directory} has no snapshot "${name}"`, { fatal: false });
  for (const one of [...manifest.otherDirectories, directory]) {
    // Without the manifest it is no snapshot any more, whatever happens to the rest.
    fileSystem.removeSync(`${snapshotPath(one, name)}/${SNAPSHOT_MANIFEST}`);
    await fileSystem.removeDirectory(snapshotPath(one, name));
  }
}
