import { invariant } from "@ottla/runtime";
import type { PartitionOffset } from "../checkpoint/offset-checkpoint.ts";
import type { LogConfig } from "../log/log-config.ts";
import type { RecoveredPartition } from "../recovery/recover-partition.ts";
import type { CleanerCheckpoint } from "./cleaner-checkpoint.ts";
import type { AppendGate } from "./append-gate.ts";
import type { CheckpointKeeper } from "./checkpoint-keeper.ts";
import type { DirectoryContent } from "./directory-files.ts";
import { partitionKey } from "./directory-names.ts";
import { EnginePartition } from "./engine-partition.ts";
import type { ClosedLog, CreateRequest, LoadedPartition, LoadRequest } from "./host-calls.ts";
import type { LogState } from "./hosted-log.ts";
import type { HostLink } from "./host-link.ts";
import type { TailBudget } from "./memory-tail.ts";
import type { SpaceGuard } from "./space-guard.ts";
import type { SlabPool } from "./slab-pool.ts";
import type { FlushPolicy, PartitionSpec, TopicPartition } from "./storage-engine.ts";

export interface PartitionTableOptions {
  readonly directory: string;
  readonly checkpoints: CheckpointKeeper;
  readonly cleanerCheckpoint: CleanerCheckpoint;
  readonly tailBudget: TailBudget;
  readonly readSlabs: SlabPool;
  readonly space: SpaceGuard;
  readonly gate: AppendGate;
  readonly flush: FlushPolicy;
  readonly defaultConfig: LogConfig;
}

/** How what is not known to be in order is recovered. */
export interface LoadRecovery {
  /** In background threads; absent: by whoever loads. */
  readonly recover?: (requests: readonly LoadRequest[]) => Promise<readonly RecoveredPartition[]>;
  /** Told how many partitions of all were loaded, when they are recovered by whoever loads them. */
  readonly onPartitions: (done: number, total: number) => void;
}

interface Place {
  readonly link: HostLink;
  readonly request: LoadRequest;
}

