import { ErrorCode } from "@ottla/protocol";
import { abortable } from "../backoff.ts";
import { Cluster } from "../connection/cluster.ts";
import type { TopicMetadata } from "../connection/metadata.ts";
import { ClosedError, KafkaError, TimeoutError } from "../errors.ts";
import { resolveConnectionOptions } from "../options.ts";
import { sleep } from "../backoff.ts";
import { BufferMemory } from "./buffer-memory.ts";
import {
  encodeRecord,
  type EncodedRecord,
  type ProducerMessage,
  type RecordMetadata,
  type SendRequest,
} from "./messages.ts";
import { Partitioner } from "./partitioner.ts";
import {
  resolveProducerOptions,
  type ProducerOptions,
  type ProducerSettings,
} from "./producer-options.ts";
import type { Outcome } from "./producer-batch.ts";
import { Sender } from "./sender.ts";

interface Prepared {
  readonly message: ProducerMessage;
  readonly record: EncodedRecord;
}

/** Sends records to topics, in batches, with retries. */
export class Producer {
  readonly #cluster: Cluster;
  readonly #settings: ProducerSettings;
  readonly #memory: BufferMemory;
  readonly #sender: Sender;
  readonly #partitioner: Partitioner;
  /** Sends which have to wait, by topic: those that come later stand behind them, so order is kept. */
  readonly #lines = new Map<string, Promise<void>>();
  readonly #pending = new Set<Promise<unknown>>();
  #isClosing = false;

  constructor(options: ProducerOptions) {
    const connection = resolveConnectionOptions(options);
    this.#settings = resolveProducerOptions(options);
    this.#cluster = new Cluster(connection, "producer");
    this.#memory = new BufferMemory(connection.runtime, this.#settings.bufferMemory);
    this.#sender = new Sender(this.#cluster, this.#settings, this.#memory);
    this.#partitioner = new Partitioner(connection.runtime.random);
  }

