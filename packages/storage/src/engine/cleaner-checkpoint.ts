import type { PartitionOffset } from "../checkpoint/offset-checkpoint.ts";
import { SharedWrite } from "../checkpoint/shared-write.ts";
import { partitionKey } from "./directory-names.ts";
import type { TopicPartition } from "./storage-engine.ts";

/**
 * The first dirty offsets of the compacted logs of a directory. An entry never claims more than was cleaned: it is
 * noted after the swap of the last segment below it. When it is lost, the log is cleaned again from its start.
 */
export class CleanerCheckpoint {
  readonly #offsets = new Map<string, PartitionOffset>();
  readonly #saves: SharedWrite;

  constructor(write: (offsets: readonly PartitionOffset[]) => Promise<void>) {
    this.#saves = new SharedWrite(() => write([...this.#offsets.values()]));
  }

  seed(offsets: Iterable<PartitionOffset>): void {
    for (const entry of offsets) this.#offsets.set(partitionKey(entry), entry);
  }

  offsetOf(topicPartition: TopicPartition): number | undefined {
    return this.#offsets.get(partitionKey(topicPartition))?.offset;
  }

  note({ topic, partition }: TopicPartition, offset: number): void {
    this.#offsets.set(partitionKey({ topic, partition }), { topic, partition, offset });
  }

  /** The log is gone. Returns whether there was anything to forget. */
  forget(topicPartition: TopicPartition): boolean {
    return this.#offsets.delete(partitionKey(topicPartition));
  }

  /** The log is to be cut: what is written there afterwards is not clean. Returns whether that changes anything. */
  cutTo(topicPartition: TopicPartition, offset: number): boolean {
    const known = this.offsetOf(topicPartition);
    if (known === undefined || known <= offset) return false;
    this.note(topicPartition, offset);
    return true;
  }

  /** Resolves when what is noted now is on disk. */
  save(): Promise<void> {
    return this.#saves.save();
  }
}
