import { ErrorCode } from "@ottla/protocol";
import { backoffMs } from "../backoff.ts";
import type { ClientTimer } from "../client-runtime.ts";
import { UNKNOWN_TOPIC_GRACE_MS, type Cluster } from "../connection/cluster.ts";
import type { Connection } from "../connection/connection.ts";
import { isRetriable, KafkaError, TimeoutError } from "../errors.ts";
import { partitionKey, type TopicPartition } from "../topic-partition.ts";
import type { BufferMemory } from "./buffer-memory.ts";
import type { EncodedRecord } from "./messages.ts";
import { PartitionQueue } from "./partition-queue.ts";
import { produce, type BatchInFlight } from "./produce-request.ts";
import type { Outcome, ProducerBatch, RecordCallback } from "./producer-batch.ts";
import { IdentitySource } from "./producer-identity.ts";
import type { ProducerSettings } from "./producer-options.ts";

/**
 * Moves batches from the queues to the leaders. It runs when something has happened (a record, an
 * answer, new metadata) and when the next moment that matters has come, never in a circle.
 */
export class Sender {
  readonly #cluster: Cluster;
  readonly #settings: ProducerSettings;
  readonly #memory: BufferMemory;
  readonly #identities: IdentitySource;
  readonly #queues = new Map<string, PartitionQueue>();
  /** Queues with something to send, the one that was served last at the end. */
  readonly #active = new Set<PartitionQueue>();
  readonly #inFlightByNode = new Map<number, number>();
  readonly #connecting = new Set<number>();
  #isScheduled = false;
  #timer: ClientTimer | undefined;
  #flushes = 0;
  #isRefreshing = false;

  constructor(cluster: Cluster, settings: ProducerSettings, memory: BufferMemory) {
    this.#cluster = cluster;
    this.#settings = settings;
    this.#memory = memory;
    this.#identities = new IdentitySource(cluster, settings.deliveryTimeoutMs);
  }

  queue(topicPartition: TopicPartition): PartitionQueue {
    const key = partitionKey(topicPartition);
    let queue = this.#queues.get(key);
    if (queue === undefined) {
      queue = new PartitionQueue(topicPartition);
      this.#queues.set(key, queue);
    }
    return queue;
  }

  append(topicPartition: TopicPartition, record: EncodedRecord, callback: RecordCallback): void {
    const queue = this.queue(topicPartition);
    const { compression, compressionLevel, batchSize } = this.#settings;
    const createdMs = this.#cluster.settings.runtime.monotonicMs();
    queue.append(record, callback, { compression, compressionLevel, batchSize, createdMs });
    this.#active.add(queue);
    this.wake();
  }

  /** While a flush is under way nothing lingers. */
  beginFlush(): void {
    this.#flushes += 1;
    this.wake();
  }

  endFlush(): void {
    this.#flushes -= 1;
  }

