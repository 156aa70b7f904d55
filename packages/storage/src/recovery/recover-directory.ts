import type { Clock, FileSystem, Logger } from "@ottla/runtime";
import {
  LOG_START_CHECKPOINT,
  OffsetCheckpoint,
  OffsetTable,
  RECOVERY_POINT_CHECKPOINT,
  SYNC_FAILURE_CHECKPOINT,
} from "../checkpoint/offset-checkpoint.ts";
import { writeLogStamps } from "../checkpoint/log-stamps-file.ts";
import { forgetSyncFailure, markCleanShutdown, openDirectory } from "../engine/directory-files.ts";
import { partitionDirectory, partitionKey } from "../engine/directory-names.ts";
import type {
  PartitionRecovery,
  RecoveryReport,
  TopicPartition,
} from "../engine/storage-engine.ts";
import { defaultLogConfig, type LogConfig } from "../log/log-config.ts";
import { loadLog } from "./log-loader.ts";
import type { RecoveryProgress } from "./recovery-progress.ts";

export interface RecoverOptions {
  readonly fileSystem: FileSystem;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Settings by partition; Kafka's defaults otherwise. Whether a topic is compacted matters here. */
  readonly configOf?: (topicPartition: TopicPartition) => LogConfig;
  /** Called after each partition. */
  readonly onProgress?: (progress: RecoveryProgress) => void;
}

export interface DirectoryRecovery extends RecoveryReport {
  readonly directory: string;
}

/** `recover` for the log directories of a broker, one after the other. The first that cannot be used ends it. */
export async function recoverDirectories(
  directories: readonly string[],
  options: RecoverOptions,
): Promise<DirectoryRecovery[]> {
  const reports: DirectoryRecovery[] = [];
  for (const directory of directories)
    reports.push({ directory, ...(await recover(directory, options)) });
  return reports;
}

/**
 * Recovers every partition of a log directory that no broker uses, closes them cleanly and reports. With all
 * of them sound, the next start needs no recovery; a damaged one keeps the directory marked as unclean.
 */
export async function recover(directory: string, options: RecoverOptions): Promise<RecoveryReport> {
  const { fileSystem, clock, logger } = options;
  const startMs = clock.monotonicMs();
  const opened = await openDirectory(fileSystem, directory);
  try {
    const recoveryPoints = tableOf(opened.checkpoints.recoveryPoints);
    const logStartOffsets = tableOf(opened.checkpoints.logStartOffsets);
    const trustedEndOffsets = tableOf(opened.trustedEndOffsets);
    const stamps = new Map(opened.stamps.map((stamp) => [partitionKey(stamp), stamp]));
    const partitions: PartitionRecovery[] = [];
    let bytesChecked = 0;
    for (const topicPartition of opened.partitions) {
      const trustedEndOffset = trustedEndOffsets.get(topicPartition);
      const stamp = stamps.get(partitionKey(topicPartition));
      const { log, recovery } = loadLog({
        fileSystem,
        clock,
        logger,
        onBytesChecked: (bytes) => (bytesChecked += bytes),
        ...(stamp && { stamp }),
        directory: partitionDirectory(directory, topicPartition),
        topicPartition,
        config: options.configOf?.(topicPartition) ?? defaultLogConfig,
        cleanShutdown: opened.cleanShutdown,
        recoveryPoint: recoveryPoints.get(topicPartition) ?? 0,
        logStartOffset: logStartOffsets.get(topicPartition) ?? 0,
        ...(trustedEndOffset === undefined ? {} : { trustedEndOffset }),
      });
      partitions.push(recovery);
      const partitionsTotal = opened.partitions.length;
      const done = { partitionsDone: partitions.length, partitionsTotal, bytesChecked };
      options.onProgress?.({ directory, ...done, bytesTotal: undefined });
      stamps.delete(partitionKey(topicPartition));
      if (log === undefined) continue;
      await log.close();
      const renewed = log.stamp();
      if (renewed !== undefined) stamps.set(partitionKey(topicPartition), renewed);
      recoveryPoints.set(topicPartition, log.recoveryPoint);
      if (log.logStartOffset > 0) logStartOffsets.set(topicPartition, log.logStartOffset);
    }
    const save = (name: string, table: OffsetTable): Promise<void> =>
      new OffsetCheckpoint(fileSystem, directory, name).write(table.values());
    await save(LOG_START_CHECKPOINT, logStartOffsets);
    await save(RECOVERY_POINT_CHECKPOINT, recoveryPoints);
    if (partitions.length > 0) await writeLogStamps(fileSystem, directory, [...stamps.values()]);
    if (partitions.every(({ offlineReason }) => offlineReason === undefined))
      await callClean(fileSystem, directory);
    return {
      cleanShutdown: opened.cleanShutdown,
      partitions,
      elapsedMs: clock.monotonicMs() - startMs,
    };
  } finally {
    opened.lock.release();
  }
}

async function callClean(fileSystem: FileSystem, directory: string): Promise<void> {
  if (fileSystem.existsSync(`${directory}/${SYNC_FAILURE_CHECKPOINT}`))
    await forgetSyncFailure(fileSystem, directory);
  await markCleanShutdown(fileSystem, directory);
}

function tableOf(offsets: Iterable<TopicPartition & { readonly offset: number }>): OffsetTable {
  const table = new OffsetTable();
  for (const entry of offsets) table.set(entry, entry.offset);
  return table;
}
