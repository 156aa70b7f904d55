import type { PartitionOffset } from "../checkpoint/offset-checkpoint.ts";
import { SharedWrite } from "../checkpoint/shared-write.ts";
import type { Checkpoints, ClosedLog } from "./host-calls.ts";
import { partitionKey } from "./directory-names.ts";
import type { TopicPartition } from "./storage-engine.ts";

/** A partition, or what is known of one. */
export interface LogStartOf extends TopicPartition {
  readonly logStartOffset: number;
  readonly isTruncating: boolean;
}

/**
 * The recovery points and log start offsets of a whole log directory, in two files. A recovery
 * point is noted only after the sync that it names.
 */
export class CheckpointKeeper {
  readonly #write: (checkpoints: Checkpoints) => Promise<unknown>;
  readonly #recoveryPoints = new Map<string, PartitionOffset>();
  readonly #logStartOffsets = new Map<string, PartitionOffset>();
  readonly #saves = new SharedWrite(() => this.#saveNow());

  constructor(write: (checkpoints: Checkpoints) => Promise<unknown>) {
    this.#write = write;
  }

  /** Entries of partitions that stay offline are kept as they were found. */
  seed(checkpoints: Checkpoints): void {
    for (const entry of checkpoints.recoveryPoints)
      this.#recoveryPoints.set(partitionKey(entry), entry);
    for (const entry of checkpoints.logStartOffsets)
      this.#logStartOffsets.set(partitionKey(entry), entry);
  }

  noteRecoveryPoint(
    { topic, partition }: TopicPartition,
    closed: Pick<ClosedLog, "recoveryPoint">,
  ): void {
    this.#recoveryPoints.set(partitionKey({ topic, partition }), {
      topic,
      partition,
      offset: closed.recoveryPoint,
    });
  }

  /** While a log is truncated its bounds are noted by whoever truncates it. */
  noteLogStart({ topic, partition, logStartOffset, isTruncating }: LogStartOf): void {
    if (isTruncating) return;
    this.#logStartOffsets.set(partitionKey({ topic, partition }), {
      topic,
      partition,
      offset: logStartOffset,
    });
  }

  recoveryPoint(topicPartition: TopicPartition): number {
    return this.#recoveryPoints.get(partitionKey(topicPartition))?.offset ?? 0;
  }

  logStartOffset(topicPartition: TopicPartition): number {
    return this.#logStartOffsets.get(partitionKey(topicPartition))?.offset ?? 0;
  }

  /** Returns whether there was anything to forget. */
  forget(topicPartition: TopicPartition): boolean {
    const key = partitionKey(topicPartition);
    const hadStart = this.#logStartOffsets.delete(key);
    return this.#recoveryPoints.delete(key) || hadStart;
  }

  /** Resolves when what is noted now is on disk. */
  save(): Promise<void> {
    return this.#saves.save();
  }

  async #saveNow(): Promise<void> {
    await this.#write({
      recoveryPoints: [...this.#recoveryPoints.values()],
      logStartOffsets: [...this.#logStartOffsets.values()].filter(({ offset }) => offset > 0),
    });
  }
}
