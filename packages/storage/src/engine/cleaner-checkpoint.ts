import type { PartitionOffset } from "../checkpoint/offset-checkpoint.ts";
import { partitionKey } from "./directory-names.ts";
import type { TopicPartition } from "./storage-engine.ts";

/**
 * The first dirty offsets of the compacted logs of a directory. An entry never claims more than was cleaned: it is
 * noted after the swap of the last segment below it. When it is lost, the log is cleaned again from its start.
 * One write is in flight at a time; requests that come meanwhile share the next.
 */
export class CleanerCheckpoint {
  readonly #write: (offsets: readonly PartitionOffset[]) => Promise<void>;
  readonly #offsets = new Map<string, PartitionOffset>();
  #inFlight: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  constructor(write: (offsets: readonly PartitionOffset[]) => Promise<void>) {
    this.#write = write;
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
    if (this.#inFlight === undefined) {
      this.#inFlight = this.#write([...this.#offsets.values()]).finally(() => {
        this.#inFlight = undefined;
      });
      return this.#inFlight;
    }
    const before = this.#inFlight;
    this.#next ??= before
      // A failed write was reported to whoever asked for it; this one stands for itself.
      .catch(() => {})
      .then(() => {
        this.#next = undefined;
        return this.save();
      });
    return this.#next;
  }
}
