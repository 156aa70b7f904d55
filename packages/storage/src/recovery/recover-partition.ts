import { type Clock, type FileSystem, type Logger, type Random } from "@ottla/runtime";
import { partitionDirectory } from "../engine/directory-names.ts";
import type { PartitionRecovery, TopicPartition } from "../engine/storage-engine.ts";
import type { LogConfig } from "../log/log-config.ts";
import type { LogStamp } from "../log/log-stamp.ts";
import { loadLog } from "./log-loader.ts";

/** A log to be opened or recovered, and what is known of it. */
export interface RecoverPartition extends TopicPartition {
  /** Absent for a directory found on disk, which names its own. */
  readonly topicId?: string;
  readonly config: LogConfig;
  readonly cleanShutdown: boolean;
  readonly recoveryPoint: number;
  readonly logStartOffset: number;
  /** Set after a failed sync: nothing from this offset on is trusted. */
  readonly trustedEndOffset?: number;
  /** How the log was when it was last in order. */
  readonly stamp?: LogStamp;
}

export interface RecoverSeams {
  readonly fileSystem: FileSystem;
  readonly clock: Clock;
  readonly random?: Random;
  readonly logger: Logger;
  /** The log directory. */
  readonly directory: string;
  readonly onBytesChecked?: (bytes: number) => void;
}

export interface RecoveredPartition {
  readonly recovery: PartitionRecovery;
  /** How to open what was recovered; absent when the partition stays offline. */
  readonly stamp?: LogStamp;
  readonly logStartOffset: number;
}

/**
 * All passes of the loader, in a thread that does not own the log: it is cut, its indexes, epochs and producers are
 * built, what was found is synced. Its owner goes on with the stamp. A failing disk throws.
 */
export async function recoverPartition(
  { topic, partition, ...request }: RecoverPartition,
  seams: RecoverSeams,
): Promise<RecoveredPartition> {
  const topicPartition = { topic, partition };
  const { log, recovery, sync } = loadLog({
    ...seams,
    ...request,
    syncLater: true,
    topicPartition,
    directory: partitionDirectory(seams.directory, topicPartition),
  });
  if (log === undefined) return { recovery, logStartOffset: request.logStartOffset };
  const { logStartOffset } = log;
  try {
    await sync?.();
    const handedOver = log.handOver();
    if (handedOver !== undefined) return { recovery, stamp: handedOver, logStartOffset };
    await log.close();
    const stamp = log.stamp();
    return stamp === undefined ? { recovery, logStartOffset } : { recovery, stamp, logStartOffset };
  } finally {
    log.abandon();
  }
}