/** Between two calls the host answers other things, and progress can be shown. */
const LOADS_PER_CALL = 256;

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

  /**
   * Loads what was found on disk, spread over the links. After an unclean stop the logs whose stamps do not hold
   * go through recovery first, where there are threads for it.
   */
  async loadFound(
    opened: DirectoryContent,
    links: readonly HostLink[],
    recovery: LoadRecovery,
  ): Promise<LoadedPartition[]> {
    const trusted = new Map(
      opened.trustedEndOffsets.map((entry) => [
        partitionKey(entry),
        { trustedEndOffset: entry.offset },
      ]),
    );
    const stamps = new Map(opened.stamps.map((stamp) => [partitionKey(stamp), stamp]));
    const inBackground = !opened.cleanShutdown && recovery.recover !== undefined;
    const places = opened.partitions.map((found, index): Place => {
      const stamp = stamps.get(partitionKey(found));
      const link = links[index % links.length];
      invariant(link !== undefined, "an engine has a link");
      const request: LoadRequest = {
        ...this.#loadRequest(found, this.#options.defaultConfig),
        cleanShutdown: opened.cleanShutdown,
        ...trusted.get(partitionKey(found)),
        ...(stamp && { stamp }),
        ...(inBackground && { onlyStamped: true }),
      };
      return { link, request };
    });
    const loaded = await this.#loadAll(places, inBackground ? () => {} : recovery.onPartitions);
    const left = places.filter((_, index) => loaded[index]?.needsRecovery);
    if (left.length === 0 || recovery.recover === undefined) return loaded;
    const recovered = await this.#loadRecovered(left, recovery.recover);
    const byId = new Map(recovered.map((one) => [one.partitionId, one]));
    return loaded.map((one) => byId.get(one.partitionId) ?? one);
  }

  /** Answers in the order asked. */
  async #loadAll(
    places: readonly Place[],
    onPartitions: (done: number, total: number) => void,
  ): Promise<LoadedPartition[]> {
    const byLink = Map.groupBy(places, ({ link }) => link);
    const answers = new Map<number, LoadedPartition>();
    const loadOn = async (link: HostLink, mine: readonly Place[]): Promise<void> => {
      for (let first = 0; first < mine.length; first += LOADS_PER_CALL) {
        const some = mine.slice(first, first + LOADS_PER_CALL).map(({ request }) => request);
        const loaded = await link.callHost("load", some);
        for (const [index, answer] of loaded.entries()) {
          const request = some[index];
          invariant(
            request?.partitionId === answer.partitionId,
            "partitions are answered in the order asked",
          );
          if (!answer.needsRecovery) this.#adopt(request, answer, link);
          answers.set(answer.partitionId, answer);
        }
        onPartitions(answers.size, places.length);
      }
    };
    await Promise.all([...byLink].map(([link, mine]) => loadOn(link, mine)));
    return places.map(({ request }) => answers.get(request.partitionId)!);
  }

  /** Recovery in background threads; then the owners open what was put in order, as after a clean stop. */
  async #loadRecovered(
    places: readonly Place[],
    recover: NonNullable<LoadRecovery["recover"]>,
  ): Promise<LoadedPartition[]> {
    const recovered = await recover(places.map(({ request }) => request));
    const answers: LoadedPartition[] = [];
    const sound: Place[] = [];
    for (const [index, { recovery, stamp, logStartOffset }] of recovered.entries()) {
      const place = places[index];
      invariant(place !== undefined, "recovery answers in the order asked");
      const { link, request } = place;
      if (recovery.offlineReason === undefined) {
        const { onlyStamped: _, stamp: __, trustedEndOffset: ___, ...rest } = request;
        const { logEndOffset } = recovery;
        sound.push({
          link,
          request: {
            ...rest,
            cleanShutdown: true,
            recoveryPoint: logEndOffset,
            logStartOffset,
            ...(stamp && { stamp }),
          },
        });
      } else {
        const answer = { partitionId: request.partitionId, recovery, loaded: undefined };
        this.#adopt(request, answer, link);
        answers.push(answer);
      }
    }
    const reports = new Map(recovered.map(({ recovery }) => [partitionKey(recovery), recovery]));
    for (const answer of await this.#loadAll(sound, () => {})) {
      const found = reports.get(partitionKey(answer.recovery));
      const offline = answer.loaded === undefined;
      answers.push(offline || found === undefined ? answer : { ...answer, recovery: found });
    }
    return answers;
  }

  createRequest(spec: PartitionSpec): CreateRequest {
    return {
      ...this.#loadRequest(spec, spec.config),
      topicId: spec.topicId,
      cleanShutdown: true,
    };
  }

  /** Takes in a log that a host has made. */
  adoptCreated(
    request: CreateRequest,
    loaded: { readonly topicId: string; readonly state: LogState },
    link: HostLink,
  ): EnginePartition {
    return this.#adopt(request, { loaded }, link);
  }

  #adopt(
    request: LoadRequest,
    { loaded }: Pick<LoadedPartition, "loaded">,
    link: HostLink,
  ): EnginePartition {
    const partition = new EnginePartition({
      ...request,
      topicId: loaded?.topicId ?? request.topicId ?? "",
      directory: this.#options.directory,
      link,
      tailBudget: this.#options.tailBudget,
      readSlabs: this.#options.readSlabs,
      space: this.#options.space,
      gate: this.#options.gate,
      persistLogStart: async () => {
        this.#options.checkpoints.noteLogStart(partition);
        await this.#options.checkpoints.save();
      },
      persistTruncation: async ({ recoveryPoint, logStartOffset }) => {
        const { checkpoints } = this.#options;
        const { topic, partition: index } = partition;
        const { cleanerCheckpoint } = this.#options;
        if (cleanerCheckpoint.cutTo(partition, recoveryPoint)) await cleanerCheckpoint.save();
        checkpoints.noteRecoveryPoint(partition, { recoveryPoint });
        checkpoints.noteLogStart({ topic, partition: index, logStartOffset, isTruncating: false });
        await checkpoints.save();
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
    const { checkpoints, flush } = this.#options;
    const known = checkpoints.recoveryPoint(partition);
    const cut = partition.isTruncating;
    return {
      partitionId,
      topic,
      partition: partition.partition,
      topicId,
      config,
      cleanShutdown: false,
      recoveryPoint: flush === "group" && !cut ? Math.max(known, durableOffset) : known,
      logStartOffset: cut ? checkpoints.logStartOffset(partition) : logStartOffset,
    };
  }

  noteRecoveryPoints(closed: readonly ClosedLog[]): void {
    const byId = new Map(closed.map((log) => [log.partitionId, log]));
    for (const partition of this.#byKey.values()) {
      const log = byId.get(partition.partitionId);
      // What was synced before a truncation is no recovery point after it.
      if (log === undefined || partition.isTruncating) continue;
      if (log.state.truncations < partition.truncations) continue;
      this.#options.checkpoints.noteRecoveryPoint(partition, log);
      this.#options.checkpoints.noteLogStart(partition);
    }
  }

  /** Where every append is synced before it counts: what is known here of each log, without asking its host. */
  noteDurableOffsets(): void {
    for (const partition of this.#byKey.values()) {
      if (partition.isTruncating || !partition.online) continue;
      const recoveryPoint = partition.durableOffset;
      this.#options.checkpoints.noteRecoveryPoint(partition, { recoveryPoint });
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
