import { ErrorCode } from "@ottla/protocol";
import type { Clock, FileSystem, Logger, Random } from "@ottla/runtime";
import { writeLogStamps } from "../checkpoint/log-stamps-file.ts";
import { FlushScheduler } from "../flush/flush-scheduler.ts";
import { StorageError } from "../log/storage-error.ts";
import type { Log, ReadIntoOutcome, StageOutcome } from "../log/log.ts";
import { writeCheckpoints } from "./directory-files.ts";
import type { HostCallName, HostCalls, LogCallName, LogCalls } from "./host-calls.ts";
import { createLogs, removeLogs } from "./host-membership.ts";
import { HostOperations, type HostCore } from "./host-operations.ts";
import type { HostedLog, LogState, PendingAppend } from "./hosted-log.ts";
import { cutLog } from "./cut-log.ts";
import { logCalls, type LogCallHost } from "./log-calls.ts";
import { refused } from "./refused.ts";
import type { AppendOrigin, AppendRequest, FlushPolicy, ReadRequest } from "./storage-engine.ts";

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
  /** A storage worker may stand still for a short sync; the thread of a program that embeds us may not. */
  readonly maySyncInThread: boolean;
  readonly producerIdExpirationMs: number;
  /** True when another host of the same directory has failed: nothing may be acknowledged after it. */
  readonly isDirectoryOffline: () => boolean;
  readonly events: HostEvents<Token>;
}

export interface HostAppend<Token> {
  readonly partitionId: number;
  readonly batch: Uint8Array;
  readonly leaderEpoch: number;
  readonly origin: AppendOrigin;
  readonly transaction: AppendRequest["transaction"] | undefined;
  readonly transactionVersion: number | undefined;
  readonly token: Token;
}

/** Above this, writing and validating what comes next beside the sync gains more than two wake-ups cost. */
const SYNC_IN_THREAD_BYTES_MAX = 256 * 1024;

/**
 * The logs of one thread. Appends are staged as they come, written once per partition and wake-up,
 * and acknowledged by the flush policy. The same code runs in a storage worker and in the caller's
 * own thread.
 */
export class PartitionHost<Token> {
  readonly #options: PartitionHostOptions<Token>;
  readonly #logs = new Map<number, HostedLog<Token>>();
  readonly #scheduler: FlushScheduler<HostedLog<Token>>;
  readonly #core: HostCore<Token>;
  readonly #operations: HostOperations<Token>;
  readonly #callHost: LogCallHost;
  #touched: HostedLog<Token>[] = [];
  /** Of the batches in the touched logs. */
  #stagedBytes = 0;
  #offline = false;

