import { afterThisTurn, invariant, type Timer } from "@ottla/runtime";
import { defaultLogConfig } from "../log/log-config.ts";
import { StorageError } from "../log/storage-error.ts";
import { ArenaSlabPool } from "./arena-slab-pool.ts";
import { CheckpointKeeper } from "./checkpoint-keeper.ts";
import {
  forgetSyncFailure,
  markCleanShutdown,
  noteSyncFailureNow,
  openDirectory,
  type OpenedDirectory,
} from "./directory-files.ts";
import { partitionKey } from "./directory-names.ts";
import type { EnginePartition } from "./engine-partition.ts";
import * as defaults from "./engine-options.ts";
import type { EngineOptions } from "./engine-options.ts";
import { FileRemover, type RemoveJob } from "./file-remover.ts";
import type { LoadRequest } from "./host-calls.ts";
import type { HostLink } from "./host-link.ts";
import { SPACE_CHECK_INTERVAL_MS, SpaceGuard } from "./space-guard.ts";
import { TailBudget } from "./memory-tail.ts";
import { PartitionTable } from "./partition-table.ts";
import type {
  PartitionLog,
  PartitionSpec,
  RecoveryReport,
  StorageEngine,
  TopicPartition,
} from "./storage-engine.ts";

/** Arena ids of the read pool start here, so that a worker can tell the arenas of both pools apart. */
const FIRST_READ_ARENA_ID = 2 ** 30;

/** What a link needs of the engine that owns it. */
export interface EngineContext {
  readonly slabs: ArenaSlabPool;
  readonly readSlabs: ArenaSlabPool;
  readonly onDirectoryOffline: (cause: Error) => void;
  /** How to load a partition again after its worker died. */
  readonly reloadRequest: (partition: EnginePartition) => LoadRequest;
}

/** Where the hosts live, and where background jobs run. */
export interface EngineThreads {
  readonly links: readonly HostLink[];
  readonly removeInBackground: (job: RemoveJob) => Promise<void>;
  readonly onArenaDropped: (arenaId: number) => void;
  /** Starts threads that the first append would otherwise wait for. */
  readonly warmUp: () => void;
  readonly stop: () => Promise<void>;
}

/** `created` -> `open` -> `closing` -> `closed`; `offline` instead of `open` after the directory failed. */
type EngineStatus = "created" | "open" | "offline" | "closing" | "closed";

/** The engine behind both faces: partitions, budgets, start, retention, stop. Where the logs live is the links' affair. */
export class LogEngine implements StorageEngine {
  readonly slabs: ArenaSlabPool;
  onDirectoryOffline: ((directory: string, cause: Error) => void) | undefined;
  readonly #options: EngineOptions;
  readonly #threads: EngineThreads;
  readonly #readSlabs: ArenaSlabPool;
  readonly #tailBudget: TailBudget;
  readonly #remover: FileRemover;
  readonly #checkpoints: CheckpointKeeper;
  readonly #space: SpaceGuard;
  readonly #partitions: PartitionTable;
  readonly #deleting = new Map<string, Promise<void>>();
  readonly #creating = new Map<string, Promise<EnginePartition>>();
  readonly #timers = new Set<Timer>();
  #opened: OpenedDirectory | undefined;
  #status: EngineStatus = "created";
  /** Every partition found was loaded, or is known to stay offline. */
  #allLoaded = false;
  #closing: Promise<void> | undefined;

