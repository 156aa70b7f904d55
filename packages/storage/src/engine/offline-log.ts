import { ErrorCode } from "@ottla/protocol";
import { StorageError } from "../log/storage-error.ts";
import { refused } from "./refused.ts";
import type {
  AppendOutcome,
  PartitionLog,
  ReadOutcome,
  TimestampOffset,
  TopicPartition,
} from "./storage-engine.ts";

export interface OfflineLogOptions extends TopicPartition {
  readonly topicId: string;
  /** Where it would lie, when that is known. */
  readonly directory?: string;
}

/**
 * Stands for a log that is known to exist and cannot be reached, because its log directory is offline or
 * missing. It is never made anew and empty elsewhere: that would look like a log without records.
 */
export class OfflineLog implements PartitionLog {
  readonly topic: string;
  readonly partition: number;
  readonly topicId: string;
  readonly directory: string;
  readonly logStartOffset = 0;
  readonly logEndOffset = 0;
  readonly durableOffset = 0;
  readonly lastStableOffset = 0;
  readonly hasAbortedTransactions = false;
  readonly latestLeaderEpoch = -1;
  readonly sizeBytes = 0;
  readonly online = false;
  onChange: (() => void) | undefined;

  constructor({ topic, partition, topicId, directory = "" }: OfflineLogOptions) {
    this.topic = topic;
    this.partition = partition;
    this.topicId = topicId;
    this.directory = directory;
  }

  append(): Promise<AppendOutcome> {
    return Promise.resolve(refused(ErrorCode.KAFKA_STORAGE_ERROR));
  }

  readTail(): ReadOutcome {
    return { ok: false, errorCode: ErrorCode.KAFKA_STORAGE_ERROR };
  }

  read(): Promise<ReadOutcome> {
    return Promise.resolve(this.readTail());
  }

  offsetForTimestamp(): Promise<TimestampOffset | undefined> {
    return this.#reject();
  }

  offsetOfMaxTimestamp(): Promise<TimestampOffset | undefined> {
    return this.#reject();
  }

  endOffsetForEpoch(): Promise<never> {
    return this.#reject();
  }

  epochForOffset(): Promise<never> {
    return this.#reject();
  }

  deleteRecordsBefore(): Promise<never> {
    return this.#reject();
  }

  abortedTransactions(): Promise<never> {
    return this.#reject();
  }

  producers(): Promise<never> {
    return this.#reject();
  }

  truncateTo(): Promise<never> {
    return this.#reject();
  }

  truncateFullyAndStartAt(): Promise<never> {
    return this.#reject();
  }

  updateConfig(): Promise<never> {
    return this.#reject();
  }

  #reject(): Promise<never> {
    return Promise.reject(
      new StorageError(`the log directory of ${this.topic}-${this.partition} is offline`, {
        fatal: false,
      }),
    );
  }
}
