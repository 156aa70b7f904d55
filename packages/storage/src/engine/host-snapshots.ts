import { dirname } from "node:path";
import { linkLog } from "../snapshot/link-log.ts";
import { partitionDirectory } from "./directory-names.ts";
import type { LinkedLogs } from "./host-calls.ts";
import type { HostCore } from "./host-operations.ts";

/** Links every log of a host into `target`, without a turn of the event loop in between: one moment for all. */
export function linkLogs<Token>(core: HostCore<Token>, target: string): LinkedLogs {
  core.writeStaged();
  const linked: LinkedLogs = { partitions: [], copies: [] };
  for (const { log } of core.logs.values()) {
    const { topic, partition } = log.topicPartition;
    const { parts, roll, checkOpen } = log.maintenance();
    checkOpen();
    if (parts.segments.active.sizeBytes > 0) roll();
    linked.copies.push(...linkLog(parts, partitionDirectory(target, { topic, partition })));
    const { topicId, logStartOffset, logEndOffset, sizeBytes } = log;
    linked.partitions.push({
      topic,
      partition,
      topicId,
      logStartOffset,
      logEndOffset,
      sizeBytes,
    });
  }
  return linked;
}

/** Syncs copied files, then the directories that name them. The logs themselves were synced before. */
export async function syncCopies<Token>(
  { options: { fileSystem } }: HostCore<Token>,
  copies: readonly string[],
): Promise<void> {
  for (const path of copies) {
    const handle = fileSystem.openSync(path, "write");
    try {
      await handle.dataSync();
    } finally {
      handle.closeSync();
    }
  }
  for (const directory of new Set(copies.map(dirname))) await fileSystem.syncDirectory(directory);
}
