import { ErrorCode } from "@ottla/protocol";
import { invariant, nextTurn } from "@ottla/runtime";
import { cleanableRange, rollOverdue, type CleanableRange } from "../cleaner/cleanable-range.ts";
import type { FlushScheduler } from "../flush/flush-scheduler.ts";
import type { LogStamp } from "../log/log-stamp.ts";
import { loadLog, loadStampedLog } from "../recovery/log-loader.ts";
import { partitionDirectory } from "./directory-names.ts";
import type {
  CleanableRequest,
  ClosedLog,
  ExpiredSegments,
  LinkedLogs,
  HostCalls,
  LoadedPartition,
  LoadRequest,
} from "./host-calls.ts";
import { linkLogs, syncCopies } from "./host-snapshots.ts";
import { HostedLog, stateOf } from "./hosted-log.ts";
import type { PartitionHostOptions } from "./partition-host.ts";
import { knownStamps, LogSettler } from "./settle-logs.ts";

/** Logs that are closed together. */
const CLOSES_AT_ONCE = 16;
/** Of more logs than this a stop leaves small indexes to the stamps: three new files for each would take too long. */
const INDEXES_WRITTEN_MAX = 512;

/** Logs that a pass over all partitions handles before the event loop gets its turn. */
export const LOGS_PER_TURN = 32;

/** What the operations share with the host whose logs they work on. */
export interface HostCore<Token> {
  readonly options: PartitionHostOptions<Token>;
  readonly logs: Map<number, HostedLog<Token>>;
  readonly scheduler: FlushScheduler<HostedLog<Token>>;
  writeStaged(): void;
  /** Answers every append that waits on a log. */
  refuseAll(hosted: HostedLog<Token>, errorCode: number): void;
  /** Answers those whose bytes the last sync covers. */
  acknowledgeSynced(hosted: HostedLog<Token>): void;
  isOffline(): boolean;
  goOffline(error: unknown): void;
}

/** The rare operations of a host: loading and removing logs, retention, checkpoints, the end. */
export class HostOperations<Token> {
  readonly #core: HostCore<Token>;
  readonly #settler: LogSettler<Token>;

  constructor(core: HostCore<Token>) {
    this.#core = core;
    this.#settler = new LogSettler(core.scheduler);
  }

  settleQuiet(): Promise<number> {
    return this.#settler.settleQuiet(this.#core.logs.values(), () => this.#core.isOffline());
  }

  stamps(): LogStamp[] {
    return knownStamps(this.#core.logs.values());
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
    const { partitionId, topic, partition, onlyStamped, ...rest } = request;
    invariant(!this.#core.logs.has(partitionId), "a partition is loaded once");
    const { fileSystem, clock, random, logger } = this.#core.options;
    const options = {
      ...rest,
      fileSystem,
      clock,
      random,
      logger,
      topicPartition: { topic, partition },
      directory: partitionDirectory(this.#core.options.directory, request),
    };
    const found = onlyStamped ? loadStampedLog(options) : loadLog(options);
    if (found === undefined) return leftToRecovery(request);
    const { log, recovery } = found;
    if (log === undefined) return { partitionId, recovery, loaded: undefined };
    // What recovery kept becomes readable, so it has to be durable first.
    if (log.hasUnsynced || log.recoveryPoint < log.logEndOffset)
      await this.#syncOrGoOffline(() => log.sync());
    const hosted = new HostedLog<Token>(partitionId, log, this.#core.options.flush);
    this.#core.logs.set(partitionId, hosted);
    return { partitionId, recovery, loaded: { topicId: log.topicId, state: stateOf(hosted) } };
  }

  async applyRetention(): Promise<ExpiredSegments[]> {
    const expired: ExpiredSegments[] = [];
    let index = 0;
    for (const hosted of this.#core.logs.values()) {
      index += 1;
      if (index % LOGS_PER_TURN === 0) await nextTurn();
      if (this.#core.isOffline()) break;
      this.#core.writeStaged();
      const { clock, producerIdExpirationMs } = this.#core.options;
      hosted.log.expireProducers(clock.nowMs(), producerIdExpirationMs);
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

  async cleanableRanges(
    requests: readonly CleanableRequest[],
  ): Promise<HostCalls["cleanableRanges"]["result"]> {
    const ranges: { partitionId: number; range: CleanableRange }[] = [];
    for (const [index, { partitionId, checkpoint }] of requests.entries()) {
      if (index % LOGS_PER_TURN === LOGS_PER_TURN - 1) await nextTurn();
      if (this.#core.isOffline()) break;
      const hosted = this.#core.logs.get(partitionId);
      if (hosted === undefined || !hosted.log.open) continue;
      this.#core.writeStaged();
      const nowMs = this.#core.options.clock.nowMs();
      // What is sealed now counts once it is synced.
      if (rollOverdue(hosted.log.maintenance(), nowMs)) this.#core.scheduler.request(hosted);
      ranges.push({ partitionId, range: cleanableRange(hosted.log.maintenance(), checkpoint, nowMs) });
    }
    return ranges;
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

  linkLogs(target: string): LinkedLogs {
    return linkLogs(this.#core, target);
  }

  syncCopies(copies: readonly string[]): Promise<void> {
    return syncCopies(this.#core, copies);
  }

  async close(): Promise<ClosedLog[]> {
    this.#core.writeStaged();
    await this.syncAll();
    const logs = [...this.#core.logs.values()];
    this.#core.scheduler.stop();
    const closed: ClosedLog[] = [];
    for (let first = 0; first < logs.length; first += CLOSES_AT_ONCE) {
      if (first > 0) await nextTurn();
      const some = logs.slice(first, first + CLOSES_AT_ONCE);
      // The syncs of one group join in the journal of the file system.
      const indexesInStamp = first >= INDEXES_WRITTEN_MAX;
      const results = await Promise.allSettled(
        some.map((hosted) => this.#closeLog(hosted, { indexesInStamp })),
      );
      for (const result of results) if (result.status === "rejected") throw result.reason;
      closed.push(...some.map(stampedLog));
    }
    this.#core.logs.clear();
    return closed;
  }

  /** The scheduler has stopped: what still waits for a sync is answered after the log's own last one. */
  async #closeLog(
    hosted: HostedLog<Token>,
    options: { readonly indexesInStamp: boolean },
  ): Promise<void> {
    await this.#core.scheduler.idle(hosted);
    this.#core.writeStaged();
    if (this.#core.isOffline()) hosted.log.abandon();
    else await this.#syncOrGoOffline(() => hosted.log.close(options));
    this.#core.acknowledgeSynced(hosted);
    this.#core.refuseAll(hosted, ErrorCode.KAFKA_STORAGE_ERROR);
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

function leftToRecovery({ partitionId, topic, partition, recoveryPoint }: LoadRequest): LoadedPartition {
  const recovery = {
    topic,
    partition,
    recoveredFromOffset: recoveryPoint,
    logEndOffset: recoveryPoint,
    truncatedBytes: 0,
    rebuiltIndexes: 0,
  };
  return { partitionId, recovery, needsRecovery: true, loaded: undefined };
}

function stampedLog<Token>(hosted: HostedLog<Token>): ClosedLog {
  const stamp = hosted.log.stamp();
  return stamp === undefined ? closedLog(hosted) : { ...closedLog(hosted), stamp };
}

function closedLog<Token>(hosted: HostedLog<Token>): ClosedLog {
  return {
    partitionId: hosted.partitionId,
    recoveryPoint: hosted.log.recoveryPoint,
    state: stateOf(hosted),
  };
}
