import { ErrorCode } from "@ottla/protocol";
import {
  invariant,
  nextTurn,
  type Clock,
  type FileSystem,
  type Logger,
  type Random,
} from "@ottla/runtime";
import { FlushScheduler } from "../flush/flush-scheduler.ts";
import { StorageError } from "../log/storage-error.ts";
import { loadLog } from "../recovery/log-loader.ts";
import type { ReadIntoOutcome, StageOutcome } from "../log/log.ts";
import { writeCheckpoints } from "./directory-files.ts";
import { deletedDirectoryName, partitionDirectory } from "./directory-names.ts";
import type {
  ClosedLog,
  ExpiredSegments,
  HostCallName,
  HostCalls,
  LoadedPartition,
  LoadRequest,
  LogCallName,
  LogCalls,
  RemoveRequest,
} from "./host-calls.ts";
import { HostedLog, stateOf, type LogState, type PendingAppend } from "./hosted-log.ts";
import { refused } from "./refused.ts";
import type { AppendOrigin, FlushPolicy, ReadRequest } from "./storage-engine.ts";

/** Kafka's producer.id.expiration.ms: idempotence is forgotten for producers silent for a day. */
const PRODUCER_ID_EXPIRATION_MS = 86_400_000;

/** Logs that a pass over all partitions handles before the event loop gets its turn. */
const LOGS_PER_TURN = 32;

/** What a host reports; `Token` is whatever the caller needs to find the append again. */
export interface HostEvents<Token> {
  appendDone(
    token: Token,
    partitionId: number,
    outcome: StageOutcome,
    state: LogState | undefined,
  ): void;
  stateChanged(partitionId: number, state: LogState): void;
  /** Once: the first failed sync, or a failed write that could not be undone. */
  directoryOffline(cause: Error): void;
}

export interface PartitionHostOptions<Token> {
  readonly fileSystem: FileSystem;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly directory: string;
  readonly flush: FlushPolicy;
  readonly maxParallelSyncs: number;
  /** True when another host of the same directory has failed: nothing may be acknowledged after it. */
  readonly isDirectoryOffline: () => boolean;
  readonly events: HostEvents<Token>;
}

export interface HostAppend<Token> {
  readonly partitionId: number;
  readonly batch: Uint8Array;
  readonly leaderEpoch: number;
  readonly origin: AppendOrigin;
  readonly token: Token;
}

/**
 * The logs of one thread. Appends are staged as they come, written once per partition and wake-up,
 * and acknowledged by the flush policy. The same code runs in a storage worker and in the caller's
 * own thread.
 */
export class PartitionHost<Token> {
  readonly #options: PartitionHostOptions<Token>;
  readonly #logs = new Map<number, HostedLog<Token>>();
  readonly #scheduler: FlushScheduler<HostedLog<Token>>;
  #touched: HostedLog<Token>[] = [];
  #offline = false;