  wake(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#cluster.settings.runtime.defer(() => {
      this.#isScheduled = false;
      this.#run();
    });
  }

  /** Ends everything that is still open with the error. */
  abort(error: Error): void {
    this.#timer?.cancel();
    for (const queue of this.#queues.values()) {
      for (const batch of [...queue.waiting.splice(0), ...queue.inFlight])
        this.#complete(batch, { error });
    }
    this.#active.clear();
  }

  #run(): void {
    if (this.#cluster.signal.aborted) return;
    const nowMs = this.#cluster.settings.runtime.monotonicMs();
    let wakeAtMs = Number.POSITIVE_INFINITY;
    const byLeader = new Map<number, PartitionQueue[]>();
    for (const queue of this.#active) {
      this.#expire(queue, nowMs);
      const batch = queue.waiting[0];
      if (batch === undefined) {
        this.#active.delete(queue);
        continue;
      }
      const readyAtMs = this.#readyAtMs(queue, batch);
      if (readyAtMs > nowMs) {
        wakeAtMs = Math.min(wakeAtMs, readyAtMs);
      } else {
        this.#sortIn(queue, byLeader);
      }
      wakeAtMs = Math.min(wakeAtMs, batch.createdMs + this.#settings.deliveryTimeoutMs);
    }
    for (const [leader, queues] of byLeader) this.#serve(leader, queues);
    this.#wakeAt(wakeAtMs, nowMs);
  }

  #readyAtMs(queue: PartitionQueue, batch: ProducerBatch): number {
    const isDue = batch.isFull || this.#flushes > 0 || this.#memory.hasWaiters;
    const lingeredMs = isDue ? 0 : batch.createdMs + this.#settings.lingerMs;
    return Math.max(lingeredMs, queue.retryAtMs);
  }

  #sortIn(queue: PartitionQueue, byLeader: Map<number, PartitionQueue[]>): void {
    const { topic, partition } = queue.topicPartition;
    const leader = this.#cluster.metadata.partition(topic, partition)?.leader ?? -1;
    if (!this.#cluster.metadata.brokers.has(leader)) {
      this.#refresh();
      return;
    }
    const queues = byLeader.get(leader);
    if (queues === undefined) byLeader.set(leader, [queue]);
    else queues.push(queue);
  }

  #serve(leader: number, queues: readonly PartitionQueue[]): void {
    const connection = this.#cluster.openConnection(leader);
    if (connection === undefined) {
      void this.#connect(leader);
      return;
    }
    let rest = queues;
    while (
      rest.length > 0 &&
      (this.#inFlightByNode.get(leader) ?? 0) < this.#settings.maxInFlightRequests
    ) {
      const { entries, left } = this.#collect(rest);
      if (entries.length === 0) return;
      void this.#send(leader, connection, entries);
      rest = left;
    }
  }

  /** One batch of each partition as far as the size of a request allows. */
  #collect(queues: readonly PartitionQueue[]): {
    entries: BatchInFlight[];
    left: PartitionQueue[];
  } {
    const entries: BatchInFlight[] = [];
    const left: PartitionQueue[] = [];
    let sizeBytes = 0;
    for (const queue of queues) {
      const batch = queue.next();
      if (batch === undefined) continue;
      const identity = this.#settings.idempotent
        ? queue.usableIdentity(this.#identities.current)
        : undefined;
      if (this.#settings.idempotent && identity === undefined) {
        void this.#renewIdentity();
        continue;
      }
      if (entries.length > 0 && sizeBytes + batch.seal().length > this.#settings.maxRequestSize) {
        left.push(queue);
        continue;
      }
      entries.push({ queue, batch: queue.take(identity) });
      sizeBytes += batch.sizeBytes;
      this.#active.delete(queue);
      if (queue.waiting.length > 0) {
        this.#active.add(queue);
        if (queue.waiting[0]?.isFull === true) left.push(queue);
      }
    }
    return { entries, left };
  }

  async #send(
    leader: number,
    connection: Connection,
    entries: readonly BatchInFlight[],
  ): Promise<void> {
    this.#inFlightByNode.set(leader, (this.#inFlightByNode.get(leader) ?? 0) + 1);
    const { requestTimeoutMs } = this.#cluster.settings;
    try {
      const { acks } = this.#settings;
      const outcomeOf = await produce(this.#cluster, connection, entries, {
        acks,
        timeoutMs: requestTimeoutMs,
      });
      for (const entry of entries) {
        const outcome = outcomeOf(entry.queue.topicPartition);
        if (outcome instanceof KafkaError) this.#refused(entry, outcome);
        else this.#stored(entry, outcome);
      }
    } catch (error) {
      for (const entry of entries) this.#lost(entry, error);
    } finally {
      this.#inFlightByNode.set(leader, (this.#inFlightByNode.get(leader) ?? 1) - 1);
      this.wake();
    }
  }

  #stored(
    { queue, batch }: BatchInFlight,
    result: { baseOffset: number; logAppendTimeMs: number },
  ): void {
    queue.finish(batch);
    queue.retryAtMs = 0;
    this.#complete(batch, { result });
    if (queue.waiting.length > 0) this.#active.add(queue);
  }

  /** The broker answered with an error. */
  #refused({ queue, batch }: BatchInFlight, error: KafkaError): void {
    const { topic, partition } = queue.topicPartition;
    const verdict = queue.judge(batch, error);
    this.#cluster.settings.logger.debug(`${topic}-${partition}: ${error.name}, ${verdict}`);
    switch (verdict) {
      case "duplicate":
        this.#stored({ queue, batch }, { baseOffset: -1, logAppendTimeMs: -1 });
        return;
      case "split":
        queue.split(batch);
        this.#active.add(queue);
        return;
      case "fail":
        queue.giveUp(batch, "not-stored");
        this.#complete(batch, { error });
        if (queue.waiting.length > 0) this.#active.add(queue);
        return;
      case "new-identity":
        queue.dropIdentity();
        this.#again(queue, batch, error);
        return;
      case "retry":
        this.#again(queue, batch, error);
        return;
      default:
        throw new Error(`no such verdict: ${String(verdict satisfies never)}`);
    }
  }

  /** No answer: nobody knows whether the broker has the batch. */
  #lost({ queue, batch }: BatchInFlight, error: unknown): void {
    if (isRetriable(error)) {
      this.#again(queue, batch, error);
      return;
    }
    queue.giveUp(batch, "unknown");
    this.#complete(batch, { error });
    if (queue.waiting.length > 0) this.#active.add(queue);
  }

  #again(queue: PartitionQueue, batch: ProducerBatch, error: unknown): void {
    const { runtime, retryBackoff } = this.#cluster.settings;
    queue.lastError = error;
    queue.retryAtMs =
      runtime.monotonicMs() + backoffMs(retryBackoff, batch.attempts - 1, runtime.random());
    queue.fail(batch);
    this.#active.add(queue);
    this.#refresh();
  }

  #expire(queue: PartitionQueue, nowMs: number): void {
    const { topic, partition } = queue.topicPartition;
    const { deliveryTimeoutMs } = this.#settings;
    const isUnknown =
      this.#cluster.metadata.topicError(topic) === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
    const limitMs = isUnknown
      ? Math.min(deliveryTimeoutMs, UNKNOWN_TOPIC_GRACE_MS)
      : deliveryTimeoutMs;
    for (const batch of queue.expire(({ createdMs }) => nowMs - createdMs >= limitMs)) {
      const reason = queue.lastError instanceof Error ? `: ${queue.lastError.message}` : "";
      const error = isUnknown
        ? new KafkaError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, `topic ${topic} does not exist`)
        : new TimeoutError(`${topic}-${partition}: not delivered within ${limitMs} ms${reason}`, {
            cause: queue.lastError,
            retriable: false,
          });
      this.#complete(batch, { error });
    }
  }

  #complete(batch: ProducerBatch, outcome: Outcome): void {
    if (batch.isComplete) return;
    this.#memory.release(batch.reservedBytes);
    batch.complete(outcome);
  }

  async #connect(leader: number): Promise<void> {
    if (this.#connecting.has(leader)) return;
    this.#connecting.add(leader);
    try {
      await this.#cluster.connection(leader);
    } catch (error) {
      this.#noteFailure(error);
      this.#refresh();
    } finally {
      this.#connecting.delete(leader);
      this.wake();
    }
  }

  async #renewIdentity(): Promise<void> {
    try {
      await this.#identities.renew();
    } catch (error) {
      // Nothing can be sent without an identity, so what waits has to know.
      if (!isRetriable(error)) this.#failWaiting(error);
      else this.#noteFailure(error);
    } finally {
      this.wake();
    }
  }

  #failWaiting(error: unknown): void {
    for (const queue of this.#active) {
      for (const batch of queue.waiting.splice(0)) this.#complete(batch, { error });
    }
  }

  #noteFailure(error: unknown): void {
    for (const queue of this.#active) queue.lastError = error;
  }

  /** New metadata after a while; several reasons at a time are one. */
  #refresh(): void {
    if (this.#isRefreshing) return;
    this.#isRefreshing = true;
    const { runtime, retryBackoff } = this.#cluster.settings;
    runtime.setTimer(backoffMs(retryBackoff, 0, runtime.random()), () => {
      this.#cluster
        .refreshMetadata()
        .catch((error: unknown) => this.#noteFailure(error))
        .finally(() => {
          this.#isRefreshing = false;
          this.wake();
        });
    });
  }

  #wakeAt(wakeAtMs: number, nowMs: number): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (wakeAtMs === Number.POSITIVE_INFINITY) return;
    this.#timer = this.#cluster.settings.runtime.setTimer(wakeAtMs - nowMs, () => this.wake());
  }
}
