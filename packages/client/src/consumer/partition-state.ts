import { partitionKey, type TopicPartition } from "../topic-partition.ts";
import type { OffsetSpec } from "../list-offsets.ts";

/**
 * What the consumer knows about one partition that it reads.
 *
 * Invariant: `processed` <= `position` <= `fetchOffset` while no seek happens.
 */
export class PartitionState implements TopicPartition {
  readonly topic: string;
  readonly partition: number;
  readonly key: string;
  /** Offset of the next record for the user; undefined until it is known. */
  position: number | undefined;
  /** Offset to ask the broker for next; ahead of the position by what lies in the buffer. */
  fetchOffset = 0;
  /** What may be committed: everything before it was handled by the user. */
  processed: number | undefined;
  /** What was committed last, so that a commit without progress is left out. */
  committed: number | undefined;
  /** Of the last record that was handed out; goes into commits. */
  leaderEpoch = -1;
  /** Where to begin, when that has to be looked up. */
  reset: OffsetSpec | undefined;
  isPaused = false;
  /** Whether the partition was given up; what comes for it is dropped. */
  isRevoked = false;
  /** Grows with each seek; answers to requests from before it are dropped. */
  seekEpoch = 0;
  /** Nothing is asked for before this time. */
  retryAtMs = 0;
  failures = 0;
  isFetching = false;
  /** Fetched pieces that wait in the buffer. */
  buffered = 0;

  constructor({ topic, partition }: TopicPartition) {
    this.topic = topic;
    this.partition = partition;
    this.key = partitionKey({ topic, partition });
  }

  seek(offset: number): void {
    this.position = offset;
    this.fetchOffset = offset;
    this.processed = offset;
    this.reset = undefined;
    this.seekEpoch += 1;
    this.leaderEpoch = -1;
    this.retryAtMs = 0;
  }

  /** The position has to be looked up first. */
  seekTo(spec: OffsetSpec): void {
    this.position = undefined;
    this.processed = undefined;
    this.reset = spec;
    this.seekEpoch += 1;
    this.retryAtMs = 0;
  }
}