  constructor(options: PartitionHostOptions<Token>) {
    this.#options = options;
    this.#scheduler = new FlushScheduler({
      maxParallel: options.maxParallelSyncs,
      onSynced: (hosted) => this.#acknowledge(hosted, hosted.takeSynced()),
      onFailed: (_hosted, error) => this.#goOffline(error),
    });
  }

  /** Validates and stages; `writeStaged` writes. */
  append(append: HostAppend<Token>): void {
    const hosted = this.#logs.get(append.partitionId);
    if (this.#isOffline() || hosted === undefined) {
      const code =
        hosted === undefined ? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION : ErrorCode.KAFKA_STORAGE_ERROR;
      this.#options.events.appendDone(append.token, append.partitionId, refused(code), hosted);
      return;
    }
    const outcome = hosted.log.stage(append.batch, append);
    if (!outcome.ok) {
      this.#options.events.appendDone(append.token, append.partitionId, outcome, hosted);
      return;
    }
    if (hosted.staged.length === 0) this.#touched.push(hosted);
    hosted.staged.push({ token: append.token, outcome });
  }

  /** One write per partition that was appended to since the last call. */
  writeStaged(): void {
    if (this.#touched.length === 0) return;
    const touched = this.#touched;
    this.#touched = [];
    for (const hosted of touched) this.#writeOne(hosted);
  }

  async readInto(
    partitionId: number,
    request: ReadRequest,
    target: Uint8Array,
  ): Promise<ReadIntoOutcome> {
    const hosted = this.#logs.get(partitionId);
    if (hosted === undefined) return { ok: false, errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION };
    if (this.#isOffline()) return { ok: false, errorCode: ErrorCode.KAFKA_STORAGE_ERROR };
    try {
      return await hosted.log.readInto(request, target);
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      this.#options.logger.error("reading a log failed", {
        directory: hosted.log.directory,
        error: error.message,
      });
      return { ok: false, errorCode: ErrorCode.KAFKA_STORAGE_ERROR };
    }
  }

  /** A rare call on one log. */
  async callLog<Name extends LogCallName>(
    partitionId: number,
    name: Name,
    argument: LogCalls[Name]["argument"],
  ): Promise<{ result: LogCalls[Name]["result"]; state: LogState }> {
    const hosted = this.#logs.get(partitionId);
    if (hosted === undefined || this.#isOffline())
      throw new StorageError("the partition is offline", { fatal: false });
    const result = await logCalls[name](hosted, argument);
    return { result, state: hosted };
  }

  /** A rare call on all logs here. */
  async callHost<Name extends HostCallName>(
    name: Name,
    argument: HostCalls[Name]["argument"],
  ): Promise<HostCalls[Name]["result"]> {
    const calls: {
      [N in HostCallName]: (argument: HostCalls[N]["argument"]) => Promise<HostCalls[N]["result"]>;
    } = {
      load: (requests) => this.#load(requests),
      remove: (request) => this.#remove(request),
      applyRetention: () => this.#applyRetention(),
      dropFiles: async (expired) => {
        this.#dropFiles(expired);
        return undefined;
      },
      syncAll: () => this.#syncAll(),
      writeCheckpoints: async (checkpoints) => {
        await writeCheckpoints(this.#options.fileSystem, this.#options.directory, checkpoints);
        return undefined;
      },
      close: () => this.#close(),
    };
    return calls[name](argument);
  }

  /** Another host of the directory failed: fail what waits here too, and keep quiet about it. */
  directoryFailedElsewhere(): void {
    this.#failEverything();
  }

  #writeOne(hosted: HostedLog<Token>): void {
    if (hosted.staged.length === 0) return;
    try {
      hosted.log.writeStaged();
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      this.#options.logger.error("appending failed", {
        directory: hosted.log.directory,
        fatal: error.fatal,
        error: error.message,
      });
      this.#refuse(hosted, takeStaged(hosted), ErrorCode.KAFKA_STORAGE_ERROR);
      if (error.fatal) this.#goOffline(error);
      return;
    }
    const written = takeStaged(hosted);
    if (this.#options.flush === "none") {
      this.#acknowledge(hosted, written);
      return;
    }
    hosted.unsynced.push(...written);
    // A repeat of a batch that is durable already needs no sync.
    if (hosted.log.hasUnsynced) this.#scheduler.request(hosted);
    else this.#acknowledge(hosted, hosted.takeSynced());
  }

  #acknowledge(hosted: HostedLog<Token>, appends: readonly PendingAppend<Token>[]): void {
    if (this.#isOffline()) {
      this.#refuse(hosted, appends, ErrorCode.KAFKA_STORAGE_ERROR);
      return;
    }
    for (const { token, outcome } of appends) {
      this.#options.events.appendDone(token, hosted.partitionId, outcome, hosted);
    }
  }

  #refuse(hosted: HostedLog<Token>, appends: readonly PendingAppend<Token>[], code: number): void {
    for (const { token } of appends) {
      this.#options.events.appendDone(token, hosted.partitionId, refused(code), hosted);
    }
  }

  #isOffline(): boolean {
    return this.#offline || this.#options.isDirectoryOffline();
  }

  #goOffline(error: unknown): void {
    if (this.#offline) return;
    const cause = error instanceof Error ? error : new Error(String(error));
    this.#options.logger.error("log directory offline", {
      directory: this.#options.directory,
      error: cause.message,
    });
    // The flag first: no other host may acknowledge once the failure is known.
    this.#options.events.directoryOffline(cause);
    this.#failEverything();
  }

  #failEverything(): void {
    if (this.#offline) return;
    this.#offline = true;
    this.#scheduler.stop();
    this.#touched = [];
    for (const hosted of this.#logs.values()) {
      this.#refuse(hosted, hosted.takeAll(), ErrorCode.KAFKA_STORAGE_ERROR);
    }
  }

  async #load(requests: readonly LoadRequest[]): Promise<LoadedPartition[]> {
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
    invariant(!this.#logs.has(partitionId), "a partition is loaded once");
    const { fileSystem, clock, random, logger } = this.#options;
    const { log, recovery } = loadLog({
      ...rest,
      fileSystem,
      clock,
      random,
      logger,
      topicPartition: { topic, partition },
      directory: partitionDirectory(this.#options.directory, request),
    });
    if (log === undefined) return { partitionId, recovery, loaded: undefined };
    // What recovery kept becomes readable, so it has to be durable first.
    if (log.hasUnsynced || log.recoveryPoint < log.logEndOffset)
      await this.#syncOrGoOffline(() => log.sync());
    const hosted = new HostedLog<Token>(partitionId, log, this.#options.flush);
    this.#logs.set(partitionId, hosted);
    return { partitionId, recovery, loaded: { topicId: log.topicId, state: stateOf(hosted) } };
  }

  async #remove({ partitionId, topic, partition }: RemoveRequest): Promise<string | undefined> {
    const { directory, fileSystem, random } = this.#options;
    const hosted = this.#logs.get(partitionId);
    this.#logs.delete(partitionId);
    if (hosted !== undefined) {
      this.#refuse(hosted, hosted.takeAll(), ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
      await this.#scheduler.idle(hosted);
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

  async #applyRetention(): Promise<ExpiredSegments[]> {
    const expired: ExpiredSegments[] = [];
    let index = 0;
    for (const hosted of this.#logs.values()) {
      index += 1;
      if (index % LOGS_PER_TURN === 0) await nextTurn();
      if (this.#isOffline()) break;
      this.writeStaged();
      hosted.log.expireProducers(this.#options.clock.nowMs(), PRODUCER_ID_EXPIRATION_MS);
      const files = hosted.log.applyRetention(this.#options.clock.nowMs(), hosted.durableOffset);
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

  #dropFiles(expired: readonly ExpiredSegments[]): void {
    for (const { partitionId, files } of expired) {
      const hosted = this.#logs.get(partitionId);
      if (hosted === undefined || this.#isOffline()) continue;
      hosted.log.dropFiles(files);
      this.#scheduler.request(hosted);
    }
  }

  async #syncAll(): Promise<ClosedLog[]> {
    const dirty = [...this.#logs.values()].filter((hosted) => hosted.log.hasUnsynced);
    for (const hosted of dirty) this.#scheduler.request(hosted);
    await Promise.all(dirty.map((hosted) => this.#scheduler.idle(hosted)));
    return [...this.#logs.values()].map(closedLog);
  }

  async #close(): Promise<ClosedLog[]> {
    this.writeStaged();
    await this.#syncAll();
    const logs = [...this.#logs.values()];
    this.#scheduler.stop();
    const closed: ClosedLog[] = [];
    for (const hosted of logs) {
      await this.#scheduler.idle(hosted);
      if (this.#isOffline()) hosted.log.abandon();
      else await this.#syncOrGoOffline(() => hosted.log.close());
      closed.push(closedLog(hosted));
    }
    this.#logs.clear();
    return closed;
  }

  async #syncOrGoOffline(sync: () => Promise<void>): Promise<void> {
    try {
      await sync();
    } catch (error) {
      this.#goOffline(error);
      throw error;
    }
  }
}

function takeStaged<Token>(hosted: HostedLog<Token>): PendingAppend<Token>[] {
  const staged = hosted.staged;
  hosted.staged = [];
  return staged;
}

function closedLog<Token>(hosted: HostedLog<Token>): ClosedLog {
  return {
    partitionId: hosted.partitionId,
    recoveryPoint: hosted.log.recoveryPoint,
    state: stateOf(hosted),
  };
}

type LogCallTable = {
  readonly [Name in LogCallName]: (
    hosted: HostedLog<unknown>,
    argument: LogCalls[Name]["argument"],
  ) => LogCalls[Name]["result"] | Promise<LogCalls[Name]["result"]>;
};

const logCalls: LogCallTable = {
  offsetForTimestamp: (hosted, timestampMs) => hosted.log.offsetForTimestamp(timestampMs),
  offsetOfMaxTimestamp: (hosted) => hosted.log.offsetOfMaxTimestamp(),
  endOffsetForEpoch: (hosted, leaderEpoch) => hosted.log.endOffsetForEpoch(leaderEpoch),
  epochForOffset: (hosted, offset) => hosted.log.epochForOffset(offset),
  deleteRecordsBefore: (hosted, offset) => hosted.log.deleteRecordsBefore(offset),
  updateConfig: (hosted, config) => {
    hosted.log.updateConfig(config);
    return undefined;
  },
};
