import { ZERO_UUID } from "@ottla/protocol";
import type { Clock, FileSystem, Logger, Random } from "@ottla/runtime";
import { join } from "node:path";
import {
  DAMAGED_TOPIC_ID,
  encodeLeaderEpochs,
  readLeaderEpochs,
  readTopicId,
  syncTopicIdNow,
  writeTopicIdNow,
} from "../checkpoint/partition-files.ts";
import { replaceFileNow } from "../checkpoint/checkpoint-file.ts";
import type { PartitionRecovery, TopicPartition } from "../engine/storage-engine.ts";
import type { LogConfig } from "../log/log-config.ts";
import { Log } from "../log/log.ts";
import type { LogParts } from "../log/log-parts.ts";
import { TransactionIndexes } from "../log/transaction-indexes.ts";
import { stampedSegments, type LogStamp } from "../log/log-stamp.ts";
import { LEADER_EPOCH_CHECKPOINT } from "../segment/segment-files.ts";
import type { Segment } from "../segment/segment.ts";
import { Segments } from "../segment/segments.ts";
import { LeaderEpochCache, type EpochEntry } from "../state/leader-epoch-cache.ts";
import { ProducerState } from "../state/producer-state.ts";
import { decodeProducerSnapshot } from "../state/producer-snapshot.ts";
import { createPartitionDirectory, listSegments, removeLeftovers } from "./directory-pass.ts";
import { PartitionDamage } from "./partition-damage.ts";
import { readFirstOffset, readFirstTimestamp, readSegmentEpochs } from "./segment-recovery.ts";
import { loadTransactions } from "./transactions-pass.ts";
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
  /** What the log was like when it was last in order; believed when nothing was touched since. */
  readonly stamp?: LogStamp;
  /** Leaves pass 7 to `LoadedLog.sync`, so that many logs can be synced at once. */
  readonly syncLater?: true;
  /** Told about bytes of log as they are checked. */
  readonly onBytesChecked?: (bytes: number) => void;
}

export interface LoadedLog {
  /** Undefined exactly when `recovery.offlineReason` is set. */
  readonly log: Log | undefined;
  readonly recovery: PartitionRecovery;
  /** Pass 7, when it was asked to come later. The log counts once it resolves. */
  readonly sync?: () => Promise<void>;
}

/**
 * Opens a log by its stamp, without opening a file, or answers undefined: something was touched since, or the
 * stamp is not known to be synced. After a clean stop all is synced; after any other what lies below the recovery
 * point is. A stamp is only made of a log that was synced, but who truncates a log moves its recovery point first,
 * and so takes the word from the stamps of before.
 */
export function loadStampedLog(options: LoadLogOptions): LoadedLog | undefined {
  const { stamp, topicId, recoveryPoint, cleanShutdown, trustedEndOffset } = options;
  if (stamp === undefined || trustedEndOffset !== undefined) return undefined;
  const { logEndOffset } = stamp;
  const synced = cleanShutdown ? recoveryPoint <= logEndOffset : recoveryPoint === logEndOffset;
  if (!synced || (topicId !== undefined && topicId !== stamp.topicId)) return undefined;
  const producers =
    stamp.producers === undefined ? [] : decodeProducerSnapshot(Buffer.from(stamp.producers));
  const segments = stampedSegments(options.fileSystem, options.directory, stamp);
  if (producers === undefined || segments === undefined) return undefined;
  // Segments that the log start has passed since have files to remove: the passes do that.
  const logStartOffset = Math.max(options.logStartOffset ?? 0, segments.first.baseOffset);
  if (segments.floorIndex(logStartOffset) > 0) return undefined;
  // The index of the active segment would have to be read: the passes do that.
  if (stamp.abortedIn.includes(segments.active.baseOffset)) return undefined;
  const producerState = new ProducerState();
  producerState.restore(producers);
  const leaderEpochs = new LeaderEpochCache(stamp.leaderEpochs);
  const log = assembleLog(options, {
    segments,
    producerState,
    leaderEpochs,
    transactions: new TransactionIndexes({ ...options, segments }, stamp.abortedIn),
    logStartOffset,
    logEndOffset,
    topicId: stamp.topicId,
    stamp,
  });
  const found = { logEndOffset, truncatedBytes: 0, rebuiltIndexes: 0 };
  return {
    log,
    recovery: { ...options.topicPartition, recoveredFromOffset: logEndOffset, ...found },
  };
}

type FoundParts = Pick<
  LogParts,
  | "segments"
  | "producerState"
  | "leaderEpochs"
  | "transactions"
  | "logStartOffset"
  | "logEndOffset"
  | "topicId"
> & { readonly stamp?: LogStamp };