  constructor(options: EngineOptions, startThreads: (context: EngineContext) => EngineThreads) {
    this.#options = options;
    this.#tailBudget = new TailBudget(options.tailBudgetBytes ?? defaults.TAIL_BUDGET_BYTES);
    this.slabs = new ArenaSlabPool({
      budgetBytes: options.slabBudgetBytes ?? defaults.SLAB_BUDGET_BYTES,
      reclaim: () => this.#tailBudget.evictOldest(),
      onArenaDropped: (arenaId) => this.#threads.onArenaDropped(arenaId),
    });
    this.#readSlabs = new ArenaSlabPool({
      budgetBytes: options.readBudgetBytes ?? defaults.READ_BUDGET_BYTES,
      firstArenaId: FIRST_READ_ARENA_ID,
      onArenaDropped: (arenaId) => this.#threads.onArenaDropped(arenaId),
    });
    this.#threads = startThreads({
      slabs: this.slabs,
      readSlabs: this.#readSlabs,
      onDirectoryOffline: (cause) => this.#goOffline(cause),
      reloadRequest: (partition) => this.#partitions.reloadRequest(partition),
    });
    const { clock, logger } = options;
    this.#remover = new FileRemover({ clock, logger, run: this.#threads.removeInBackground });
    this.#checkpoints = new CheckpointKeeper((checkpoints) =>
      this.#anyLink().callHost("writeCheckpoints", checkpoints),
    );
    this.#space = new SpaceGuard(options);
    this.#partitions = new PartitionTable({
      checkpoints: this.#checkpoints,
      tailBudget: this.#tailBudget,
      readSlabs: this.#readSlabs,
      space: this.#space,
      flush: options.flush,
      defaultConfig: options.defaultConfig ?? defaultLogConfig,
    });
  }

  async open(): Promise<RecoveryReport> {
    invariant(this.#status === "created", "an engine is opened once");
    const { fileSystem, directory, clock } = this.#options;
    const startedMs = clock.monotonicMs();
    const opened = await openDirectory(fileSystem, directory);
    this.#opened = opened;
    this.#status = "open";
    try {
      this.#checkpoints.seed(opened.checkpoints);
      const loaded = await this.#partitions.loadFound(opened, this.#threads.links);
      this.#allLoaded = true;
      await this.#finishRecovery(opened);
      await this.#space.check();
      this.#every(SPACE_CHECK_INTERVAL_MS, () => this.#space.check());
      this.#remover.removeDirectories(opened.deletedDirectories);
      this.#every(this.#options.retentionIntervalMs ?? defaults.RETENTION_INTERVAL_MS, () =>
        this.runRetention(),
      );
      this.#every(this.#options.checkpointIntervalMs ?? defaults.CHECKPOINT_INTERVAL_MS, () =>
        this.#checkpoint(),
      );
      afterThisTurn(() => this.#threads.warmUp());
      return {
        cleanShutdown: opened.cleanShutdown,
        partitions: loaded.map(({ recovery }) => recovery),
        elapsedMs: clock.monotonicMs() - startedMs,
      };
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  partitions(): IterableIterator<PartitionLog> {
    return this.#partitions.values();
  }

  partition(topic: string, partition: number): PartitionLog | undefined {
    return this.#partitions.get(partitionKey({ topic, partition }));
  }

  async createPartition(spec: PartitionSpec): Promise<PartitionLog> {
    const key = partitionKey(spec);
    // A log of this name that is being deleted still has its directory.
    while (this.#deleting.has(key)) await this.#deleting.get(key);
    this.#mustServe();
    const underWay = this.#creating.get(key);
    if (this.#partitions.get(key) === undefined && underWay === undefined) {
      const creating = this.#partitions
        .create(spec, this.#emptiestLink())
        .finally(() => this.#creating.delete(key));
      this.#creating.set(key, creating);
      return creating;
    }
    const existing = (await underWay) ?? this.#partitions.get(key);
    if (existing?.topicId !== spec.topicId) {
      const found = existing?.topicId ?? "none";
      throw new StorageError(`${key} exists with topic id ${found}, not ${spec.topicId}`, {
        fatal: false,
      });
    }
    if (existing.online) await existing.updateConfig(spec.config);
    return existing;
  }

  async deletePartition({ topic, partition }: TopicPartition): Promise<void> {
    this.#mustServe();
    const key = partitionKey({ topic, partition });
    await this.#creating.get(key);
    const log = this.#partitions.get(key);
    if (log === undefined) {
      await this.#deleting.get(key);
      return;
    }
    this.#partitions.delete(key);
    log.setStatus("deleted");
    const deleting = this.#remove(log).finally(() => this.#deleting.delete(key));
    this.#deleting.set(key, deleting);
    await deleting;
  }

  async #remove(log: EnginePartition): Promise<void> {
    const { partitionId, topic, partition, link } = log;
    const renamed = await link.callHost("remove", { partitionId, topic, partition });
    link.detach(log);
    // A recovery point of the old log would make a new one of this name look damaged.
    this.#checkpoints.forget(log);
    await this.#checkpoints.save();
    if (renamed !== undefined) this.#remover.removeDirectories([renamed]);
  }

  async runRetention(): Promise<void> {
    if (this.#status !== "open") return;
    await Promise.all(this.#activeLinks().map((link) => this.#retainOn(link)));
  }

  /** The log starts first, then the names, then the files: at no moment does a log seem to miss a segment. */
  async #retainOn(link: HostLink): Promise<void> {
    const expired = await link.callHost("applyRetention", undefined);
    if (expired.length === 0) return;
    for (const { partitionId, state } of expired) {
      const partition = link.partition(partitionId);
      if (partition === undefined) continue;
      partition.applyState(state);
      partition.announce();
      this.#checkpoints.noteLogStart(partition);
    }
    await this.#checkpoints.save();
    await link.callHost("dropFiles", expired);
    for (const { delayMs, files } of expired) {
      this.#remover.removeFilesAfter(
        delayMs,
        files.flatMap(({ paths }) => paths),
      );
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** What recovery found out is written down, so that the next start need not find it out again. */
  async #finishRecovery(opened: OpenedDirectory): Promise<void> {
    if (opened.cleanShutdown || this.#partitions.size === 0) return;
    await this.#checkpoints.save();
    if (opened.trustedEndOffsets.length === 0 || this.#partitions.loadFailures > 0) return;
    await forgetSyncFailure(this.#options.fileSystem, this.#options.directory);
  }

  /** Syncs what nobody waits for, then notes how far each log is safe. */
  async #checkpoint(): Promise<void> {
    if (this.#status !== "open") return;
    for (const link of this.#activeLinks()) {
      this.#partitions.noteRecoveryPoints(await link.callHost("syncAll", undefined));
    }
    const canWrite = this.#activeLinks().length > 0;
    if (this.#partitions.size > 0 && canWrite) await this.#checkpoints.save();
  }

  /** The first failed sync, or a write that could not be undone: nothing is acknowledged from here on. */
  #goOffline(cause: Error): void {
    if (this.#status !== "open" && this.#status !== "closing") return;
    if (this.#status === "open") this.#status = "offline";
    const { directory, fileSystem, logger } = this.#options;
    for (const partition of this.#partitions.values()) partition.setStatus("offline");
    for (const link of this.#threads.links) link.directoryFailedElsewhere();
    try {
      noteSyncFailureNow(fileSystem, directory, this.#partitions.trustedOffsets());
    } catch (error) {
      // The disk is failing; without the note the next start relies on the recovery points alone.
      logger.warn("could not note the failure in the log directory", {
        directory,
        error: String(error),
      });
    }
    this.onDirectoryOffline?.(directory, cause);
  }

  async #close(): Promise<void> {
    const { status, opened } = { status: this.#status, opened: this.#opened };
    this.#status = "closing";
    for (const timer of this.#timers) timer.cancel();
    try {
      await Promise.allSettled(this.#creating.values());
      if (status === "open") await this.#closeLogs();
      else
        await Promise.allSettled(
          this.#activeLinks().map((link) => link.callHost("close", undefined)),
        );
    } finally {
      for (const partition of this.#partitions.values()) partition.setStatus("offline");
      await this.#remover.close();
      for (const link of this.#threads.links) await link.stop();
      await this.#threads.stop();
      opened?.lock.release();
      this.#status = "closed";
    }
  }

  async #closeLogs(): Promise<void> {
    for (const link of this.#activeLinks()) {
      this.#partitions.noteRecoveryPoints(await link.callHost("close", undefined));
    }
    const canWrite = this.#activeLinks().length > 0;
    if (this.#partitions.size > 0 && canWrite) await this.#checkpoints.save();
    // A log that was not loaded, or whose worker died for good, has to be looked at by the next start.
    if (!this.#allLoaded || this.#partitions.loadFailures > 0) return;
    if (this.#threads.links.some((link) => !link.serves)) return;
    await markCleanShutdown(this.#options.fileSystem, this.#options.directory);
  }

  #every(intervalMs: number, job: () => Promise<void>): void {
    const { clock, logger } = this.#options;
    const arm = (): void => {
      const timer = clock.setTimer(intervalMs, () => {
        this.#timers.delete(timer);
        job()
          .catch((error: unknown) =>
            logger.error("a periodic job failed", { error: String(error) }),
          )
          .finally(() => {
            if (this.#status === "open") arm();
          });
      });
      this.#timers.add(timer);
    };
    arm();
  }

  #mustServe(): void {
    if (this.#status === "open") return;
    throw new StorageError(`the log directory ${this.#options.directory} is ${this.#status}`, {
      fatal: false,
    });
  }

  #firstLink(): HostLink {
    const [first] = this.#threads.links;
    invariant(first !== undefined, "an engine has a link");
    return first;
  }

  /** Links that host something: a worker that never got a partition was never started. */
  #activeLinks(): HostLink[] {
    return this.#threads.links.filter((link) => link.serves && link.partitionCount > 0);
  }

  /** Whose host writes the files of the whole directory: one that runs, if any does. */
  #anyLink(): HostLink {
    return this.#activeLinks()[0] ?? this.#firstLink();
  }

  #emptiestLink(): HostLink {
    const serving = this.#threads.links.filter((link) => link.serves);
    return serving.reduce(
      (best, link) => (link.partitionCount < best.partitionCount ? link : best),
      serving[0] ?? this.#firstLink(),
    );
  }
}
