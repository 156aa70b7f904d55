import { afterThisTurn, invariant, type DirectoryLock } from "@ottla/runtime";
import { defaultLogConfig } from "../log/log-config.ts";
import type { LogStamp } from "../log/log-stamp.ts";
import { StorageError } from "../log/storage-error.ts";
import {
  saveSnapshot,
  type SaveSnapshotRequest,
  type SnapshotSource,
} from "../snapshot/save-snapshot.ts";
import type { SnapshotManifest } from "../snapshot/snapshot-manifest.ts";
import type { ArenaSlabPool } from "./arena-slab-pool.ts";
import { defaultCleanerOptions, type CleanerReport } from "./cleaner-options.ts";
import { CleanerScheduler } from "./cleaner-scheduler.ts";
import { AppendGate } from "./append-gate.ts";
import { CheckpointKeeper } from "./checkpoint-keeper.ts";
import {
  GROWTH_LOOK_INTERVAL_MS,
  GrowthWatch,
  saveStamps,
  takeCheckpoint,
  type CheckpointCore,
} from "./checkpoint-run.ts";
import {
  forgetSyncFailure,
  lockLogDirectory,
  markCleanShutdown,
  noteSyncFailureNow,
  openLockedDirectory,
  type DirectoryContent,
} from "./directory-files.ts";
import { partitionKey } from "./directory-names.ts";
import type { EnginePartition } from "./engine-partition.ts";
import * as defaults from "./engine-options.ts";
import type { EngineOptions } from "./engine-options.ts";
import { EngineLinks } from "./engine-links.ts";
import { EngineMemory } from "./engine-memory.ts";
import type { EngineContext, EngineThreads } from "./engine-threads.ts";
import { FileRemover } from "./file-remover.ts";
import { RecoveryWatch } from "../recovery/recovery-progress.ts";
import type { LoadedPartition } from "./host-calls.ts";
import { EngineSnapshotSource } from "./snapshot-source.ts";
import { SPACE_CHECK_INTERVAL_MS, SpaceGuard } from "./space-guard.ts";
import { PartitionCreation } from "./partition-creation.ts";
import { PartitionRemoval } from "./partition-removal.ts";
import { PartitionTable } from "./partition-table.ts";
import { PeriodicJobs } from "./periodic-jobs.ts";
import { retainOn } from "./retention-run.ts";
import type {
  LogDirectoryStatus,
  PartitionLog,
  PartitionSpec,
  RecoveryReport,
  StorageEngine,
  TopicPartition,
} from "./storage-engine.ts";

/** `created` -> `open` -> `closing` -> `closed`; `offline` instead of `open` after the directory failed. */
type EngineStatus = "created" | "open" | "offline" | "closing" | "closed";

/** The engine behind both faces: partitions, budgets, start, retention, stop. Where the logs live is the links' affair. */
export class LogEngine implements StorageEngine {
  /** This directory, as `saveSnapshot` sees it. */
  readonly snapshotSource: SnapshotSource;
  readonly slabs: ArenaSlabPool;
  onDirectoryOffline: ((directory: string, cause: Error) => void) | undefined;
  readonly #options: EngineOptions;
  readonly #threads: EngineThreads;
  readonly #links: EngineLinks;
  readonly #remover: FileRemover;
  readonly #checkpoints: CheckpointKeeper;
  readonly #space: SpaceGuard;
  readonly #partitions: PartitionTable;
  readonly #creation: PartitionCreation;
  readonly #removal: PartitionRemoval;
  readonly #deleting = new Map<string, Promise<void>>();
  readonly #creating = new Map<string, Promise<EnginePartition>>();
  readonly #jobs: PeriodicJobs;
  readonly #cleaner: CleanerScheduler;
  #lock: DirectoryLock | undefined;
  #status: EngineStatus = "created";
  /** Every partition found was loaded, or is known to stay offline. */
  #allLoaded = false;
  #closing: Promise<void> | undefined;

