import type { ReadIntoOutcome, StageOutcome } from "../log/log.ts";
import type { EnginePartition } from "./engine-partition.ts";
import type { HostCallName, HostCalls, LogCallName, LogCalls } from "./host-calls.ts";
import type { HostLink } from "./host-link.ts";
import { PartitionHost, type PartitionHostOptions } from "./partition-host.ts";
import type { SlabSlice } from "./slab-pool.ts";
import type { AppendOutcome, AppendRequest, ReadRequest } from "./storage-engine.ts";

/** An append on its way: where its bytes lie and who waits for it. */
interface LocalAppend {
  readonly partition: EnginePartition;
  readonly records: SlabSlice;
  readonly resolve: (outcome: AppendOutcome) => void;
}

export type LocalLinkOptions = Omit<
  PartitionHostOptions<LocalAppend>,
  "events" | "isDirectoryOffline" | "maySyncInThread"
> & {
  readonly onDirectoryOffline: (cause: Error) => void;
};

/** The host in the caller's own thread. Appends of one turn are grouped by a microtask. */
export class LocalLink implements HostLink {
  readonly #host: PartitionHost<LocalAppend>;
  readonly #partitions = new Map<number, EnginePartition>();
  #writeScheduled = false;

  constructor(options: LocalLinkOptions) {
    this.#host = new PartitionHost<LocalAppend>({
      ...options,
      maySyncInThread: false,
      isDirectoryOffline: () => false,
      events: {
        appendDone: ({ partition, records, resolve }, _partitionId, outcome, state) => {
          if (state !== undefined) partition.applyState(state);
          partition.appendDone(records, outcome);
          resolve(withoutBytes(outcome));
          partition.announce();
        },
        stateChanged: (partitionId, state) => {
          const partition = this.#partitions.get(partitionId);
          partition?.applyState(state);
          partition?.announce();
        },
        directoryOffline: options.onDirectoryOffline,
      },
    });
  }

  get serves(): boolean {
    return true;
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
    const { records, leaderEpoch, origin, transaction, transactionVersion } = request;
    records.retain();
    return new Promise((resolve) => {
      this.#host.append({
        partitionId: partition.partitionId,
        batch: records.bytes,
        leaderEpoch,
        origin,
        transaction,
        transactionVersion,
        token: { partition, records, resolve },
      });
      this.#writeSoon();
    });
  }

  readInto(
    partition: EnginePartition,
    request: ReadRequest,
    target: SlabSlice,
  ): Promise<ReadIntoOutcome> {
    return this.#host.readInto(partition.partitionId, request, target.bytes);
  }

  async callLog<Name extends LogCallName>(
    partition: EnginePartition,
    name: Name,
    argument: LogCalls[Name]["argument"],
  ): Promise<LogCalls[Name]["result"]> {
    const { result, state } = await this.#host.callLog(partition.partitionId, name, argument);
    partition.applyState(state);
    partition.announce();
    return result;
  }

  callHost<Name extends HostCallName>(
    name: Name,
    argument: HostCalls[Name]["argument"],
  ): Promise<HostCalls[Name]["result"]> {
    return this.#host.callHost(name, argument);
  }

  directoryFailedElsewhere(): void {
    this.#host.directoryFailedElsewhere();
  }

  async stop(): Promise<void> {
    this.#partitions.clear();
  }

  #writeSoon(): void {
    if (this.#writeScheduled) return;
    this.#writeScheduled = true;
    queueMicrotask(() => {
      this.#writeScheduled = false;
      this.#host.writeStaged();
    });
  }
}

/** What the log wrote instead of the given bytes is the log's affair. */
function withoutBytes(outcome: StageOutcome): AppendOutcome {
  if (outcome.storedBytes === undefined) return outcome;
  const { storedBytes: _, ...rest } = outcome;
  return rest;
}
