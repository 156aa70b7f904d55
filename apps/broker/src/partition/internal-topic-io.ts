import {
  ErrorCode,
  RecordBatchBuilder,
  iterateBatches,
  type RecordBatchView,
} from "@ottla/protocol";
import type {
  AppendResult,
  CoordinatorRecord,
  PartitionLoader,
  PartitionWriter,
} from "@ottla/coordinator";
import type { Clock } from "@ottla/runtime";
import { allocateWhenSpace, type SlabPool } from "@ottla/storage";
import { ACKS_ALL } from "./partition.ts";
import type { PartitionRegistry } from "./partition-registry.ts";

/** Bytes read at a time while a coordinator loads its partition. */
const LOAD_BYTES = 1_048_576;

/** How coordinators write to and read from the partitions of internal topics that this broker leads. */
export class InternalTopicIo implements PartitionWriter, PartitionLoader {
  readonly #registry: PartitionRegistry;
  readonly #slabs: SlabPool;
  readonly #clock: Clock;

  constructor(options: {
    readonly registry: PartitionRegistry;
    readonly slabs: SlabPool;
    readonly clock: Clock;
  }) {
    this.#registry = options.registry;
    this.#slabs = options.slabs;
    this.#clock = options.clock;
  }

  async append(
    topic: string,
    partition: number,
    records: readonly CoordinatorRecord[],
  ): Promise<AppendResult> {
    const leader = this.#registry.get(topic, partition);
    if (!leader?.isLeader) return { errorCode: ErrorCode.NOT_LEADER_OR_FOLLOWER };
    const builder = new RecordBatchBuilder();
    const timestamp = this.#clock.nowMs();
    for (const { key, value } of records) builder.append({ timestamp, key, value, headers: [] });
    const batch = builder.build();
    // Waits while shared memory is exhausted: coordinator records must not be dropped for lack of room.
    const slice = await allocateWhenSpace(this.#slabs, batch.length);
    slice.bytes.set(batch);
    try {
      const outcome = await leader.append({ records: slice, origin: "coordinator" }, ACKS_ALL);
      return { errorCode: outcome.ok ? ErrorCode.NONE : outcome.errorCode };
    } finally {
      slice.release();
    }
  }

  async load(
    topic: string,
    partition: number,
    onBatch: (view: RecordBatchView) => void,
  ): Promise<void> {
    const leader = this.#registry.get(topic, partition);
    if (!leader) throw new Error(`${topic}-${partition} is not held here`);
    const { log } = leader;
    let startOffset = log.logStartOffset;
    const limitOffset = log.logEndOffset;
    while (startOffset < limitOffset) {
      const read = await log.read({
        startOffset,
        limitOffset,
        maxBytes: LOAD_BYTES,
        minOneBatch: true,
      });
      if (!read.ok)
        throw new Error(
          `${topic}-${partition} cannot be read at ${startOffset}: error ${read.errorCode}`,
        );
      try {
        for (const slice of read.slices) for (const view of iterateBatches(slice)) onBatch(view);
        if (read.nextOffset <= startOffset) return;
        startOffset = read.nextOffset;
      } finally {
        read.release();
      }
    }
  }
}
