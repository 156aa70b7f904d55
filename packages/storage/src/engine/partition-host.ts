import { ErrorCode } from "@ottla/protocol";
import type { Clock, FileSystem, Logger, Random } from "@ottla/runtime";
import { FlushScheduler } from "../flush/flush-scheduler.ts";
import { StorageError } from "../log/storage-error.ts";
import type { ReadIntoOutcome, StageOutcome } from "../log/log.ts";
import { writeCheckpoints } from "./directory-files.ts";
import type { HostCallName, HostCalls, LogCallName, LogCalls } from "./host-calls.ts";
import { HostOperations } from "./host-operations.ts";
import type { HostedLog, LogState, PendingAppend } from "./hosted-log.ts";
import { logCalls } from "./log-calls.ts";
import { refused } from "./refused.ts";
import type { AppendOrigin, FlushPolicy, ReadRequest } from "./storage-engine.ts";

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
  readonly #operations: HostOperations<Token>;
  #touched: HostedLog<Token>[] = [];
  #offline = false;

  constructor(options: PartitionHostOptions<Token>) {
    this.#options = options;
    this.#scheduler = new FlushScheduler({
      maxParallel: options.maxParallelSyncs,
      onSynced: (hosted) => this.#acknowledge(hosted, hosted.takeSynced()),
      onFailed: (_hosted, error) => this.#goOffline(error),
    });
    this.#operations = new HostOperations({
      options,
      logs: this.#logs,
      scheduler: this.#scheduler,
      writeStaged: () => this.writeStaged(),
      refuseAll: (hosted, code) => this.#refuse(hosted, hosted.takeAll(), code),
      isOffline: () => this.#isOffline(),
      goOffline: (error) => this.#goOffline(error),
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
      load: (requests) => this.#operations.load(requests),
      remove: (request) => this.#operations.remove(request),
      applyRetention: () => this.#operations.applyRetention(),
      dropFiles: async (expired) => {
        this.#operations.dropFiles(expired);
        return undefined;
      },
      syncAll: () => this.#operations.syncAll(),
      writeCheckpoints: async (checkpoints) => {
        await writeCheckpoints(this.#options.fileSystem, this.#options.directory, checkpoints);
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
}

function takeStaged<Token>(hosted: HostedLog<Token>): PendingAppend<Token>[] {
  const staged = hosted.staged;
  hosted.staged = [];
  return staged;
}
