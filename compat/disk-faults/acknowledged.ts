// What was sent to the partitions of a topic, what was acknowledged, and whether a log holds all of that.
import assert from "node:assert/strict";
import { batchOf, fetchFrom, produceTo, valuesOf } from "../../apps/broker/src/test/requests.ts";
import type { WireClient } from "../../apps/broker/src/test/wire-client.ts";

const IN_FLIGHT = 4;
const PADDING = ".".repeat(700);

export class Acknowledged {
  readonly topic: string;
  readonly partitions: number;
  /** By partition, then by offset. */
  readonly #values: Map<number, string>[];
  #sent = 0;

  constructor(topic: string, partitions: number) {
    this.topic = topic;
    this.partitions = partitions;
    this.#values = Array.from({ length: partitions }, () => new Map<number, string>());
  }

  get count(): number {
    return this.#values.reduce((sum, values) => sum + values.size, 0);
  }

  get sent(): number {
    return this.#sent;
  }

  /** The error code of the partition; rejects when the server closes the connection. */
  async produce(client: WireClient, partition = 0): Promise<number> {
    const value = `${this.#sent++}${PADDING}`;
    const answer = await produceTo(client, { topic: this.topic, partition }, batchOf([value]));
    if (answer.errorCode === 0) this.#values[partition]!.set(Number(answer.baseOffset), value);
    return answer.errorCode;
  }

  /** Sends to all partitions, several requests at a time, until the server closes the connection. Answers the error codes. */
  async produceUntilClosed(client: WireClient): Promise<Set<number>> {
    const codes = new Set<number>();
    const sender = async (partition: number): Promise<void> => {
      while (!client.isClosed) {
        try {
          codes.add(await this.produce(client, partition));
        } catch (error) {
          if (!client.isClosed) throw error;
        }
      }
    };
    const senders = Array.from({ length: this.partitions * IN_FLIGHT }, (_, index) =>
      sender(index % this.partitions),
    );
    await Promise.all(senders);
    return codes;
  }

  /** How many acknowledged records are not where their acknowledgement said. */
  async missing(client: WireClient): Promise<number> {
    let missing = 0;
    for (const [partition, acknowledged] of this.#values.entries()) {
      const found = await this.#read(client, partition);
      for (const [offset, value] of acknowledged) if (found.get(offset) !== value) missing++;
    }
    return missing;
  }

  /** Records in the logs, acknowledged or not. */
  async stored(client: WireClient): Promise<number> {
    let stored = 0;
    for (let partition = 0; partition < this.partitions; partition++)
      stored += (await this.#read(client, partition)).size;
    return stored;
  }

  async #read(client: WireClient, partition: number): Promise<Map<number, string>> {
    const found = new Map<number, string>();
    for (let offset = 0; ;) {
      const answer = await fetchFrom(client, this.topic, offset, { partition });
      assert.equal(answer.errorCode, 0, `fetch of ${this.topic}-${partition} from ${offset}`);
      const values = valuesOf(answer);
      if (values.length === 0) return found;
      for (const line of values) {
        const colon = line.indexOf(":");
        found.set(Number(line.slice(0, colon)), line.slice(colon + 1));
      }
      offset = Math.max(...found.keys()) + 1;
    }
  }
}
