import { dirname } from "node:path";
import { Packr } from "msgpackr/pack";
import type { FileHandle, FileSystem, Logger } from "@ottla/runtime";
import {
  FILE_HEADER_BYTES,
  FRAME_HEADER_BYTES,
  checkFileHeader,
  encodeFileHeader,
  encodeFrameHeader,
  findFrameAfter,
  readFrame,
} from "./metadata-frame.ts";
import type { MetadataEntry, MetadataUpdate, MetadataValue } from "./metadata-store.ts";
import { MetadataStoreError } from "./metadata-store-error.ts";

export const LOG_FILE = "metadata.log";
export const SNAPSHOT_FILE = "metadata.snapshot";
const TEMPORARY_SUFFIX = ".tmp";

/** Records are off: a structure table would tie a frame to those before it. */
const packr = new Packr({ useRecords: false, mapsAsObjects: true });

/** [revision, [[key] | [key, value] ...]] for every transaction; a change without a value removes the key. */
type PackedChange = [key: string, value?: MetadataValue];
type PackedUpdate = [revision: number, changes: PackedChange[]];
type PackedEntry = [key: string, value: MetadataValue, revision: number];

export interface LoadedMetadata {
  readonly revision: number;
  readonly entries: Map<string, MetadataEntry>;
  /** Where the next frame goes. */
  readonly logEndBytes: number;
}

/** One frame with all updates of a group commit, ready to be written. */
export function encodeUpdates(updates: readonly MetadataUpdate[]): Uint8Array[] {
  const packed = updates.map(({ revision, changes }): PackedUpdate => [
    revision,
    changes.map(({ key, value }): PackedChange => (value === undefined ? [key] : [key, value])),
  ]);
  const payload = packr.pack(packed);
  return [encodeFrameHeader(payload), payload];
}

/** See the layout in metadata-frame.ts. */
export function encodeSyncedMark(): Uint8Array[] {
  return encodeUpdates([]);
}

export function applyUpdate(entries: Map<string, MetadataEntry>, update: MetadataUpdate): void {
  for (const { key, value } of update.changes) {
    if (value === undefined) entries.delete(key);
    else entries.set(key, { value, revision: update.revision });
  }
}

/**
 * Recovery, in passes that may each be repeated after a crash:
 * 1. remove what an interrupted replacement left behind;
 * 2. load the snapshot, if there is one;
 * 3. create the log if it is missing;
 * 4. replay the frames newer than the snapshot;
 * 5. cut a torn frame at the end of the log, and say so.
 */
export async function loadMetadata(
  fileSystem: FileSystem,
  directory: string,
  logger: Logger,
): Promise<LoadedMetadata> {
  if (!fileSystem.existsSync(directory)) {
    fileSystem.makeDirectorySync(directory);
    await fileSystem.syncDirectory(dirname(directory));
  }
  for (const file of [LOG_FILE, SNAPSHOT_FILE]) {
    fileSystem.removeSync(`${directory}/${file}${TEMPORARY_SUFFIX}`);
  }
  const snapshot = readSnapshot(fileSystem, `${directory}/${SNAPSHOT_FILE}`);
  const path = `${directory}/${LOG_FILE}`;
  if (!fileSystem.existsSync(path)) {
    await replaceFile(fileSystem, directory, LOG_FILE, [encodeFileHeader("log")]);
  }
  const bytes = fileSystem.readFileSync(path);
  checkFileHeader(bytes, "log", path);
  const { parsedBytes, ...replayed } = replayLog(bytes, path, snapshot);
  if (parsedBytes < bytes.length) {
    await cutTornTail(fileSystem, path, parsedBytes);
    logger.warn("cut a torn frame from the end of the metadata log", {
      file: path,
      offsetBytes: parsedBytes,
      cutBytes: bytes.length - parsedBytes,
    });
  }
  return replayed;
}

