import {
  RecordBatchBuilder,
  RecordBatchView,
  iterateRecords,
  type KafkaRecord,
} from "@ottla/protocol";
import type {
  AppendResult,
  CoordinatorRecord,
  PartitionLoader,
  PartitionWriter,
} from "@ottla/coordinator";
import type { VirtualClock } from "./virtual-clock.ts";

interface HeldAppend {
  readonly partition: number;
  readonly records: readonly CoordinatorRecord[];
  readonly resolve: (result: AppendResult) => void;
}

/** `__consumer_offsets` in memory: real batches, so that a replay reads what an append wrote. */
export class MemoryOffsetsLog implements PartitionWriter, PartitionLoader {
  readonly #clock: VirtualClock;
  readonly #batches = new Map<number, Uint8Array[]>();
  readonly #nextOffsets = new Map<number, number>();
  readonly #held: HeldAppend[] = [];
  /** Appends wait for `release` while set. */
  isHolding = false;
  /** The next appends fail with these codes, one each; nothing is written. */
  failures: number[] = [];
  /** The next loads fail. */
  failingLoads = 0;
  appendCount = 0;
  failureCount = 0;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  append(
    _topic: string,
    partition: number,
    records: readonly CoordinatorRecord[],
  ): Promise<AppendResult> {
    this.appendCount++;
    const { promise, resolve } = Promise.withResolvers<AppendResult>();
    if (this.isHolding) this.#held.push({ partition, records, resolve });
    else resolve(this.#write(partition, records));
    return promise;
  }

  release(): void {
    this.isHolding = false;
    for (const { partition, records, resolve } of this.#held.splice(0))
      resolve(this.#write(partition, records));
  }

  async load(
    _topic: string,
    partition: number,
    onBatch: (view: RecordBatchView) => void,
  ): Promise<void> {
    if (this.failingLoads > 0) {
      this.failingLoads--;
      throw new Error("the log cannot be read");
    }
    for (const batch of this.batches(partition)) onBatch(new RecordBatchView(batch));
  }

  batches(partition: number): readonly Uint8Array[] {
    return this.#batches.get(partition) ?? [];
  }

  records(partition: number): KafkaRecord[] {
    return this.batches(partition).flatMap((batch) => [
      ...iterateRecords(new RecordBatchView(batch), { maxDecompressedBytes: 1 << 24 }),
    ]);
  }

  appendBatch(partition: number, batch: Uint8Array): void {
    const batches = this.#batches.get(partition) ?? [];
    batches.push(batch);
    this.#batches.set(partition, batches);
    this.#nextOffsets.set(partition, new RecordBatchView(batch).nextOffset);
  }

  nextOffset(partition: number): number {
    return this.#nextOffsets.get(partition) ?? 0;
  }

  #write(partition: number, records: readonly CoordinatorRecord[]): AppendResult {
    const errorCode = this.failures.shift() ?? 0;
    if (errorCode !== 0) {
      this.failureCount++;
      return { errorCode };
    }
    const builder = new RecordBatchBuilder({ baseOffset: this.nextOffset(partition) });
    for (const record of records) builder.append({ timestamp: this.#clock.nowMs(), ...record });
    this.appendBatch(partition, builder.build());
    return { errorCode: 0 };
  }
}
