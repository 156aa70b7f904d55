import { ErrorCode } from "@ottla/protocol";
import { invariant, type Clock } from "@ottla/runtime";
import type { ReadIntoOutcome } from "../log/log.ts";
import { StorageError } from "../log/storage-error.ts";
import type { EnginePartition } from "./engine-partition.ts";
import type {
  HostCallName,
  HostCalls,
  LoadedPartition,
  LoadRequest,
  LogCallName,
  LogCalls,
} from "./host-calls.ts";
import type { HostLink } from "./host-link.ts";
import { refused } from "./refused.ts";
import type { SlabSlice } from "./slab-pool.ts";
import type { AppendOutcome, AppendRequest, ReadRequest } from "./storage-engine.ts";
import { WorkerConnection, type WorkerConnectionOptions } from "./worker-connection.ts";

/** A worker that dies more often than this within the window has a cause that restarting does not cure. */
const DEATHS_MAX = 5;
const DEATHS_WINDOW_MS = 60_000;

export interface WorkerLinkOptions extends Omit<WorkerConnectionOptions, "onState"> {
  readonly clock: Clock;
  readonly reloadRequest: (partition: EnginePartition) => LoadRequest;
}

/** `unstarted`: no partition yet. `running`. `restarting`: the worker died, its partitions are being recovered. `failed`, `stopped`: for good. */
type LinkStatus = "unstarted" | "running" | "restarting" | "failed" | "stopped";

/** The host in a storage worker: starts it with its first call, and again when it dies. */
export class WorkerLink implements HostLink {
  readonly #options: WorkerLinkOptions;
  readonly #partitions = new Map<number, EnginePartition>();
  readonly #deathsMs: number[] = [];
  #status: LinkStatus = "unstarted";
  #connection: WorkerConnection | undefined;
  #restarted: Promise<void> = Promise.resolve();

  constructor(options: WorkerLinkOptions) {
    this.#options = options;
  }

  get serves(): boolean {
    return this.#status !== "failed" && this.#status !== "stopped";
  }

  get partitionCount(): number {
    return this.#partitions.size;
  }

  partition(partitionId: number): EnginePartition | undefined {
    return this.#partitions.get(partitionId);
  }

  attach(partition: EnginePartition): void {
    this.#partitions.set(partition.partitionId, partition);
  }

  detach(partition: EnginePartition): void {
    this.#partitions.delete(partition.partitionId);
  }

  append(partition: EnginePartition, request: AppendRequest): Promise<AppendOutcome> {
    return (
      this.#connection?.append(partition, request) ??
      Promise.resolve(refused(ErrorCode.KAFKA_STORAGE_ERROR))
    );
  }

  readInto(
    partition: EnginePartition,
    request: ReadRequest,
    target: SlabSlice,
  ): Promise<ReadIntoOutcome> {
    return (
      this.#connection?.readInto(partition, request, target) ??
      Promise.resolve({ ok: false, errorCode: ErrorCode.KAFKA_STORAGE_ERROR })
    );
  }

  async callLog<Name extends LogCallName>(
    partition: EnginePartition,
    name: Name,
    argument: LogCalls[Name]["argument"],
  ): Promise<LogCalls[Name]["result"]> {
    const { partitionId } = partition;
    const connection = await this.#serving();
    return (await connection.call({
      kind: "callLog",
      partitionId,
      name,
      argument,
    })) as LogCalls[Name]["result"];
  }

  async callHost<Name extends HostCallName>(
    name: Name,
    argument: HostCalls[Name]["argument"],
  ): Promise<HostCalls[Name]["result"]> {
    const connection = await this.#serving();
    return (await connection.call({
      kind: "callHost",
      name,
      argument,
    })) as HostCalls[Name]["result"];
  }

  directoryFailedElsewhere(): void {
    this.#connection?.tellDirectoryFailed();
  }

  arenaDropped(arenaId: number): void {
    this.#connection?.arenaDropped(arenaId);
  }

  /** Starts the worker before anybody waits for it. */
  warmUp(): void {
    if (this.#status === "unstarted") this.#start();
  }

  async stop(): Promise<void> {
    await this.#restarted;
    this.#status = "stopped";
    this.#connection?.stop();
    // A thread that is still starting holds nothing: it is ended with its pool.
    if (this.#connection?.ready) await this.#connection.ended;
    this.#partitions.clear();
  }

  async #serving(): Promise<WorkerConnection> {
    if (this.#status === "unstarted") this.#start();
    await this.#restarted;
    if (this.#status !== "running" || this.#connection === undefined) {
      throw new StorageError(`the storage worker is ${this.#status}`, { fatal: false });
    }
    return this.#connection;
  }

  #start(): WorkerConnection {
    const connection = new WorkerConnection({
      ...this.#options,
      onState: (partitionId, state) => {
        const partition = this.#partitions.get(partitionId);
        partition?.applyState(state);
        partition?.announce();
      },
    });
    this.#connection = connection;
    this.#status = "running";
    void connection.ended.then((failure) => {
      if (this.#status !== "stopped") this.#restarted = this.#restart(failure);
    });
    return connection;
  }

  /** The worker died: its appends were answered; its logs are recovered by a new one. */
  async #restart(failure: Error | undefined): Promise<void> {
    const { logger, clock } = this.#options;
    this.#status = "restarting";
    const lost = [...this.#partitions.values()].filter((partition) => partition.online);
    for (const partition of lost) partition.setStatus("recovering");
    logger.error("a storage worker died", {
      error: failure?.message ?? "stopped unasked",
      partitions: lost.length,
    });
    const nowMs = clock.monotonicMs();
    this.#deathsMs.push(nowMs);
    while ((this.#deathsMs[0] ?? nowMs) < nowMs - DEATHS_WINDOW_MS) this.#deathsMs.shift();
    if (this.#deathsMs.length > DEATHS_MAX) {
      this.#giveUp(lost, "it died too often");
      return;
    }
    try {
      const connection = this.#start();
      const requests = lost.map((partition) => this.#options.reloadRequest(partition));
      const sentConfigs = new Map(requests.map(({ partitionId, config }) => [partitionId, config]));
      const answers = (await connection.call({
        kind: "callHost",
        name: "load",
        argument: requests,
      })) as readonly LoadedPartition[];
      for (const { partitionId, loaded, recovery } of answers) {
        const partition = this.#partitions.get(partitionId);
        invariant(partition !== undefined, "a partition is not detached while its worker recovers");
        if (loaded === undefined) {
          logger.error("a partition stays offline", {
            topic: partition.topic,
            partition: partition.partition,
            reason: recovery.offlineReason,
          });
          partition.setStatus("offline");
        } else {
          partition.applyState(loaded.state);
          partition.setStatus("online");
          // Settings that changed meanwhile; if this worker dies as well, the next one is told by then.
          if (partition.config !== sentConfigs.get(partitionId))
            partition.updateConfig(partition.config).catch(() => {});
        }
      }
    } catch (error) {
      this.#giveUp(lost, error instanceof Error ? error.message : String(error));
    }
  }

  #giveUp(lost: readonly EnginePartition[], reason: string): void {
    this.#options.logger.error("partitions offline after a storage worker died", {
      partitions: lost.length,
      reason,
    });
    this.#status = "failed";
    for (const partition of lost) partition.setStatus("offline");
  }
}
