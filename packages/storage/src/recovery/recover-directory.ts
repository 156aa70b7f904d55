import type { Clock, FileSystem, Logger } from "@ottla/runtime";
import {
  LOG_START_CHECKPOINT,
  OffsetCheckpoint,
  OffsetTable,
  RECOVERY_POINT_CHECKPOINT,
  SYNC_FAILURE_CHECKPOINT,
} from "../checkpoint/offset-checkpoint.ts";
import { forgetSyncFailure, markCleanShutdown, openDirectory } from "../engine/directory-files.ts";
import { partitionDirectory } from "../engine/directory-names.ts";
import type {
  PartitionRecovery,
  RecoveryReport,
  TopicPartition,
} from "../engine/storage-engine.ts";
import { defaultLogConfig, type LogConfig } from "../log/log-config.ts";
import { loadLog } from "./log-loader.ts";

export interface RecoverOptions {
  readonly fileSystem: FileSystem;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Settings by partition; Kafka's defaults otherwise. Whether a topic is compacted matters here. */
  readonly configOf?: (topicPartition: TopicPartition) => LogConfig;
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
    const partitions: PartitionRecovery[] = [];
    for (const topicPartition of opened.partitions) {
      const trustedEndOffset = trustedEndOffsets.get(topicPartition);
      const { log, recovery } = loadLog({
        fileSystem,
        clock,
        logger,
        directory: partitionDirectory(directory, topicPartition),
        topicPartition,
        config: options.configOf?.(topicPartition) ?? defaultLogConfig,
        cleanShutdown: opened.cleanShutdown,
        recoveryPoint: recoveryPoints.get(topicPartition) ?? 0,
        logStartOffset: logStartOffsets.get(topicPartition) ?? 0,
        ...(trustedEndOffset === undefined ? {} : { trustedEndOffset }),
      });
      partitions.push(recovery);
      if (log === undefined) continue;
      await log.close();
      recoveryPoints.set(topicPartition, log.recoveryPoint);
      if (log.logStartOffset > 0) logStartOffsets.set(topicPartition, log.logStartOffset);
    }
    await new OffsetCheckpoint(fileSystem, directory, LOG_START_CHECKPOINT).write(
      logStartOffsets.values(),
    );
    await new OffsetCheckpoint(fileSystem, directory, RECOVERY_POINT_CHECKPOINT).write(
      recoveryPoints.values(),
    );
    if (partitions.every(({ offlineReason }) => offlineReason === undefined)) {
      if (fileSystem.existsSync(`${directory}/${SYNC_FAILURE_CHECKPOINT}`))
        await forgetSyncFailure(fileSystem, directory);
      await markCleanShutdown(fileSystem, directory);
    }
    return {
      cleanShutdown: opened.cleanShutdown,
      partitions,
      elapsedMs: clock.monotonicMs() - startMs,
    };
  } finally {
    opened.lock.release();
  }
}

function tableOf(offsets: Iterable<TopicPartition & { readonly offset: number }>): OffsetTable {
  const table = new OffsetTable();
  for (const entry of offsets) table.set(entry, entry.offset);
  return table;
}
