import { ZERO_UUID } from "@ottla/protocol";
import type { Clock, FileSystem, Logger, Random } from "@ottla/runtime";
import { join } from "node:path";
import {
  DAMAGED_TOPIC_ID,
  encodeLeaderEpochs,
  readLeaderEpochs,
  readTopicId,
  writeTopicIdNow,
} from "../checkpoint/partition-files.ts";
import { replaceFileNow } from "../checkpoint/checkpoint-file.ts";
import type { PartitionRecovery, TopicPartition } from "../engine/storage-engine.ts";
import type { LogConfig } from "../log/log-config.ts";
import { Log } from "../log/log.ts";
import { LEADER_EPOCH_CHECKPOINT } from "../segment/segment-files.ts";
import { Segments } from "../segment/segments.ts";
import { LeaderEpochCache } from "../state/leader-epoch-cache.ts";
import { ProducerState } from "../state/producer-state.ts";
import { replayProducerState } from "../state/producer-state-loader.ts";
import { createPartitionDirectory, listSegments, removeLeftovers } from "./directory-pass.ts";
import { PartitionDamage } from "./partition-damage.ts";
import { readFirstTimestamp, readSegmentEpochs } from "./segment-recovery.ts";
import { SegmentsPass, type SegmentsPassResult } from "./segments-pass.ts";

export interface LoadLogOptions {
  readonly fileSystem: FileSystem;
  readonly clock: Clock;
  /** For segment jitter; without it there is none. */
  readonly random?: Random;
  readonly logger: Logger;
  /** The partition's own directory (`<log dir>/<topic>-<partition>`); created and synced when missing. */
  readonly directory: string;
  readonly topicPartition: TopicPartition;
  /** Written to partition.metadata when the file is missing; must match when it exists. */
  readonly topicId?: string;
  readonly config: LogConfig;
  readonly cleanShutdown: boolean;
  /** From recovery-point-offset-checkpoint; 0 when unknown. */
  readonly recoveryPoint: number;
  /** From log-start-offset-checkpoint; 0 when unknown. */
  readonly logStartOffset?: number;
  /** Set after a failed sync: nothing from this offset on is trusted. */
  readonly trustedEndOffset?: number;
}

export interface LoadedLog {
  /** Undefined exactly when `recovery.offlineReason` is set. */
  readonly log: Log | undefined;
  readonly recovery: PartitionRecovery;
}

/**
 * Opens a partition's log in numbered passes. Each is idempotent: a crash in the middle is followed by the
 * same passes from the start.
 *
 * 1. Remove leftovers: temporary, cleaned and deleted files.
 * 2. Settle the topic id.
 * 3. List the segments; remove index and snapshot files without a log; start an empty log when there is none.
 * 4. Clean stop: find the end of the log. Otherwise check every batch from the segment of the recovery point
 *    on, rebuild indexes, cut a torn tail; damage below the recovery point ends the load.
 * 5. Leader epochs: from the file, completed by pass 4; from all batches when the file is damaged.
 * 6. Producer state: newest sound snapshot plus replay.
 * 7. Sync what was found, so that all of the log counts as durable from here on.
 *
 * A failing disk is not damage: its error is thrown.
 */
export function loadLog(options: LoadLogOptions): LoadedLog {
  const { topic, partition } = options.topicPartition;
  try {
    return new LogLoader(options).load();
  } catch (error) {
    if (!(error instanceof PartitionDamage)) throw error;
    options.logger.error("partition stays offline", { topic, partition, reason: error.message });
    const recovery = {
      topic,
      partition,
      recoveredFromOffset: options.recoveryPoint,
      logEndOffset: options.recoveryPoint,
      truncatedBytes: 0,
      rebuiltIndexes: 0,
    };
    return { log: undefined, recovery: { ...recovery, offlineReason: error.message } };
  }
}

class LogLoader {
  readonly #options: LoadLogOptions;

  constructor(options: LoadLogOptions) {
    this.#options = options;
  }

  load(): LoadedLog {
    const { fileSystem, directory, topicPartition, clock } = this.#options;
    createPartitionDirectory(fileSystem, directory);
    removeLeftovers(fileSystem, directory);
    const topicId = this.#settleTopicId();
    const epochsInFile = readLeaderEpochs(fileSystem, directory);
    const leaderEpochs = new LeaderEpochCache(epochsInFile);
    const pass = this.#checkSegments(leaderEpochs);
    const { logEndOffset, checkedFrom, truncatedBytes, rebuiltIndexes } = pass;
    const segments = new Segments(pass.segments);
    segments.active.firstTimestamp ??= readFirstTimestamp(segments.active);
    const logStartOffset = Math.max(this.#options.logStartOffset ?? 0, segments.first.baseOffset);
    const bounds = { logStartOffset, logEndOffset };
    this.#settleEpochs(leaderEpochs, epochsInFile === undefined, segments, bounds);
    const producerState = new ProducerState();
    const nowMs = clock.nowMs();
    replayProducerState(producerState, { fileSystem, directory, segments, logEndOffset, nowMs });
    if (!pass.clean) fileSystem.syncDirectoryNow(directory);
    const { random, logger, config } = this.#options;
    const seams = { fileSystem, clock, random, logger };
    const state = { segments, producerState, leaderEpochs, ...bounds };
    const log = new Log({ ...seams, ...state, directory, topicPartition, topicId, config });
    const recoveredFromOffset = checkedFrom;
    const found = { recoveredFromOffset, logEndOffset, truncatedBytes, rebuiltIndexes };
    return { log, recovery: { ...topicPartition, ...found } };
  }

  #checkSegments(leaderEpochs: LeaderEpochCache): SegmentsPassResult {
    const { fileSystem, directory } = this.#options;
    const logStartOffset = this.#options.logStartOffset ?? 0;
    // Only synced records are ever deleted, so that the log start is a synced offset, too.
    const recoveryPoint = Math.max(this.#options.recoveryPoint, logStartOffset);
    const listed = listSegments(fileSystem, directory, { recoveryPoint, logStartOffset });
    const options = { ...this.#options, recoveryPoint, logStartOffset };
    return new SegmentsPass(options, listed, leaderEpochs).run();
  }

  #settleTopicId(): string {
    const { fileSystem, directory, topicId } = this.#options;
    const found = readTopicId(fileSystem, directory);
    if (found !== undefined && found !== DAMAGED_TOPIC_ID) {
      if (topicId !== undefined && topicId !== found)
        throw new PartitionDamage(`${directory} belongs to topic id ${found}, not ${topicId}`);
      return found;
    }
    if (topicId === undefined) return ZERO_UUID;
    writeTopicIdNow(fileSystem, directory, topicId);
    return topicId;
  }

  #settleEpochs(
    leaderEpochs: LeaderEpochCache,
    fileLost: boolean,
    segments: Segments,
    { logStartOffset, logEndOffset }: { logStartOffset: number; logEndOffset: number },
  ): void {
    const { fileSystem, directory } = this.#options;
    if (fileLost && logEndOffset > segments.first.baseOffset) {
      leaderEpochs.truncateFromEnd(0);
      for (const segment of segments.all()) readSegmentEpochs(segment, leaderEpochs);
    }
    leaderEpochs.truncateFromEnd(logEndOffset);
    leaderEpochs.truncateFromStart(logStartOffset);
    if (!leaderEpochs.dirty) return;
    replaceFileNow(
      fileSystem,
      join(directory, LEADER_EPOCH_CHECKPOINT),
      encodeLeaderEpochs(leaderEpochs.entries()),
    );
    leaderEpochs.dirty = false;
  }
}
