import {
  defaultWorkerThreads,
  invariant,
  openFilesMax,
  type FileSystem,
  type Logger,
  type Random,
} from "@ottla/runtime";
import { readDirectoryIdentity } from "../checkpoint/directory-identity.ts";
import { StorageError } from "../log/storage-error.ts";
import { saveSnapshot, type SaveSnapshotRequest } from "../snapshot/save-snapshot.ts";
import type { SnapshotManifest } from "../snapshot/snapshot-manifest.ts";
import {
  isDiskFailure,
  lockAll,
  refuseDuplicates,
  type UnusableDirectories,
} from "./directories-start.ts";
import { partitionKey } from "./directory-names.ts";
import { EngineMemory } from "./engine-memory.ts";
import { share, shareBudgets } from "./directories-budgets.ts";
import { memoryBudgets, type EngineOptions } from "./engine-options.ts";
import { LocalEngine } from "./local-engine.ts";
import type { LogEngine } from "./log-engine.ts";
import { OfflineLog } from "./offline-log.ts";
import { PARTITION_DIRECTORIES, PartitionDirectories } from "./partition-directories.ts";
import type { CleanerReport } from "./cleaner-options.ts";
import type { SlabPool } from "./slab-pool.ts";
import type {
  LogDirectoryStatus,
  PartitionLog,
  PartitionSpec,
  RecoveryReport,
  StorageEngine,
  TopicPartition,
} from "./storage-engine.ts";
import { backgroundThreads, WorkerEngine, type WorkerEngineOptions } from "./worker-engine.ts";

interface Directories {
  /** At least one; the first also holds what concerns all of them, and the engine does not open without it. */
  readonly directories: readonly string[];
  /** The id that stays with a directory (`directory.id` of its meta.properties, which is read when this is absent). */
  readonly directoryIdOf?: (directory: string) => string;
}

export type LocalDirectoriesOptions = Omit<EngineOptions, "directory" | "memory"> & Directories;
export type WorkerDirectoriesOptions = Omit<
  WorkerEngineOptions,
  "directory" | "memory" | "background"
> &
  Directories;

export interface DirectoriesEngineOptions extends Directories {
  readonly memory: EngineMemory;
  /** For the files that concern all directories, and to look into each before it is opened. */
  readonly fileSystem: FileSystem;
  readonly random: Random;
  readonly logger: Logger;
  readonly createEngine: (directory: string, memory: EngineMemory) => LogEngine;
  /** After all engines have closed. */
  readonly onClosed?: () => Promise<void>;
}

/**
 * Several log directories behind one engine: one `LogEngine` each, with its own lock, checkpoints, space
 * guard and threads, so that a slow or dying disk stands in nobody else's way; the memory is shared. What a
 * directory that cannot be read holds is known from `ottla-partition-directories`.
 */
export class DirectoriesEngine implements StorageEngine {
  readonly slabs: SlabPool;
  onDirectoryOffline: ((directory: string, cause: Error) => void) | undefined;
  readonly #options: DirectoriesEngineOptions;
  readonly #engines: readonly LogEngine[];
  readonly #first: LogEngine;
  readonly #places: PartitionDirectories;
  /** Partitions on directories that could not be used at the start. */
  readonly #unreachable = new Map<string, OfflineLog>();
  /** Where partitions go that are being created. */
  readonly #placing = new Map<string, LogEngine>();
  #recordsPlaces = false;
  #closing: Promise<void> | undefined;

  /** All logs in the caller's thread. */
  static local(options: LocalDirectoriesOptions): DirectoriesEngine {
    const shared = shareBudgets(options, options.directories.length);
    return new DirectoriesEngine({
      ...options,
      memory: new EngineMemory(memoryBudgets(options)),
      createEngine: (directory, memory) => new LocalEngine({ ...shared, directory, memory }),
    });
  }

  /** Each directory with its own workers; `workers` is the number of all of them, but every directory has one. */
  static onWorkers(options: WorkerDirectoriesOptions): DirectoriesEngine {
    const count = options.directories.length;
    const background = backgroundThreads();
    const shared = {
      ...shareBudgets(options, count),
      background,
      workers: share(options.workers ?? defaultWorkerThreads(), count),
      descriptorsMax: share(options.descriptorsMax ?? openFilesMax() / 2, count),
    };
    return new DirectoriesEngine({
      ...options,
      memory: new EngineMemory(memoryBudgets(options)),
      createEngine: (directory, memory) => new WorkerEngine({ ...shared, directory, memory }),
      onClosed: () => background.close(),
    });
  }

