import type { AssignedFrom, Consumer, TopicPartition } from "@ottla/client";
import { CommandError } from "../failure/exit.ts";
import type { StartOffset } from "./start-offset.ts";

/** Topics rarely grow, so it is enough to look now and then. */
const GROWTH_CHECK_MS = 15_000;

/** Assigns partitions without a group, from the asked place, and takes up partitions that are added later. */
export class PartitionReader {
  readonly #consumer: Consumer;
  readonly #topics: readonly string[];
  readonly #partitions: readonly number[] | undefined;
  readonly #start: StartOffset;
  #checkedMs = performance.now();

  constructor(
    consumer: Consumer,
    origin: {
      readonly topics: readonly string[];
      readonly partitions?: readonly number[];
      readonly start: StartOffset;
    },
  ) {
    this.#consumer = consumer;
    this.#topics = origin.topics;
    this.#partitions = origin.partitions;
    this.#start = origin.start;
  }

  async begin(): Promise<void> {
    const existing = await this.#listPartitions();
    for (const partition of this.#partitions ?? []) {
      if (existing.some((one) => one.partition === partition)) continue;
      throw new CommandError(
        `topic ${this.#topics.join(", ")} has no partition ${partition}: it has ${existing.length}, counted from 0`,
      );
    }
    const wanted = this.#partitions;
    const chosen = existing.filter(
      ({ partition }) => wanted === undefined || wanted.includes(partition),
    );
    this.#consumer.assign(await this.#placeAt(chosen));
  }

  /** Records of a partition that was added while we read are all new, so it is read from its beginning. */
  async takeNewPartitions(): Promise<void> {
    if (this.#partitions !== undefined || performance.now() - this.#checkedMs < GROWTH_CHECK_MS)
      return;
    this.#checkedMs = performance.now();
    const assigned = this.#consumer.assignment();
    const added = (await this.#listPartitions()).filter(
      (one) =>
        !assigned.some(
          ({ topic, partition }) => topic === one.topic && partition === one.partition,
        ),
    );
    // Positions that are still being looked up would be lost; the next check comes soon.
    const positions = assigned.map((one) => ({ ...one, offset: this.#consumer.position(one) }));
    if (added.length === 0 || positions.some(({ offset }) => offset === undefined)) return;
    this.#consumer.assign([
      ...positions,
      ...added.map((one) => ({ ...one, offset: "earliest" as const })),
    ]);
  }

  async #listPartitions(): Promise<TopicPartition[]> {
    const topics = await Promise.all(
      this.#topics.map((topic) => this.#consumer.partitionsFor(topic)),
    );
    return topics.flatMap(({ name, partitions }) =>
      partitions.map(({ partition }) => ({ topic: name, partition })),
    );
  }

  async #placeAt(partitions: readonly TopicPartition[]): Promise<AssignedFrom[]> {
    const start = this.#start;
    switch (start.kind) {
      case "beginning":
        return partitions.map((one) => ({ ...one, offset: "earliest" }));
      case "end":
        return partitions.map((one) => ({ ...one, offset: "latest" }));
      case "offset":
        return partitions.map((one) => ({ ...one, offset: start.offset }));
      case "timestamp":
        return partitions.map((one) => ({ ...one, offset: { timestamp: start.timestampMs } }));
      case "last": {
        const [beginnings, ends] = await Promise.all([
          this.#consumer.beginningOffsets(partitions),
          this.#consumer.endOffsets(partitions),
        ]);
        return ends.map(({ topic, partition, offset }, index) => ({
          topic,
          partition,
          offset: Math.max(offset - start.count, beginnings[index]?.offset ?? 0),
        }));
      }
      default:
        return start satisfies never;
    }
  }
}
