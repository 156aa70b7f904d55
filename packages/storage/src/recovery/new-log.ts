import { join } from "node:path";
import type { FileHandle, FileSystem } from "@ottla/runtime";
import { encodeTopicId } from "../checkpoint/partition-files.ts";
import type { Log } from "../log/log.ts";
import { StorageError } from "../log/storage-error.ts";
import { TransactionIndexes } from "../log/transaction-indexes.ts";
import { LOG_SUFFIX, PARTITION_METADATA, segmentFilePath } from "../segment/segment-files.ts";
import { Segment } from "../segment/segment.ts";
import { Segments } from "../segment/segments.ts";
import { LeaderEpochCache } from "../state/leader-epoch-cache.ts";
import { ProducerState } from "../state/producer-state.ts";
import { assembleLog, type LoadLogOptions } from "./log-loader.ts";

/** The log of a partition that never was. It counts once `sync` and the sync of the log directory are done. */
export interface NewLog {
  readonly log: Log;
  /** Makes its files durable. The name of its directory is left to the caller, who makes many logs at once. */
  readonly sync: () => Promise<void>;
}

/**
 * Makes the directory, `partition.metadata` and the empty first segment of a log, and syncs nothing yet: all syncs of
 * a group of new logs, and that of the log directory, can then run side by side. That is why `partition.metadata` is
 * not replaced through a temporary file: a crash may leave it torn, but only in a log that nobody was told of, and
 * a log without a sound one has no topic id and is made anew. The empty segment has no bytes to sync, only a name.
 *
 * Returns undefined when there is something in the directory: the loader then judges what it is.
 */
export function makeNewLog(
  options: LoadLogOptions & { readonly topicId: string },
): NewLog | undefined {
  const { fileSystem, logger, directory, topicId } = options;
  if (fileSystem.existsSync(directory)) {
    if (fileSystem.listSync(directory).length > 0) return undefined;
  } else fileSystem.makeDirectorySync(directory);
  const metadata = makeFiles(fileSystem, directory, topicId);
  const segment = new Segment({ fileSystem, directory, baseOffset: 0, sizeBytes: 0 });
  segment.resetIndexes();
  const segments = new Segments([segment]);
  const log = assembleLog(options, {
    segments,
    producerState: new ProducerState(),
    leaderEpochs: new LeaderEpochCache(),
    transactions: new TransactionIndexes({ fileSystem, logger, directory, segments }),
    logStartOffset: 0,
    logEndOffset: 0,
    topicId,
  });
  return { log, sync: () => syncNewLog(fileSystem, directory, metadata) };
}

/** All or nothing, so that a later attempt does not find files that nobody synced. Returns the open metadata file. */
function makeFiles(fileSystem: FileSystem, directory: string, topicId: string): FileHandle {
  const metadataPath = join(directory, PARTITION_METADATA);
  const segmentPath = segmentFilePath(directory, 0, LOG_SUFFIX);
  let metadata: FileHandle | undefined;
  try {
    metadata = fileSystem.openSync(metadataPath, "create");
    const content = encodeTopicId(topicId);
    if (metadata.writeSync([content], 0) !== content.length)
      throw new StorageError("short write", { fatal: false, path: metadataPath });
    fileSystem.openSync(segmentPath, "create").closeSync();
    return metadata;
  } catch (error) {
    metadata?.closeSync();
    fileSystem.removeSync(segmentPath);
    fileSystem.removeSync(metadataPath);
    throw error;
  }
}

async function syncNewLog(
  fileSystem: FileSystem,
  directory: string,
  metadata: FileHandle,
): Promise<void> {
  // Both are waited for even when one fails: no descriptor may be closed under a running sync.
  const syncs = [metadata.dataSync(), fileSystem.syncDirectory(directory)];
  const results = await Promise.allSettled(syncs);
  metadata.closeSync();
  for (const result of results) if (result.status === "rejected") throw result.reason;
}
