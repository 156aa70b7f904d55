import { join } from "node:path";
import { encodeLeaderEpochs } from "../checkpoint/partition-files.ts";
import type { LogParts } from "../log/log-parts.ts";
import { StorageError } from "../log/storage-error.ts";
import {
  LEADER_EPOCH_CHECKPOINT,
  LOG_SUFFIX,
  PARTITION_METADATA,
  segmentFileName,
  SEGMENT_SUFFIXES,
  SNAPSHOT_SUFFIX,
} from "../segment/segment-files.ts";

/**
 * Hard-links the sealed segments of a log into `target`, copies its small files, and starts the empty segment
 * that follows. The active segment is empty. Returns the paths of the copies, which the caller syncs together
 * with `target` after it has synced the log itself. Any failure leaves the log as it was.
 */
export function linkLog(parts: LogParts, target: string): string[] {
  const { fileSystem, directory, segments, leaderEpochs } = parts;
  const copies: string[] = [];
  const copy = (name: string, content: Uint8Array): void => {
    const path = join(target, name);
    writeNew(parts, path, content);
    copies.push(path);
  };
  fileSystem.makeDirectorySync(target);
  for (const segment of segments.all()) {
    for (const suffix of SEGMENT_SUFFIXES) {
      const name = segmentFileName(segment.baseOffset, suffix);
      const from = join(directory, name);
      // Producer snapshots may be written again in place, and the index files of an active segment may be old.
      const isCopied = suffix === SNAPSHOT_SUFFIX;
      if (segment === segments.active && !isCopied) continue;
      if (!fileSystem.existsSync(from)) continue;
      if (isCopied) copy(name, fileSystem.readFileSync(from));
      else fileSystem.linkSync(from, join(target, name));
    }
  }
  writeNew(parts, join(target, segmentFileName(segments.active.baseOffset, LOG_SUFFIX)), EMPTY);
  copy(LEADER_EPOCH_CHECKPOINT, encodeLeaderEpochs(leaderEpochs.entries()));
  copy(PARTITION_METADATA, fileSystem.readFileSync(join(directory, PARTITION_METADATA)));
  return copies;
}

function writeNew({ fileSystem }: LogParts, path: string, content: Uint8Array): void {
  const handle = fileSystem.openSync(path, "create");
  try {
    const written = content.length === 0 ? 0 : handle.writeSync([content], 0);
    if (written !== content.length)
      throw new StorageError(`short write: ${written} of ${content.length} bytes`, {
        fatal: false,
        path,
      });
  } finally {
    handle.closeSync();
  }
}

const EMPTY = new Uint8Array(0);
