import type { Consumer, TopicPartition } from "@ottla/client";

/** The ends of partitions as they were when the consumer got them: where `-e` stops. */
export class EndOffsets {
  readonly #consumer: Consumer;
  readonly #ends = new Map<string, number>();

  constructor(consumer: Consumer) {
    this.#consumer = consumer;
  }

  /** Records up to the ends, as far as that is known before reading; undefined in a group. */
  async count(): Promise<number | undefined> {
    const assigned = this.#consumer.assignment();
    if (assigned.length === 0) return undefined;
    await this.#learn(assigned);
    const beginnings = await this.#consumer.beginningOffsets(assigned);
    return beginnings.reduce((sum, { topic, partition, offset }) => {
      const from = this.#consumer.position({ topic, partition }) ?? offset;
      return sum + Math.max(0, (this.#ends.get(`${topic}/${partition}`) ?? 0) - from);
    }, 0);
  }

  /** Nothing assigned is not an end: a group may still be on its way to an assignment. */
  async areReached(): Promise<boolean> {
    const assigned = this.#consumer.assignment();
    if (assigned.length === 0) return false;
    await this.#learn(assigned.filter((one) => !this.#ends.has(keyOf(one))));
    return assigned.every((one) => {
      const position = this.#consumer.position(one);
      return (
        position !== undefined &&
        position >= (this.#ends.get(keyOf(one)) ?? Number.POSITIVE_INFINITY)
      );
    });
  }

  async #learn(partitions: readonly TopicPartition[]): Promise<void> {
    if (partitions.length === 0) return;
    for (const end of await this.#consumer.endOffsets(partitions))
      this.#ends.set(keyOf(end), end.offset);
  }
}

function keyOf({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`;
}
