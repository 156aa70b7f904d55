import { invariant } from "@ottla/runtime";
import type { PartitionOffset } from "../checkpoint/offset-checkpoint.ts";
import type { LogConfig } from "../log/log-config.ts";
import { StorageError } from "../log/storage-error.ts";
import type { CheckpointKeeper } from "./checkpoint-keeper.ts";
import type { OpenedDirectory } from "./directory-files.ts";
import { partitionKey } from "./directory-names.ts";
import { EnginePartition } from "./engine-partition.ts";
import type { ClosedLog, LoadedPartition, LoadRequest } from "./host-calls.ts";
import type { HostLink } from "./host-link.ts";
import type { TailBudget } from "./memory-tail.ts";
import type { SpaceGuard } from "./space-guard.ts";
import type { SlabPool } from "./slab-pool.ts";
import type { FlushPolicy, PartitionSpec, TopicPartition } from "./storage-engine.ts";

export interface PartitionTableOptions {
  readonly checkpoints: CheckpointKeeper;
  readonly tailBudget: TailBudget;
  readonly readSlabs: SlabPool;
  readonly space: SpaceGuard;
  readonly flush: FlushPolicy;
  readonly defaultConfig: LogConfig;
}

/** The partitions of an engine by name: how they are loaded, made, and known to the checkpoints. */
export class PartitionTable {
  /** Partitions found on disk that stay offline. */
  loadFailures = 0;
  readonly #options: PartitionTableOptions;
  readonly #byKey = new Map<string, EnginePartition>();
  #nextPartitionId = 0;

  constructor(options: PartitionTableOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#byKey.size;
  }

  get(key: string): EnginePartition | undefined {
    return this.#byKey.get(key);
  }

  delete(key: string): void {
    this.#byKey.delete(key);
  }

  values(): MapIterator<EnginePartition> {
    return this.#byKey.values();
  }

  /** Loads what was found on disk, spread over the links. */
  async loadFound(opened: OpenedDirectory, links: readonly HostLink[]): Promise<LoadedPartition[]> {
    const byLink = new Map<HostLink, LoadRequest[]>();
    const trusted = new Map(
      opened.trustedEndOffsets.map((entry) => [
        partitionKey(entry),
        { trustedEndOffset: entry.offset },
      ]),
    );
    for (const [index, found] of opened.partitions.entries()) {
      const link = links[index % links.length];
      invariant(link !== undefined, "an engine has a link");
      const requests = byLink.get(link) ?? [];
      requests.push({
        ...this.#loadRequest(found, this.#options.defaultConfig),
        cleanShutdown: opened.cleanShutdown,
        ...trusted.get(partitionKey(found)),
      });
      byLink.set(link, requests);
    }
    const answers = [...byLink].map(async ([link, requests]) => {
      const loaded = await link.callHost("load", requests);
      for (const [index, answer] of loaded.entries()) {
        const request = requests[index];
        invariant(
          request?.partitionId === answer.partitionId,
          "partitions are answered in the order asked",
        );
        this.#adopt(request, answer, link);
      }
      return loaded;
    });
    return (await Promise.all(answers)).flat();
  }

  async create(spec: PartitionSpec, link: HostLink): Promise<EnginePartition> {
    const request = {
      ...this.#loadRequest(spec, spec.config),
      topicId: spec.topicId,
      cleanShutdown: true,
    };
    const [answer] = await link.callHost("load", [request]);
    invariant(answer !== undefined, "a load request is answered");
    if (answer.loaded === undefined) {
      throw new StorageError(
        `${partitionKey(spec)}: ${answer.recovery.offlineReason ?? "not loaded"}`,
        { fatal: false },
      );
    }
    return this.#adopt(request, answer, link);
  }

  #adopt(request: LoadRequest, { loaded }: LoadedPartition, link: HostLink): EnginePartition {
    const partition = new EnginePartition({
      ...request,
      topicId: loaded?.topicId ?? request.topicId ?? "",
      link,
      tailBudget: this.#options.tailBudget,
      readSlabs: this.#options.readSlabs,
      space: this.#options.space,
      persistLogStart: async () => {
        this.#options.checkpoints.noteLogStart(partition);
        await this.#options.checkpoints.save();
      },
    });
    this.#byKey.set(partitionKey(partition), partition);
    link.attach(partition);
    if (loaded === undefined) {
      this.loadFailures += 1;
      partition.setStatus("offline");
    } else {
      partition.applyState(loaded.state);
      partition.setStatus("online");
      // A host syncs what it loads before it answers.
      this.#options.checkpoints.noteRecoveryPoint(partition, {
        recoveryPoint: loaded.state.logEndOffset,
      });
      this.#options.checkpoints.noteLogStart(partition);
    }
    return partition;
  }

  #loadRequest(
    { topic, partition }: TopicPartition,
    config: LogConfig,
  ): Omit<LoadRequest, "cleanShutdown"> {
    this.#nextPartitionId += 1;
    return {
      partitionId: this.#nextPartitionId,
      topic,
      partition,
      config,
      recoveryPoint: this.#options.checkpoints.recoveryPoint({ topic, partition }),
      logStartOffset: this.#options.checkpoints.logStartOffset({ topic, partition }),
    };
  }

  /** How to load a partition again after its worker died. */
  reloadRequest(partition: EnginePartition): LoadRequest {
    const { partitionId, topic, topicId, config, durableOffset, logStartOffset } = partition;
    const known = this.#options.checkpoints.recoveryPoint(partition);
    return {
      partitionId,
      topic,
      partition: partition.partition,
      topicId,
      config,
      cleanShutdown: false,
      recoveryPoint: this.#options.flush === "group" ? Math.max(known, durableOffset) : known,
      logStartOffset,
    };
  }

  noteRecoveryPoints(closed: readonly ClosedLog[]): void {
    const byId = new Map(closed.map((log) => [log.partitionId, log]));
    for (const partition of this.#byKey.values()) {
      const log = byId.get(partition.partitionId);
      if (log === undefined) continue;
      this.#options.checkpoints.noteRecoveryPoint(partition, log);
      this.#options.checkpoints.noteLogStart(partition);
    }
  }

  /** How far each log is known to be synced. */
  trustedOffsets(): PartitionOffset[] {
    return [...this.#byKey.values()].map(({ topic, partition, durableOffset }) => {
      const known = this.#options.checkpoints.recoveryPoint({ topic, partition });
      const isDurable = this.#options.flush === "group";
      return { topic, partition, offset: isDurable ? Math.max(durableOffset, known) : known };
    });
  }
}
