import {
  ErrorCode,
  iterateRecords,
  readControlRecord,
  type RecordBatchView,
} from "@ottla/protocol";
import type { Clock, Logger } from "@ottla/runtime";
import { AppendQueue } from "./append-queue.ts";
import { appendErrorToResponseError } from "./coordinator-error.ts";
import { Effects } from "./effects.ts";
import type { PartitionLoader, PartitionWriter } from "./partition-writer.ts";
import type { Reply } from "./reply.ts";
import type { CoordinatorShard, ShardContext } from "./shard.ts";

const FIRST_RELOAD_DELAY_MS = 100;
const MAX_RELOAD_DELAY_MS = 30_000;
/** A coordinator batch may be compressed by another broker; more than this after it is damage. */
const MAX_DECOMPRESSED_BATCH_BYTES = 256 * 1024 * 1024;
const NO_TRANSACTION = -1n;

export interface CoordinatorRuntimeOptions<Shard extends CoordinatorShard> {
  readonly topic: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly writer: PartitionWriter;
  readonly maxBatchBytes: number;
  createShard(context: ShardContext): Shard;
}

interface Entry<Shard> {
  readonly partition: number;
  readonly loader: PartitionLoader;
  readonly aborted: AbortController;
  /** Undefined while loading. */
  active: { readonly shard: Shard; readonly queue: AppendQueue } | undefined;
}

/**
 * Runs the shards of one internal topic: loads them by replay when this broker becomes leader,
 * passes operations to them in order, appends what they write, and releases answers when committed.
 *
 * A shard's memory runs ahead of the log by what its append queue holds. When an append fails, that
 * lead is void: everyone who waits gets an error, and the shard is built anew from the log.
 */
export class CoordinatorRuntime<Shard extends CoordinatorShard> {
  readonly #options: CoordinatorRuntimeOptions<Shard>;
  readonly #entries = new Map<number, Entry<Shard>>();
  #isShutDown = false;

  constructor(options: CoordinatorRuntimeOptions<Shard>) {
    this.#options = options;
  }

