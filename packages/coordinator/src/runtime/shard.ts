import type { CoordinatorRecord } from "./partition-writer.ts";
import type { Effects } from "./effects.ts";

/** Where a replayed record stood. */
export interface RecordPosition {
  readonly offset: number;
  /** -1n unless the record is part of a transaction. */
  readonly transactionalProducerId: bigint;
}

/**
 * The state of one partition of an internal topic: a state machine without I/O. It is filled by
 * replaying the log, then changed by operations that write what they change into `Effects`.
 */
export interface CoordinatorShard {
  replay(record: CoordinatorRecord, position: RecordPosition): void;
  replayEndOfTransaction(producerId: bigint, type: "commit" | "abort"): void;
  /** The whole log is replayed: timers start. */
  onLoaded(): void;
  /** The state is given up: timers stop, and whoever waits is answered with `errorCode`. */
  onUnloaded(errorCode: number): void;
}

/** What the runtime gives to a shard. */
export interface ShardContext {
  readonly partition: number;
  /** Runs an operation that no request asked for, such as a timeout. */
  run(operation: (effects: Effects) => void): void;
}
