import { ErrorCode } from "@ottla/protocol";
import { invariant, nextTurn } from "@ottla/runtime";
import type { FlushScheduler } from "../flush/flush-scheduler.ts";
import { loadLog } from "../recovery/log-loader.ts";
import { deletedDirectoryName, partitionDirectory } from "./directory-names.ts";
import type {
  ClosedLog,
  ExpiredSegments,
  LoadedPartition,
  LoadRequest,
  RemoveRequest,
} from "./host-calls.ts";
import { HostedLog, stateOf } from "./hosted-log.ts";
import type { PartitionHostOptions } from "./partition-host.ts";

/** Kafka's producer.id.expiration.ms: idempotence is forgotten for producers silent for a day. */
const PRODUCER_ID_EXPIRATION_MS = 86_400_000;

/** Logs that a pass over all partitions handles before the event loop gets its turn. */
const LOGS_PER_TURN = 32;

/** What the operations share with the host whose logs they work on. */
export interface HostCore<Token> {
  readonly options: PartitionHostOptions<Token>;
  readonly logs: Map<number, HostedLog<Token>>;
  readonly scheduler: FlushScheduler<HostedLog<Token>>;
  writeStaged(): void;
  /** Answers every append that waits on a log. */
  refuseAll(hosted: HostedLog<Token>, errorCode: number): void;
  isOffline(): boolean;
  goOffline(error: unknown): void;
}

/** The rare operations of a host: loading and removing logs, retention, checkpoints, the end. */
export class HostOperations<Token> {
  readonly #core: HostCore<Token>;

  constructor(core: HostCore<Token>) {
    this.#core = core;
  }

  async load(requests: readonly LoadRequest[]): Promise<LoadedPartition[]> {
    const loaded: LoadedPartition[] = [];
    for (let first = 0; first < requests.length; first += LOGS_PER_TURN) {
      if (first > 0) await nextTurn();
      const some = requests.slice(first, first + LOGS_PER_TURN);
      // Logs are read one after the other; what recovery has to sync, it syncs in parallel.
      loaded.push(...(await Promise.all(some.map((request) => this.#loadOne(request)))));
    }
    return loaded;
  }

  async #loadOne(request: LoadRequest): Promise<LoadedPartition> {
    const { partitionId, topic, partition, ...rest } = request;
    invariant(!this.#core.logs.has(partitionId), "a partition is loaded once");
    const { fileSystem, clock, random, logger } = this.#core.options;
    const { log, recovery } = loadLog({
      ...rest,
      fileSystem,
      clock,
      random,
      logger,
      topicPartition: { topic, partition },
      directory: partitionDirectory(this.#core.options.directory, request),
    });
    if (log === undefined) return { partitionId, recovery, loaded: undefined };
    // What recovery kept becomes readable, so it has to be durable first.
    if (log.hasUnsynced || log.recoveryPoint < log.logEndOffset)
      await this.#syncOrGoOffline(() => log.sync());
    const hosted = new HostedLog<Token>(partitionId, log, this.#core.options.flush);
    this.#core.logs.set(partitionId, hosted);
    return { partitionId, recovery, loaded: { topicId: log.topicId, state: stateOf(hosted) } };
  }

  async remove({ partitionId, topic, partition }: RemoveRequest): Promise<string | undefined> {
    const { directory, fileSystem, random } = this.#core.options;
    const hosted = this.#core.logs.get(partitionId);
    this.#core.logs.delete(partitionId);
    if (hosted !== undefined) {
      this.#core.refuseAll(hosted, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
      await this.#core.scheduler.idle(hosted);
      hosted.log.abandon();
    }
    // A log that could not be loaded has no host, but its files must go as well.
    const from = partitionDirectory(directory, { topic, partition });
    if (!fileSystem.existsSync(from)) return undefined;
    const to = `${directory}/${deletedDirectoryName({ topic, partition }, random)}`;
    fileSystem.renameSync(from, to);
    await this.#syncOrGoOffline(() => fileSystem.syncDirectory(directory));
    return to;
  }

  async applyRetention(): Promise<ExpiredSegments[]> {
    const expired: ExpiredSegments[] = [];
    let index = 0;
    for (const hosted of this.#core.logs.values()) {
      index += 1;
      if (index % LOGS_PER_TURN === 0) await nextTurn();
      if (this.#core.isOffline()) break;
      this.#core.writeStaged();
      hosted.log.expireProducers(this.#core.options.clock.nowMs(), PRODUCER_ID_EXPIRATION_MS);
      const files = hosted.log.applyRetention(
        this.#core.options.clock.nowMs(),
        hosted.durableOffset,
      );
      if (files.length === 0) continue;
      const { partitionId, log } = hosted;
      expired.push({
        partitionId,
        files,
        delayMs: log.config.fileDeleteDelayMs,
        state: stateOf(hosted),
      });
    }
    return expired;
  }

  dropFiles(expired: readonly ExpiredSegments[]): void {
    for (const { partitionId, files } of expired) {
      const hosted = this.#core.logs.get(partitionId);
      if (hosted === undefined || this.#core.isOffline()) continue;
      hosted.log.dropFiles(files);
      this.#core.scheduler.request(hosted);
    }
  }

  async syncAll(): Promise<ClosedLog[]> {
    const dirty = [...this.#core.logs.values()].filter((hosted) => hosted.log.hasUnsynced);
    for (const hosted of dirty) this.#core.scheduler.request(hosted);
    await Promise.all(dirty.map((hosted) => this.#core.scheduler.idle(hosted)));
    return [...this.#core.logs.values()].map(closedLog);
  }

  async close(): Promise<ClosedLog[]> {
    this.#core.writeStaged();
    await this.syncAll();
    const logs = [...this.#core.logs.values()];
    this.#core.scheduler.stop();
    const closed: ClosedLog[] = [];
    for (const hosted of logs) {
      await this.#core.scheduler.idle(hosted);
      if (this.#core.isOffline()) hosted.log.abandon();
      else await this.#syncOrGoOffline(() => hosted.log.close());
      closed.push(closedLog(hosted));
    }
    this.#core.logs.clear();
    return closed;
  }

  async #syncOrGoOffline(sync: () => Promise<void>): Promise<void> {
    try {
      await sync();
    } catch (error) {
      this.#core.goOffline(error);
      throw error;
    }
  }
}

function closedLog<Token>(hosted: HostedLog<Token>): ClosedLog {
  return {
    partitionId: hosted.partitionId,
    recoveryPoint: hosted.log.recoveryPoint,
    state: stateOf(hosted),
  };
}
