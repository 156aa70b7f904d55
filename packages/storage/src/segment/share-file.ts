import type { FileSystem } from "@ottla/runtime";
import { StorageError } from "../log/storage-error.ts";

/** Files are copied in pieces of this size. */
const COPY_CHUNK_BYTES = 1024 * 1024;

/** What a file system says that has no link between these two places: another volume, too many links, no links at all. */
const LINK_REFUSALS: ReadonlySet<string> = new Set([
  "EXDEV",
  "EMLINK",
  "EPERM",
  "ENOTSUP",
  "EOPNOTSUPP",
]);

/** Gives the bytes of a file a second name. False when the file system cannot: then they have to be copied. */
export function linkFile(fileSystem: FileSystem, path: string, link: string): boolean {
  try {
    fileSystem.linkSync(path, link);
    return true;
  } catch (error) {
    if (LINK_REFUSALS.has((error as NodeJS.ErrnoException).code ?? "")) return false;
    throw error;
  }
}

/** Copies and syncs; the name counts after a sync of its directory. Returns the bytes. */
export async function copyFile(
  fileSystem: FileSystem,
  path: string,
  copy: string,
): Promise<number> {
  const source = fileSystem.openSync(path, "read");
  try {
    const target = fileSystem.openSync(copy, "create");
    try {
      const chunk = new Uint8Array(COPY_CHUNK_BYTES);
      let position = 0;
      for (;;) {
        const length = await source.read(chunk, position);
        if (length === 0) break;
        if (target.writeSync([chunk.subarray(0, length)], position) !== length)
          throw new StorageError(`short write to ${copy}: is the disk full?`, {
            fatal: false,
            path: copy,
          });
        position += length;
      }
      await target.dataSync();
      return position;
    } finally {
      target.closeSync();
    }
  } finally {
    source.closeSync();
  }
}
