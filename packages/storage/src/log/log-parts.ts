import type { Clock, FileSystem, Logger, Random } from "@ottla/runtime";
import type { TopicPartition } from "../engine/storage-engine.ts";
import type { Segments } from "../segment/segments.ts";
import type { LeaderEpochCache } from "../state/leader-epoch-cache.ts";
import type { ProducerState } from "../state/producer-state.ts";
import type { LogConfig } from "./log-config.ts";
import type { TransactionIndexes } from "./transaction-indexes.ts";
import type { LogStamp } from "./log-stamp.ts";

/** What recovery hands over: a log whose files are in order and synced up to `logEndOffset`. */
export interface LogParts {
  readonly fileSystem: FileSystem;
  readonly clock: Clock;
  readonly random: Random | undefined;
  readonly logger: Logger;
  readonly directory: string;
  readonly topicPartition: TopicPartition;
  readonly topicId: string;
  readonly config: LogConfig;
  readonly segments: Segments;
  readonly producerState: ProducerState;
  readonly leaderEpochs: LeaderEpochCache;
  readonly transactions: TransactionIndexes;
  readonly logStartOffset: number;
  readonly logEndOffset: number;
  /** When the log was opened by it. */
  readonly stamp?: LogStamp;
}