  constructor(options: PartitionHostOptions<Token>) {
    this.#options = options;
    this.#scheduler = new FlushScheduler({
      maxParallel: options.maxParallelSyncs,
      onSynced: (hosted) => this.#acknowledge(hosted, hosted.takeSynced()),
      onFailed: (_hosted, error) => this.#goOffline(error),
    });
    this.#core = {
      options,
      logs: this.#logs,
      scheduler: this.#scheduler,
      writeStaged: () => this.writeStaged(),
      refuseAll: (hosted, code) => this.#refuse(hosted, hosted.takeAll(), code),
      acknowledgeSynced: (hosted) => this.#acknowledge(hosted, hosted.takeSynced()),
      isOffline: () => this.#isOffline(),
      goOffline: (error) => this.#goOffline(error),
    };
    this.#operations = new HostOperations(this.#core);
    this.#callHost = { cut: (hosted, cut) => this.#cutLog(hosted as HostedLog<Token>, cut) };
  }

  #cutLog(hosted: HostedLog<Token>, cut: (log: Log) => number): Promise<number> {
    return cutLog(
      {
        scheduler: this.#scheduler,
        writeStaged: () => this.writeStaged(),
        isOffline: () => this.#isOffline(),
        goOffline: (error) => this.#goOffline(error),
      },
      hosted,
      cut,
    );
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
    this.#stagedBytes += append.batch.length;
  }

  /** One write per partition that was appended to since the last call. */
  writeStaged(): void {
    if (this.#touched.length === 0) return;
    const touched = this.#touched;
    const isSmall = this.#stagedBytes <= SYNC_IN_THREAD_BYTES_MAX;
    this.#touched = [];
    this.#stagedBytes = 0;
    const inThread = this.#options.maySyncInThread && touched.length === 1 && isSmall;
    for (const hosted of touched) this.#writeOne(hosted, inThread ? "thread" : "pool");
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
    // Without group commit the readable end runs ahead of the synced one, which bounds the log start.
    if (name === "deleteRecordsBefore" && Number(argument) > hosted.log.recoveryPoint) {
      this.#scheduler.request(hosted);
      await this.#scheduler.idle(hosted);
    }
    try {
      const result = await logCalls[name](hosted, argument, this.#callHost);
      return { result, state: hosted };
    } catch (error) {
      if (error instanceof StorageError && error.fatal) this.#goOffline(error);
      throw error;
    }
  }

  /** A rare call on all logs here. */
  async callHost<Name extends HostCallName>(
    name: Name,
    argument: HostCalls[Name]["argument"],
  ): Promise<HostCalls[Name]["result"]> {
    const calls: {
      [N in HostCallName]: (argument: HostCalls[N]["argument"]) => Promise<HostCalls[N]["result"]>;
    } = {
      load: (requests) => this.#operations.load(requests),
      create: (requests) => createLogs(this.#core, requests, (one) => this.#operations.load([one])),
      remove: (requests) => removeLogs(this.#core, requests),
      applyRetention: () => this.#operations.applyRetention(),
      dropFiles: async (expired) => {
        this.#operations.dropFiles(expired);
        return undefined;
      },
      cleanableRanges: (requests) => this.#operations.cleanableRanges(requests),
      syncAll: () => this.#operations.syncAll(),
      writeCheckpoints: async (checkpoints) => {
        await writeCheckpoints(this.#options.fileSystem, this.#options.directory, checkpoints);
        return undefined;
      },
      settleQuiet: () => this.#operations.settleQuiet(),
      stamps: async () => this.#operations.stamps(),
      writeStamps: async (stamps) => {
        await writeLogStamps(this.#options.fileSystem, this.#options.directory, stamps);
        return undefined;
      },
      linkLogs: async ({ target }) => this.#operations.linkLogs(target),
      syncCopies: async (copies) => {
        await this.#operations.syncCopies(copies);
        return undefined;
      },
      close: () => this.#operations.close(),
    };
    return calls[name](argument);
  }

  /** Another host of the directory failed: fail what waits here too, and keep quiet about it. */
  directoryFailedElsewhere(): void {
    this.#failEverything();
  }

  #writeOne(hosted: HostedLog<Token>, syncIn: "thread" | "pool"): void {
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
    if (!hosted.log.hasUnsynced) this.#acknowledge(hosted, hosted.takeSynced());
    else if (syncIn === "pool" || !this.#scheduler.syncAlone(hosted))
      this.#scheduler.request(hosted);
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
    // The flag first: no other host may acknowledge once the failure is known.
    this.#options.events.directoryOffline(cause);
    this.#failEverything();
  }

  #failEverything(): void {
    if (this.#offline) return;
    this.#offline = true;
    this.#scheduler.stop();
    this.#touched = [];
    this.#stagedBytes = 0;
    for (const hosted of this.#logs.values()) {
      this.#refuse(hosted, hosted.takeAll(), ErrorCode.KAFKA_STORAGE_ERROR);
    }
  }
}

function takeStaged<Token>(hosted: HostedLog<Token>): PendingAppend<Token>[] {
  const staged = hosted.staged;
  hosted.staged = [];
  return staged;
}