  /** Resolves when the shard is loaded, or given up again. */
  async onElection(partition: number, loader: PartitionLoader): Promise<void> {
    if (this.#isShutDown) return;
    this.onResignation(partition);
    const aborted = new AbortController();
    const entry: Entry<Shard> = { partition, loader, aborted, active: undefined };
    this.#entries.set(partition, entry);
    await this.#load(entry);
  }

  onResignation(partition: number): void {
    const entry = this.#entries.get(partition);
    if (!entry) return;
    this.#entries.delete(partition);
    entry.aborted.abort();
    this.#unload(entry, ErrorCode.NOT_COORDINATOR);
  }

  /** 0 when operations on the partition can run, else the error that says why not. */
  statusOf(partition: number): number {
    if (this.#isShutDown) return ErrorCode.COORDINATOR_NOT_AVAILABLE;
    const entry = this.#entries.get(partition);
    if (!entry) return ErrorCode.NOT_COORDINATOR;
    if (!entry.active) return ErrorCode.COORDINATOR_LOAD_IN_PROGRESS;
    return entry.active.queue.isFull ? ErrorCode.COORDINATOR_NOT_AVAILABLE : ErrorCode.NONE;
  }

  /** Runs an operation now, or answers why the partition cannot. */
  execute<Response>(
    partition: number,
    reply: Reply<Response>,
    operation: (shard: Shard, effects: Effects) => void,
  ): Promise<Response> {
    const errorCode = this.statusOf(partition);
    const active = this.#entries.get(partition)?.active;
    if (errorCode !== 0 || !active) {
      reply.fail(errorCode);
      return reply.promise;
    }
    const effects = new Effects();
    operation(active.shard, effects);
    active.queue.submit(effects);
    return reply.promise;
  }

  /** Runs an operation that nobody waits for on each loaded shard. */
  forEachShard(operation: (shard: Shard, effects: Effects) => void): void {
    for (const { active } of this.#entries.values()) {
      if (!active || active.queue.isFull) continue;
      const effects = new Effects();
      operation(active.shard, effects);
      active.queue.submit(effects);
    }
  }

  get loadedShards(): Shard[] {
    return [...this.#entries.values()].flatMap(({ active }) => (active ? [active.shard] : []));
  }

  get isLoading(): boolean {
    return [...this.#entries.values()].some(({ active }) => active === undefined);
  }

  /** Ends timers, answers everyone who waits, and waits for what is being written. */
  async shutdown(): Promise<void> {
    this.#isShutDown = true;
    const queues = [...this.#entries.values()].flatMap(({ active }) =>
      active ? [active.queue] : [],
    );
    for (const { active } of this.#entries.values()) {
      active?.shard.onUnloaded(ErrorCode.COORDINATOR_NOT_AVAILABLE);
    }
    await Promise.all(queues.map((queue) => queue.drained()));
    for (const entry of this.#entries.values()) entry.aborted.abort();
    this.#entries.clear();
  }

  #unload(entry: Entry<Shard>, errorCode: number): void {
    const active = entry.active;
    entry.active = undefined;
    active?.shard.onUnloaded(errorCode);
    active?.queue.close(errorCode);
  }

  async #load(entry: Entry<Shard>): Promise<void> {
    const { topic, logger, clock } = this.#options;
    const { partition } = entry;
    let delayMs = FIRST_RELOAD_DELAY_MS;
    while (!entry.aborted.signal.aborted) {
      const queue = this.#createQueue(entry);
      const shard = this.#options.createShard({
        partition,
        run: (operation) => {
          const effects = new Effects();
          operation(effects);
          queue.submit(effects);
        },
      });
      try {
        await entry.loader.load(topic, partition, (view) => replayBatch(shard, view));
      } catch (error) {
        logger.error("loading a coordinator partition failed, will retry", {
          topic,
          partition,
          delayMs,
          error,
        });
        await sleepUnlessAborted(clock, delayMs, entry.aborted.signal);
        delayMs = Math.min(delayMs * 2, MAX_RELOAD_DELAY_MS);
        continue;
      }
      if (entry.aborted.signal.aborted || this.#isShutDown) return;
      entry.active = { shard, queue };
      shard.onLoaded();
      return;
    }
  }

  #createQueue(entry: Entry<Shard>): AppendQueue {
    const { topic, writer, maxBatchBytes } = this.#options;
    const { partition } = entry;
    return new AppendQueue({
      writer: {
        append: async (...append) => {
          const { errorCode } = await writer.append(...append);
          return { errorCode: appendErrorToResponseError(errorCode) };
        },
      },
      topic,
      partition,
      maxBatchBytes,
      onFailure: (errorCode) => this.#onAppendFailure(entry, errorCode),
    });
  }

  /** Memory is ahead of the log: give it up and replay. */
  #onAppendFailure(entry: Entry<Shard>, errorCode: number): void {
    const { topic, logger } = this.#options;
    logger.warn("appending to a coordinator partition failed, loading it again", {
      topic,
      partition: entry.partition,
      errorCode,
    });
    this.#unload(entry, errorCode);
    if (!this.#isShutDown) void this.#load(entry);
  }
}

async function sleepUnlessAborted(
  clock: Clock,
  delayMs: number,
  signal: AbortSignal,
): Promise<void> {
  try {
    await clock.sleep(delayMs, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** Passes one batch of the log to a shard: markers end transactions, other control records are not ours. */
function replayBatch(shard: CoordinatorShard, view: RecordBatchView): void {
  const transactionalProducerId = view.isTransactional ? view.producerId : NO_TRANSACTION;
  const limit = { maxDecompressedBytes: MAX_DECOMPRESSED_BATCH_BYTES };
  for (const record of iterateRecords(view, limit)) {
    if (view.isControl) {
      const control = readControlRecord(record);
      if (control.type !== "other") shard.replayEndOfTransaction(view.producerId, control.type);
      continue;
    }
    // Every record of these topics has a key: they are compacted.
    if (record.key === null) continue;
    shard.replay(
      { key: record.key, value: record.value },
      { offset: record.offset, transactionalProducerId },
    );
  }
}