  constructor(options: DirectoriesEngineOptions) {
    const { directories, memory, fileSystem } = options;
    this.#options = options;
    this.slabs = memory.slabs;
    this.#engines = directories.map((directory) => options.createEngine(directory, memory));
    const [first] = this.#engines;
    invariant(first !== undefined, "an engine has a log directory");
    invariant(new Set(directories).size === directories.length, "a log directory is named once");
    this.#first = first;
    this.#places = new PartitionDirectories(fileSystem, first.directory);
    for (const engine of this.#engines)
      engine.onDirectoryOffline = (directory, cause) => {
        if (this.onDirectoryOffline) this.onDirectoryOffline(directory, cause);
        else options.logger.error("log directory offline", { directory, error: cause.message });
      };
  }

  /** Starts the threads before anybody waits for them. Until `close` they stay. */
  warmUp(): void {
    for (const engine of this.#engines) engine.warmUp();
  }

  /**
   * Opens what can be opened. Rejects when the first directory cannot be used, when another process holds one of
   * them, and when a partition lies in two.
   */
  async open(): Promise<RecoveryReport> {
    try {
      return await this.#open();
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  *partitions(): IterableIterator<PartitionLog> {
    for (const engine of this.#engines) yield* engine.partitions();
    yield* this.#unreachable.values();
  }

  partition(topic: string, partition: number): PartitionLog | undefined {
    for (const engine of this.#engines) {
      const log = engine.partition(topic, partition);
      if (log !== undefined) return log;
    }
    return this.#unreachable.get(partitionKey({ topic, partition }));
  }

  async createPartition(spec: PartitionSpec): Promise<PartitionLog> {
    const key = partitionKey(spec);
    const existing = this.#engines.find((engine) => engine.partition(spec.topic, spec.partition));
    const underWay = existing ?? this.#placing.get(key);
    if (underWay !== undefined) return underWay.createPartition(withoutDirectory(spec));
    const unreachable = this.#unreachable.get(key);
    if (unreachable !== undefined)
      throw new StorageError(`${key} lies on a log directory that is offline`, { fatal: false });
    const engine = this.#choose(spec.directory);
    if (this.#recordsPlaces && !this.#first.online)
      throw new StorageError(`the first log directory, ${this.#first.directory}, is offline`, {
        fatal: false,
      });
    this.#placing.set(key, engine);
    try {
      if (this.#recordsPlaces) {
        this.#places.set({ ...spec, directoryId: this.#idOf(engine) });
        await this.#places.save();
      }
      return await engine.createPartition(withoutDirectory(spec));
    } finally {
      this.#placing.delete(key);
      if (engine.partition(spec.topic, spec.partition) === undefined) this.#places.delete(spec);
    }
  }

  async deletePartition(topicPartition: TopicPartition): Promise<void> {
    const { topic, partition } = topicPartition;
    const key = partitionKey(topicPartition);
    const engine =
      this.#engines.find((one) => one.partition(topic, partition)) ?? this.#placing.get(key);
    // Without one it may be under way out of an engine: whoever comes second waits for it there.
    const engines = engine === undefined ? this.#engines.filter(({ online }) => online) : [engine];
    for (const one of engines) await one.deletePartition(topicPartition);
    const wasUnreachable = this.#unreachable.delete(key);
    if (engine === undefined && !wasUnreachable) return;
    this.#places.delete(topicPartition);
    if (this.#recordsPlaces && this.#first.online) await this.#places.save();
  }

  async runRetention(): Promise<void> {
    await Promise.all(this.#engines.map((engine) => engine.runRetention()));
  }

  async runCleaner(): Promise<CleanerReport> {
    const reports = await Promise.all(this.#engines.map((engine) => engine.runCleaner()));
    return {
      logs: reports.flatMap(({ logs }) => logs),
      uncleanable: reports.flatMap(({ uncleanable }) => uncleanable),
      elapsedMs: Math.max(...reports.map(({ elapsedMs }) => elapsedMs)),
    };
  }

  directories(): readonly LogDirectoryStatus[] {
    return this.#engines.flatMap((engine) => engine.directories());
  }

  /** Of all directories; one that is offline makes it fail. */
  saveSnapshot(request: SaveSnapshotRequest): Promise<SnapshotManifest> {
    return saveSnapshot(
      this.#engines.map(({ snapshotSource }) => snapshotSource),
      request,
    );
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #open(): Promise<RecoveryReport> {
    const { fileSystem, random, logger } = this.#options;
    const unusable = await lockAll(this.#engines, fileSystem);
    const file = this.#places.read();
    this.#recordsPlaces = this.#engines.length > 1 || file === "read";
    const places = this.#places;
    if (this.#engines.length > 1)
      await refuseDuplicates(this.#engines, { fileSystem, random, logger, places, unusable });
    this.#mustHaveFirst(unusable);
    if (file === "damaged") this.#mustHaveAll(unusable);
    const usable = this.#engines.filter((engine) => !unusable.has(engine));
    const reports = await Promise.allSettled(usable.map((engine) => engine.open()));
    const opened: RecoveryReport[] = [];
    for (const [index, report] of reports.entries()) {
      if (report.status === "fulfilled") opened.push(report.value);
      else if (isDiskFailure(report.reason)) unusable.set(usable[index]!, report.reason);
      else throw report.reason;
    }
    this.#mustHaveFirst(unusable);
    for (const [{ directory }, cause] of unusable)
      logger.error("a log directory cannot be used; the broker starts without it", {
        directory,
        error: cause.message,
      });
    if (this.#recordsPlaces) await this.#settlePlaces();
    return {
      cleanShutdown: opened.every(({ cleanShutdown }) => cleanShutdown),
      partitions: opened.flatMap(({ partitions }) => partitions),
      elapsedMs: Math.max(...opened.map(({ elapsedMs }) => elapsedMs)),
    };
  }

  /** What was found counts; what lies on a directory that is not here stays offline; the rest was never made. */
  async #settlePlaces(): Promise<void> {
    const before = [...this.#places.values()];
    const here = new Set<string>();
    for (const engine of this.#engines) if (engine.online) here.add(this.#idOf(engine));
    for (const place of before) {
      if (here.has(place.directoryId)) this.#places.delete(place);
      else if (this.partition(place.topic, place.partition) === undefined)
        this.#unreachable.set(partitionKey(place), new OfflineLog(place));
    }
    for (const engine of this.#engines) {
      if (!engine.online) continue;
      const directoryId = this.#idOf(engine);
      for (const { topic, partition, topicId } of engine.partitions())
        this.#places.set({ topic, partition, topicId: topicId || UNKNOWN_TOPIC_ID, directoryId });
    }
    this.#warnOfUnreachable();
    if (!samePlaces(before, [...this.#places.values()])) await this.#places.save();
  }

  #warnOfUnreachable(): void {
    if (this.#unreachable.size === 0) return;
    const [example] = this.#unreachable.keys();
    this.#options.logger.error("partitions stay offline: their log directory is not here", {
      partitions: this.#unreachable.size,
      example,
      directoryIds: [
        ...new Set(
          [...this.#places.values()]
            .filter((place) => this.#unreachable.has(partitionKey(place)))
            .map(({ directoryId }) => directoryId),
        ),
      ],
    });
  }

  /** Kafka's rule: the directory with the fewest partitions. */
  #choose(directory: string | undefined): LogEngine {
    if (directory !== undefined) {
      const named = this.#engines.find((engine) => engine.directory === directory);
      if (named?.online) return named;
      const what = named === undefined ? "is not a log directory" : "is offline";
      throw new StorageError(`${directory} ${what}`, { fatal: false });
    }
    const online = this.#engines.filter((engine) => engine.online);
    const counts = new Map(online.map((engine) => [engine, engine.partitionCount]));
    // With one directory there is nothing to choose, and many partitions may be under way.
    if (online.length > 1)
      for (const engine of this.#placing.values())
        counts.set(engine, (counts.get(engine) ?? 0) + 1);
    const [best] = online.toSorted((a, b) => counts.get(a)! - counts.get(b)!);
    if (best === undefined)
      throw new StorageError("all log directories are offline", { fatal: false });
    return best;
  }

  #mustHaveFirst(unusable: UnusableDirectories): void {
    const cause = unusable.get(this.#first);
    if (cause !== undefined) throw cause;
  }

  #mustHaveAll(unusable: UnusableDirectories): void {
    const [engine] = unusable.keys();
    if (engine === undefined) return;
    throw new StorageError(
      `${this.#first.directory}/${PARTITION_DIRECTORIES} is damaged and ${engine.directory} cannot be used, so nobody knows which partitions lie there: bring that directory back, or remove the file to give them up`,
      { fatal: false, path: this.#first.directory },
    );
  }

  #idOf({ directory }: LogEngine): string {
    const { directoryIdOf, fileSystem } = this.#options;
    const id =
      directoryIdOf?.(directory) ?? readDirectoryIdentity(fileSystem, directory)?.directoryId;
    // A library without meta.properties: the path is all there is to know a directory by.
    return id || encodeURIComponent(directory);
  }

  async #close(): Promise<void> {
    const results = await Promise.allSettled(this.#engines.map((engine) => engine.close()));
    await this.#places.settled();
    await this.#options.onClosed?.();
    const failed = results.find((result) => result.status === "rejected");
    if (failed !== undefined) throw failed.reason;
  }
}

/** Stands in the file for the id of a log that recovery could not read. */
const UNKNOWN_TOPIC_ID = "unknown";

function withoutDirectory(spec: PartitionSpec): PartitionSpec {
  const { directory: _, ...rest } = spec;
  return rest;
}

function samePlaces<T extends TopicPartition & { directoryId: string; topicId: string }>(
  before: readonly T[],
  after: readonly T[],
): boolean {
  const text = (places: readonly T[]): string =>
    places
      .map((place) => `${partitionKey(place)} ${place.topicId} ${place.directoryId}`)
      .sort()
      .join("\n");
  return text(before) === text(after);
}