function readSnapshot(fileSystem: FileSystem, path: string): Omit<LoadedMetadata, "logEndBytes"> {
  if (!fileSystem.existsSync(path)) return { revision: 0, entries: new Map() };
  const bytes = fileSystem.readFileSync(path);
  checkFileHeader(bytes, "snapshot", path);
  const payload = readFrame(bytes, FILE_HEADER_BYTES);
  if (payload === undefined) {
    // A snapshot gets its name only after it is synced, so this is never a crash of ours.
    throw new MetadataStoreError(
      `${path} is damaged (checksum of its contents); restore this file from a copy`,
    );
  }
  const [revision, packed] = packr.unpack(payload) as [number, PackedEntry[]];
  const entries = new Map<string, MetadataEntry>();
  for (const [key, value, changedAt] of packed) entries.set(key, { value, revision: changedAt });
  return { revision, entries };
}

function replayLog(
  bytes: Uint8Array,
  path: string,
  snapshot: Omit<LoadedMetadata, "logEndBytes">,
): LoadedMetadata & { readonly parsedBytes: number } {
  const { entries } = snapshot;
  let { revision } = snapshot;
  let position = FILE_HEADER_BYTES;
  // The next frame overwrites a synced mark, so the log ends before it.
  let logEndBytes = position;
  while (position < bytes.length) {
    const payload = readFrame(bytes, position);
    if (payload === undefined) {
      const next = findFrameAfter(bytes, position);
      if (next === -1) break;
      throw new MetadataStoreError(
        `${path} is damaged at byte ${position} (valid data follows at byte ${next}); restore this file from a copy`,
      );
    }
    const updates = packr.unpack(payload) as PackedUpdate[];
    for (const [updateRevision, changes] of updates) {
      // Frames up to the snapshot's revision stay in the log when a crash hits between the two replacements.
      if (updateRevision <= revision) continue;
      if (updateRevision !== revision + 1) {
        throw new MetadataStoreError(
          `${path} jumps from revision ${revision} to ${updateRevision}; ${SNAPSHOT_FILE} and ${LOG_FILE} do not belong together, restore both from one copy`,
        );
      }
      revision = updateRevision;
      applyUpdate(entries, {
        revision,
        changes: changes.map(([key, value]) => ({ key, value })),
      });
    }
    position += FRAME_HEADER_BYTES + payload.length;
    if (updates.length > 0) logEndBytes = position;
  }
  return { revision, entries, logEndBytes, parsedBytes: position };
}

async function cutTornTail(fileSystem: FileSystem, path: string, endBytes: number): Promise<void> {
  const file = fileSystem.openSync(path, "write");
  try {
    file.truncateSync(endBytes);
    await file.dataSync();
  } finally {
    file.closeSync();
  }
}

export async function writeSnapshot(
  fileSystem: FileSystem,
  directory: string,
  revision: number,
  entries: ReadonlyMap<string, MetadataEntry>,
): Promise<number> {
  const packed: PackedEntry[] = [];
  for (const [key, entry] of entries) packed.push([key, entry.value, entry.revision]);
  const payload = packr.pack([revision, packed]);
  const chunks = [encodeFileHeader("snapshot"), encodeFrameHeader(payload), payload];
  await replaceFile(fileSystem, directory, SNAPSHOT_FILE, chunks);
  return payload.length;
}

export async function writeEmptyLog(fileSystem: FileSystem, directory: string): Promise<void> {
  await replaceFile(fileSystem, directory, LOG_FILE, [encodeFileHeader("log")]);
}

/** Temporary file, sync, rename, sync of the directory: a crash leaves the old file or the new one. */
async function replaceFile(
  fileSystem: FileSystem,
  directory: string,
  name: string,
  chunks: readonly Uint8Array[],
): Promise<void> {
  const temporary = `${directory}/${name}${TEMPORARY_SUFFIX}`;
  fileSystem.removeSync(temporary);
  const file = fileSystem.openSync(temporary, "create");
  try {
    writeWhole(file, chunks, 0);
    await file.dataSync();
  } finally {
    file.closeSync();
  }
  fileSystem.renameSync(temporary, `${directory}/${name}`);
  await fileSystem.syncDirectory(directory);
}

/** A short count is a failed write. Returns the bytes written. */
export function writeWhole(
  file: FileHandle,
  chunks: readonly Uint8Array[],
  positionBytes: number,
): number {
  const sizeBytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  const writtenBytes = file.writeSync(chunks, positionBytes);
  if (writtenBytes !== sizeBytes) {
    throw new MetadataStoreError(
      `short write to ${file.path}: ${writtenBytes} of ${sizeBytes} bytes; is the disk full?`,
    );
  }
  return sizeBytes;
}