  constructor(options: EngineOptions, startThreads: (context: EngineContext) => EngineThreads) {
    this.#options = options;
    const memory = options.memory ?? new EngineMemory(defaults.memoryBudgets(options));
    this.slabs = memory.slabs;
    memory.onArenaDropped((arenaId) => this.#threads.onArenaDropped(arenaId));
    this.#threads = startThreads({
      slabs: memory.slabs,
      readSlabs: memory.readSlabs,
      onDirectoryOffline: (cause) => this.#goOffline(cause),
      reloadRequest: (partition) => this.#partitions.reloadRequest(partition),
    });
    this.#links = new EngineLinks(this.#threads.links);
    const { clock, logger } = options;
    this.#jobs = new PeriodicJobs({ clock, logger });
    this.#remover = new FileRemover({ clock, logger, run: this.#threads.removeInBackground });
    this.#checkpoints = new CheckpointKeeper((checkpoints) =>
      this.#links.any.callHost("writeCheckpoints", checkpoints),
    );
    this.#space = new SpaceGuard(options);
    const gate = new AppendGate();
    this.snapshotSource = new EngineSnapshotSource({
      ...options,
      gate,
      links: () => this.#links.active,
      partitions: () => this.#partitions.values(),
    });
    this.#cleaner = new CleanerScheduler({
      ...options,
      options: { ...defaultCleanerOptions, ...options.cleaner },
      runTask: this.#threads.runCleanerTask,
      partitions: () => this.#partitions.values(),
      removeFilesAfter: (delayMs, paths) => this.#remover.removeFilesAfter(delayMs, paths),
    });
    this.#partitions = new PartitionTable({
      cleanerCheckpoint: this.#cleaner.checkpoint,
      directory: options.directory,
      checkpoints: this.#checkpoints,
      tailBudget: memory.tailBudget,
      readSlabs: memory.readSlabs,
      space: this.#space,
      gate,
      flush: options.flush,
      defaultConfig: options.defaultConfig ?? defaultLogConfig,
    });
    this.#creation = new PartitionCreation(this.#partitions, this.#links);
    this.#removal = new PartitionRemoval({
      checkpoints: this.#checkpoints,
      cleanerCheckpoint: this.#cleaner.checkpoint,
      remover: this.#remover,
    });
  }

  /** Starts the threads, as `open` does at its end when nobody has. */
  warmUp(): void {
    this.#threads.warmUp();
  }

  /** Takes the lock of the directory and changes nothing else in it. `open` does it when nobody has. */
  async lock(): Promise<void> {
    const { fileSystem, directory } = this.#options;
    this.#lock ??= await lockLogDirectory(fileSystem, directory);
  }

  async open(): Promise<RecoveryReport> {
    invariant(this.#status === "created", "an engine is opened once");
    const { fileSystem, directory, clock } = this.#options;
    const startedMs = clock.monotonicMs();
    await this.lock();
    this.#status = "open";
    try {
      const opened = await openLockedDirectory(fileSystem, directory);
      this.#checkpoints.seed(opened.checkpoints);
      this.#cleaner.checkpoint.seed(opened.cleanedOffsets);
      const loaded = await this.#loadFound(opened);
      this.#allLoaded = true;
      await this.#finishRecovery(opened);
      await this.#space.check();
      this.#jobs.every(SPACE_CHECK_INTERVAL_MS, () => this.#space.check());
      this.#remover.removeDirectories(opened.deletedDirectories);
      this.#jobs.every(this.#options.retentionIntervalMs ?? defaults.RETENTION_INTERVAL_MS, () =>
        this.runRetention(),
      );
      this.#jobs.every(this.#options.checkpointIntervalMs ?? defaults.CHECKPOINT_INTERVAL_MS, () =>
        takeCheckpoint(this.#core),
      );
      if (this.#options.flush === "group") {
        const growth = new GrowthWatch(this.#core, this.#options.recoveryPointBytes);
        this.#jobs.every(GROWTH_LOOK_INTERVAL_MS, () => growth.look());
      }
      this.#jobs.every(this.#cleaner.backoffMs, () => this.runCleaner());
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

  async #loadFound(opened: DirectoryContent): Promise<LoadedPartition[]> {
    const { clock, directory, onRecoveryProgress } = this.#options;
    const recover = this.#threads.recover;
    const watch = new RecoveryWatch({ clock, onProgress: onRecoveryProgress });
    try {
      return await this.#partitions.loadFound(opened, this.#links.all, {
        onPartitions: (partitionsDone, partitionsTotal) => {
          const known = { directory, partitionsDone, partitionsTotal };
          if (!opened.cleanShutdown)
            watch.tell({ ...known, bytesChecked: 0, bytesTotal: undefined });
        },
        ...(recover && {
          recover: (requests) =>
            recover(requests, (progress) => watch.follow(progress)).catch((error: unknown) => {
              if (error instanceof StorageError && error.fatal) this.#goOffline(error);
              throw error;
            }),
        }),
      });
    } finally {
      watch.end();
    }
  }

  get directory(): string {
    return this.#options.directory;
  }

  /** False before it is opened, after the directory failed, and after it was closed. */
  get online(): boolean {
    return this.#status === "open";
  }

  /** Partitions here, those included that are being created. */
  get partitionCount(): number {
    return this.#partitions.size + this.#creating.size;
  }

  directories(): readonly [LogDirectoryStatus] {
    const { online, directory } = this;
    const offline = { directory, online, totalBytes: -1, usableBytes: -1 };
    return [online ? { directory, online, ...this.#space.volume } : offline];
  }

  partitions(): IterableIterator<PartitionLog> {
    return this.#partitions.values();
  }

  partition(topic: string, partition: number): PartitionLog | undefined {
    return this.#partitions.get(partitionKey({ topic, partition }));
  }

  async createPartition(spec: PartitionSpec): Promise<PartitionLog> {
    const { directory } = this.#options;
    if (spec.directory !== undefined && spec.directory !== directory)
      throw new StorageError(`${spec.directory} is not a log directory`, { fatal: false });
    const key = partitionKey(spec);
    // A log of this name that is being deleted still has its directory.
    while (this.#deleting.has(key)) await this.#deleting.get(key);
    this.#mustServe();
    const underWay = this.#creating.get(key);
    if (this.#partitions.get(key) === undefined && underWay === undefined) {
      const creating = this.#creation.create(spec).finally(() => this.#creating.delete(key));
      this.#creating.set(key, creating);
      return creating;
    }
    const existing = (await underWay) ?? this.#partitions.get(key);
    if (existing?.isUnfinished && existing.topicId !== spec.topicId) {
      await this.deletePartition(spec);
      return this.createPartition(spec);
    }
    if (existing?.topicId !== spec.topicId) {
      const found = existing?.topicId ?? "none";
      throw new StorageError(`${key} exists with topic id ${found}, not ${spec.topicId}`, {
        fatal: false,
      });
    }
    if (existing.online) await existing.updateConfig(spec.config);
    return existing;
  }

  /** On an offline directory the log only leaves the table: its files stay, for the next start to judge. */
  async deletePartition({ topic, partition }: TopicPartition): Promise<void> {
    const key = partitionKey({ topic, partition });
    if (this.#status === "offline") {
      this.#partitions.get(key)?.setStatus("deleted");
      this.#partitions.delete(key);
      return;
    }
    this.#mustServe();
    await this.#creating.get(key);
    const log = this.#partitions.get(key);
    if (log === undefined) {
      await this.#deleting.get(key);
      return;
    }
    this.#partitions.delete(key);
    log.setStatus("deleted");
    const deleting = this.#removal.remove(log).finally(() => this.#deleting.delete(key));
    this.#deleting.set(key, deleting);
    await deleting;
  }

  async runRetention(): Promise<void> {
    if (this.#status !== "open") return;
    await Promise.all(
      this.#links.active.map((link) =>
        retainOn(link, { checkpoints: this.#checkpoints, remover: this.#remover }),
      ),
    );
  }

  async runCleaner(): Promise<CleanerReport> {
    if (this.#status !== "open") return { logs: [], uncleanable: [], elapsedMs: 0 };
    return this.#cleaner.run();
  }

  saveSnapshot(request: SaveSnapshotRequest): Promise<SnapshotManifest> {
    this.#mustServe();
    return saveSnapshot([this.snapshotSource], request);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** What recovery found out is written down, so that the next start need not find it out again. */
  async #finishRecovery(opened: DirectoryContent): Promise<void> {
    if (opened.cleanShutdown || this.#partitions.size === 0) return;
    await this.#checkpoints.save();
    await saveStamps(this.#core);
    if (opened.trustedEndOffsets.length === 0 || this.#partitions.loadFailures > 0) return;
    await forgetSyncFailure(this.#options.fileSystem, this.#options.directory);
  }

  get #core(): CheckpointCore {
    return {
      links: this.#links,
      partitions: this.#partitions,
      checkpoints: this.#checkpoints,
      isOpen: () => this.online,
    };
  }

  /** The first failed sync, or a write that could not be undone: nothing is acknowledged from here on. */
  #goOffline(cause: Error): void {
    if (this.#status !== "open" && this.#status !== "closing") return;
    if (this.#status === "open") this.#status = "offline";
    void this.#cleaner.stop();
    this.#jobs.stop();
    const { directory, fileSystem, logger } = this.#options;
    for (const partition of this.#partitions.values()) partition.setStatus("offline");
    for (const link of this.#links.all) link.directoryFailedElsewhere();
    try {
      noteSyncFailureNow(fileSystem, directory, this.#partitions.trustedOffsets());
    } catch (error) {
      // The disk is failing; without the note the next start relies on the recovery points alone.
      logger.warn("could not note the failure in the log directory", {
        directory,
        error: String(error),
      });
    }
    if (this.onDirectoryOffline) this.onDirectoryOffline(directory, cause);
    else logger.error("log directory offline", { directory, error: cause.message });
  }

  async #close(): Promise<void> {
    const status = this.#status;
    this.#status = "closing";
    this.#jobs.stop();
    try {
      await this.#cleaner.stop();
      await Promise.allSettled([...this.#creating.values(), ...this.#deleting.values()]);
      if (status === "open") await this.#closeLogs();
      else
        await Promise.allSettled(
          this.#links.active.map((link) => link.callHost("close", undefined)),
        );
    } finally {
      for (const partition of this.#partitions.values()) partition.setStatus("offline");
      await this.#remover.close();
      for (const link of this.#links.all) await link.stop();
      await this.#threads.stop();
      this.#lock?.release();
      this.#status = "closed";
    }
  }

  async #closeLogs(): Promise<void> {
    const stamps: LogStamp[] = [];
    for (const link of this.#links.active) {
      const closed = await link.callHost("close", undefined);
      this.#partitions.noteRecoveryPoints(closed);
      for (const { stamp } of closed) if (stamp !== undefined) stamps.push(stamp);
    }
    const canWrite = this.#links.active.length > 0;
    if (this.#partitions.size > 0 && canWrite) await this.#checkpoints.save();
    if (stamps.length > 0 && canWrite) await this.#links.any.callHost("writeStamps", stamps);
    // A log that was not loaded, or whose worker died for good, has to be looked at by the next start.
    if (!this.#allLoaded || this.#partitions.loadFailures > 0) return;
    if (this.#links.all.some((link) => !link.serves)) return;
    await markCleanShutdown(this.#options.fileSystem, this.#options.directory);
  }

  #mustServe(): void {
    if (this.#status === "open") return;
    throw new StorageError(`the log directory ${this.#options.directory} is ${this.#status}`, {
      fatal: false,
    });
  }
}
