import type { ReadIntoOutcome } from "../log/log.ts";
import type { EnginePartition } from "./engine-partition.ts";
import type { HostCallName, HostCalls, LogCallName, LogCalls } from "./host-calls.ts";
import type { SlabSlice } from "./slab-pool.ts";
import type { AppendOutcome, AppendRequest, ReadRequest } from "./storage-engine.ts";

/** The way from the engine to the host that owns a partition: a call in this thread, or the rings of a worker. */
export interface HostLink {
  /** Partitions that live behind this link. */
  readonly partitionCount: number;
  /** False once its host is gone for good. */
  readonly serves: boolean;
  partition(partitionId: number): EnginePartition | undefined;
  attach(partition: EnginePartition): void;
  detach(partition: EnginePartition): void;
  /** Holds its own reference to the records until the append counts; never rejects. */
  append(partition: EnginePartition, request: AppendRequest): Promise<AppendOutcome>;
  /** Never rejects. The target must not be released before it resolves. */
  readInto(
    partition: EnginePartition,
    request: ReadRequest,
    target: SlabSlice,
  ): Promise<ReadIntoOutcome>;
  callLog<Name extends LogCallName>(
    partition: EnginePartition,
    name: Name,
    argument: LogCalls[Name]["argument"],
  ): Promise<LogCalls[Name]["result"]>;
  callHost<Name extends HostCallName>(
    name: Name,
    argument: HostCalls[Name]["argument"],
  ): Promise<HostCalls[Name]["result"]>;
  /** The directory failed behind another link: fail what waits behind this one. */
  directoryFailedElsewhere(): void;
  /** Ends the host; its logs were closed before. */
  stop(): Promise<void>;
}