  /**
   * Sends the records and resolves when all are acknowledged, with their places in the same order.
   * It rejects with the first failure, after every record has an outcome. Calls that are not awaited
   * keep their order within a partition. While the buffer is full the call waits before it takes more.
   */
  async send(request: SendRequest): Promise<RecordMetadata[]> {
    if (this.#isClosing) throw new ClosedError("producer");
    request.signal?.throwIfAborted();
    const prepared = request.messages.map((message) => this.#prepare(message));
    if (prepared.length === 0) return [];
    const work = this.#sendAll(request, prepared);
    this.#pending.add(work);
    work.finally(() => this.#pending.delete(work)).catch(() => {});
    return abortable(work, request.signal);
  }

  /** Resolves when everything that was sent so far has its outcome. Failures are told by `send`. */
  async flush(): Promise<void> {
    this.#sender.beginFlush();
    try {
      await Promise.allSettled(this.#pending);
    } finally {
      this.#sender.endFlush();
    }
  }

  /** The topic's partitions, from the broker. */
  partitionsFor(topic: string): Promise<TopicMetadata> {
    return this.#topic(topic);
  }

  /** Delivers what is open, for at most that long, and disconnects. */
  async close(options: { readonly timeoutMs?: number } = {}): Promise<void> {
    if (this.#cluster.signal.aborted) return;
    this.#isClosing = true;
    const { runtime } = this.#cluster.settings;
    const waiting = new AbortController();
    const limit = sleep(
      runtime,
      options.timeoutMs ?? this.#settings.deliveryTimeoutMs,
      waiting.signal,
    );
    await Promise.race([this.flush(), limit]);
    waiting.abort();
    await limit.catch(() => {});
    const unsent = new TimeoutError("the producer was closed before the record was delivered", {
      retriable: false,
    });
    this.#sender.abort(unsent);
    this.#cluster.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #prepare(message: ProducerMessage): Prepared {
    const record = encodeRecord(message, this.#cluster.settings.runtime.nowMs());
    if (record.sizeBytes > this.#settings.maxRequestSize) {
      throw new KafkaError(
        ErrorCode.MESSAGE_TOO_LARGE,
        `the record has ${record.sizeBytes} bytes, maxRequestSize allows ${this.#settings.maxRequestSize}`,
      );
    }
    return { message, record };
  }

  #sendAll(
    { topic, signal }: SendRequest,
    prepared: readonly Prepared[],
  ): Promise<RecordMetadata[]> {
    return new Promise((resolve, reject) => {
      const collector = new OutcomeCollector(topic, prepared, resolve, reject);
      const line = this.#lines.get(topic);
      const taken = line === undefined ? this.#appendNow(topic, prepared, collector) : 0;
      if (taken === prepared.length) return;
      const next = (line ?? Promise.resolve())
        .then(() => this.#appendLater(topic, prepared, taken, collector, signal))
        .finally(() => {
          if (this.#lines.get(topic) === next) this.#lines.delete(topic);
        });
      this.#lines.set(topic, next);
    });
  }

  /** Takes as many records as there is room for at this moment; says how many. */
  #appendNow(topic: string, prepared: readonly Prepared[], collector: OutcomeCollector): number {
    const metadata = this.#cluster.metadata.topic(topic);
    if (metadata === undefined) return 0;
    if (this.#cluster.isMetadataOld) void this.#cluster.refreshMetadata().catch(() => {});
    for (const [index, { message, record }] of prepared.entries()) {
      const isKnown = message.partition === undefined || this.#has(metadata, message.partition);
      if (!isKnown || !this.#memory.tryTake(record.sizeBytes)) return index;
      this.#append(metadata, message, record, index, collector);
    }
    return prepared.length;
  }

  async #appendLater(
    topic: string,
    prepared: readonly Prepared[],
    from: number,
    collector: OutcomeCollector,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const stop =
      signal === undefined ? this.#cluster.signal : AbortSignal.any([signal, this.#cluster.signal]);
    for (let index = from; index < prepared.length; index++) {
      const { message, record } = prepared[index] as Prepared;
      try {
        const metadata = await this.#topicWith(topic, message.partition, stop);
        this.#sender.wake();
        await this.#memory.take(record.sizeBytes, this.#settings.maxBlockMs, stop);
        this.#append(metadata, message, record, index, collector);
      } catch (error) {
        for (let rest = index; rest < prepared.length; rest++)
          collector.take({ error }, rest, -1, 0);
        return;
      }
    }
  }

  #append(
    metadata: TopicMetadata,
    message: ProducerMessage,
    record: EncodedRecord,
    index: number,
    collector: OutcomeCollector,
  ): void {
    const topic = metadata.name;
    const partition =
      message.partition ??
      this.#partitioner.partitionFor(
        metadata,
        record.key,
        (one) => this.#sender.queue({ topic, partition: one }).hasOpenBatch,
      );
    this.#sender.append({ topic, partition }, record, (outcome, indexInBatch) =>
      collector.take(outcome, index, partition, indexInBatch),
    );
  }

  #topic(topic: string, signal?: AbortSignal): Promise<TopicMetadata> {
    const { maxBlockMs, allowAutoTopicCreation } = this.#settings;
    return this.#cluster.topic(topic, { timeoutMs: maxBlockMs, allowAutoTopicCreation, signal });
  }

  /** The partition may have been added since the metadata came. */
  async #topicWith(
    topic: string,
    partition: number | undefined,
    signal: AbortSignal,
  ): Promise<TopicMetadata> {
    const metadata = await this.#topic(topic, signal);
    if (partition === undefined || this.#has(metadata, partition)) return metadata;
    await this.#cluster.refreshMetadata();
    const again = await this.#topic(topic, signal);
    if (this.#has(again, partition)) return again;
    throw new KafkaError(
      ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
      `topic ${topic} has ${again.partitions.length} partitions, there is no partition ${partition}`,
    );
  }

  #has(metadata: TopicMetadata, partition: number): boolean {
    return Number.isInteger(partition) && partition >= 0 && partition < metadata.partitions.length;
  }
}

/** Waits for the outcomes of all records of one `send`. */
class OutcomeCollector {
  readonly #topic: string;
  readonly #prepared: readonly Prepared[];
  readonly #results: RecordMetadata[];
  readonly #resolve: (results: RecordMetadata[]) => void;
  readonly #reject: (error: unknown) => void;
  #open: number;
  #failure: { readonly error: unknown } | undefined;

  constructor(
    topic: string,
    prepared: readonly Prepared[],
    resolve: (results: RecordMetadata[]) => void,
    reject: (error: unknown) => void,
  ) {
    this.#topic = topic;
    this.#prepared = prepared;
    this.#results = Array.from({ length: prepared.length });
    this.#open = prepared.length;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  take(outcome: Outcome, index: number, partition: number, indexInBatch: number): void {
    if ("error" in outcome) {
      this.#failure ??= outcome;
    } else {
      const { baseOffset, logAppendTimeMs } = outcome.result;
      const own = (this.#prepared[index] as Prepared).record.timestamp;
      this.#results[index] = {
        topic: this.#topic,
        partition,
        offset: baseOffset < 0 ? -1 : baseOffset + indexInBatch,
        timestamp: logAppendTimeMs < 0 ? own : logAppendTimeMs,
      };
    }
    this.#open -= 1;
    if (this.#open > 0) return;
    if (this.#failure === undefined) this.#resolve(this.#results);
    else this.#reject(this.#failure.error);
  }
}