/** The log over parts that were found, or made. */
export function assembleLog(options: LoadLogOptions, found: FoundParts): Log {
  const { fileSystem, clock, random, logger, directory, topicPartition, config } = options;
  const seams = { fileSystem, clock, random, logger };
  return new Log({ ...seams, ...found, directory, topicPartition, config });
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
 * 6. Producer state and transaction indexes: newest sound snapshot plus replay.
 * 7. Sync what was found, so that all of the log counts as durable from here on; of an empty log the topic id, too.
 *
 * A failing disk is not damage: its error is thrown.
 */
export function loadLog(options: LoadLogOptions): LoadedLog {
  const { topic, partition } = options.topicPartition;
  try {
    return loadStampedLog(options) ?? new LogLoader(options).load();
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
    const { names, changed } = removeLeftovers(fileSystem, directory);
    const topicId = this.#settleTopicId();
    const epochsInFile = readLeaderEpochs(fileSystem, directory);
    const leaderEpochs = new LeaderEpochCache(epochsInFile);
    const pass = this.#checkSegments(leaderEpochs, names);
    const { logEndOffset, checkedFrom, truncatedBytes, rebuiltIndexes } = pass;
    const segments = new Segments(pass.segments);
    segments.active.firstTimestamp ??= readFirstTimestamp(segments.active);
    const logStartOffset = Math.max(this.#options.logStartOffset ?? 0, segments.first.baseOffset);
    const bounds = { logStartOffset, logEndOffset };
    const epochsLost =
      epochsInFile === undefined ||
      (!pass.clean && startTooLate(epochsInFile, segments, logStartOffset));
    this.#settleEpochs({ leaderEpochs, epochsInFile, epochsLost }, segments, bounds);
    const { clean } = pass;
    const { logger } = this.#options;
    const loaded = { fileSystem, clock, logger, directory, segments, logEndOffset };
    const compacted = this.#options.config.cleanupPolicy.includes("compact");
    const checked = { checkedFrom, clean, compacted };
    const { producerState, transactions } = loadTransactions({ ...loaded, ...checked });
    const { syncLater } = this.#options;
    // A log that holds something was answered for when it was made, and its metadata synced before that.
    if (!pass.clean && logEndOffset === 0) syncTopicIdNow(fileSystem, directory);
    const namesSynced = pass.clean || (!changed && this.#namesSynced(pass, names));
    if (!namesSynced && !syncLater) fileSystem.syncDirectoryNow(directory);
    const state = { segments, producerState, leaderEpochs, transactions, ...bounds };
    const log = assembleLog(this.#options, { ...state, topicId });
    const recoveredFromOffset = checkedFrom;
    const found = { recoveredFromOffset, logEndOffset, truncatedBytes, rebuiltIndexes };
    const result = { log, recovery: { ...topicPartition, ...found } };
    if (!syncLater || (namesSynced && pass.unsynced.length === 0)) return result;
    const unsyncedNames = namesSynced ? undefined : directory;
    return { ...result, sync: () => syncFound(fileSystem, pass.unsynced, unsyncedNames) };
  }

  /**
   * True when no name came or went here and that of the newest segment is known to be on disk: a sync of names comes
   * before the recovery point moves past the base of a segment, and before anything is appended to the first one. Files
   * that are replaced under their names are synced by who replaces them.
   */
  #namesSynced({ segments, logEndOffset }: SegmentsPassResult, names: readonly string[]): boolean {
    const { fileSystem, directory, recoveryPoint, trustedEndOffset } = this.#options;
    const { baseOffset } = segments.at(-1)!;
    const isKnown = baseOffset === 0 ? logEndOffset > 0 : baseOffset < recoveryPoint;
    if (!isKnown || trustedEndOffset !== undefined) return false;
    const found = fileSystem.listSync(directory);
    return found.length === names.length && found.every((name, index) => name === names[index]);
  }

  #checkSegments(leaderEpochs: LeaderEpochCache, names: readonly string[]): SegmentsPassResult {
    const { fileSystem, directory } = this.#options;
    const logStartOffset = this.#options.logStartOffset ?? 0;
    // Only synced records are ever deleted, so that the log start is a synced offset, too.
    const recoveryPoint = Math.max(this.#options.recoveryPoint, logStartOffset);
    const listed = listSegments(fileSystem, directory, names, { recoveryPoint, logStartOffset });
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
    {
      leaderEpochs,
      epochsInFile,
      epochsLost,
    }: {
      readonly leaderEpochs: LeaderEpochCache;
      readonly epochsInFile: readonly EpochEntry[] | undefined;
      readonly epochsLost: boolean;
    },
    segments: Segments,
    { logStartOffset, logEndOffset }: { logStartOffset: number; logEndOffset: number },
  ): void {
    const { fileSystem, directory } = this.#options;
    if (epochsLost && logEndOffset > segments.first.baseOffset) {
      leaderEpochs.truncateFromEnd(0);
      for (const segment of segments.all()) readSegmentEpochs(segment, leaderEpochs);
    }
    leaderEpochs.truncateFromEnd(logEndOffset);
    leaderEpochs.truncateFromStart(logStartOffset);
    if (!leaderEpochs.differsFrom(epochsInFile)) {
      leaderEpochs.dirty = false;
      return;
    }
    replaceFileNow(
      fileSystem,
      join(directory, LEADER_EPOCH_CHECKPOINT),
      encodeLeaderEpochs(leaderEpochs.entries()),
    );
    leaderEpochs.dirty = false;
  }
}

async function syncFound(
  fileSystem: FileSystem,
  segments: readonly Segment[],
  directory: string | undefined,
): Promise<void> {
  await Promise.all(segments.map((segment) => segment.dataSync()));
  if (directory !== undefined) await fileSystem.syncDirectory(directory);
}

/**
 * True when the first batches are older than the first known epoch: the epochs followed a move of the log start
 * that a crash undid.
 */
function startTooLate(
  epochs: readonly EpochEntry[],
  segments: Segments,
  logStartOffset: number,
): boolean {
  const firstOffset = readFirstOffset(segments.first);
  const [first] = epochs;
  if (firstOffset === undefined || first === undefined) return false;
  return first.startOffset > Math.max(firstOffset, logStartOffset);
}
