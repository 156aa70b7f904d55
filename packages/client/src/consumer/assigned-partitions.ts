import { ErrorCode } from "@ottla/protocol";
import { KafkaError } from "../errors.ts";
import { partitionKey, type TopicPartition } from "../topic-partition.ts";
import { PartitionState } from "./partition-state.ts";

/** The partitions that the consumer reads now. */
export class AssignedPartitions {
  readonly #states = new Map<string, PartitionState>();

  get states(): Iterable<PartitionState> {
    return this.#states.values();
  }

  list(): TopicPartition[] {
    return [...this.#states.values()].map(({ topic, partition }) => ({ topic, partition }));
  }

  topics(): string[] {
    return [...new Set([...this.#states.values()].map(({ topic }) => topic))];
  }

  find(topicPartition: TopicPartition): PartitionState | undefined {
    return this.#states.get(partitionKey(topicPartition));
  }

  get({ topic, partition }: TopicPartition): PartitionState {
    const state = this.#states.get(partitionKey({ topic, partition }));
    if (state === undefined) {
      throw new KafkaError(
        ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
        `${topic}-${partition} is not assigned to this consumer`,
      );
    }
    return state;
  }

  /** The states of these, or of all when none are named. */
  select(topicPartitions: readonly TopicPartition[] | undefined): PartitionState[] {
    if (topicPartitions === undefined) return [...this.#states.values()];
    return topicPartitions.map((topicPartition) => this.get(topicPartition));
  }

  add(topicPartition: TopicPartition): PartitionState {
    const state = new PartitionState(topicPartition);
    this.#states.set(state.key, state);
    return state;
  }

  remove(topicPartitions: readonly TopicPartition[]): void {
    for (const topicPartition of topicPartitions) {
      const key = partitionKey(topicPartition);
      const state = this.#states.get(key);
      if (state !== undefined) state.isRevoked = true;
      this.#states.delete(key);
    }
  }
}
