import type { LogStamp } from "../log/log-stamp.ts";
import type { CheckpointKeeper } from "./checkpoint-keeper.ts";
import type { EngineLinks } from "./engine-links.ts";
import type { EnginePartition } from "./engine-partition.ts";
import type { PartitionTable } from "./partition-table.ts";

/** What a checkpoint needs of the engine. */
export interface CheckpointCore {
  readonly links: EngineLinks;
  readonly partitions: PartitionTable;
  readonly checkpoints: CheckpointKeeper;
  readonly isOpen: () => boolean;
}

/** Syncs what nobody waits for, then notes how far each log is safe. */
export async function takeCheckpoint(core: CheckpointCore): Promise<void> {
  const { links, partitions, checkpoints, isOpen } = core;
  if (!isOpen()) return;
  let settled = 0;
  for (const link of links.active) settled += await link.callHost("settleQuiet", undefined);
  for (const link of links.active) {
    const synced = await link.callHost("syncAll", undefined);
    // A sync that failed meanwhile has settled what the next start may trust; a higher recovery point would contradict it.
    if (!isOpen()) return;
    partitions.noteRecoveryPoints(synced);
  }
  if (partitions.size > 0 && links.active.length > 0) await checkpoints.save();
  if (settled > 0) await saveStamps(core);
}

/** How often the growth of all logs is looked at. */
export const GROWTH_LOOK_INTERVAL_MS = 2_000;
/** Written to a directory before its recovery points are noted out of turn. */
const UNNOTED_BYTES_MAX = 256 * 1024 * 1024;

/**
 * Notes recovery points whenever much was written, so that a crash leaves little to sync and no sealed segment to
 * check, however fast the logs grow. One write of two small files serves all of them.
 */
export class GrowthWatch {
  readonly #core: CheckpointCore;
  readonly #unnotedBytesMax: number;
  readonly #sizes = new WeakMap<EnginePartition, number>();
  #unnotedBytes = 0;

  constructor(core: CheckpointCore, unnotedBytesMax = UNNOTED_BYTES_MAX) {
    this.#core = core;
    this.#unnotedBytesMax = unnotedBytesMax;
    for (const partition of core.partitions.values())
      this.#sizes.set(partition, partition.sizeBytes);
  }

  async look(): Promise<void> {
    const { partitions, checkpoints, links, isOpen } = this.#core;
    for (const partition of partitions.values()) {
      const { sizeBytes } = partition;
      const before = this.#sizes.get(partition) ?? 0;
      // Retention makes a log smaller; what grows then counts from there.
      if (sizeBytes !== before) this.#sizes.set(partition, sizeBytes);
      this.#unnotedBytes += Math.max(0, sizeBytes - before);
    }
    if (this.#unnotedBytes < this.#unnotedBytesMax || !isOpen() || links.active.length === 0) return;
    this.#unnotedBytes = 0;
    partitions.noteDurableOffsets();
    await checkpoints.save();
  }
}

/** With them the next start need not look into logs that nobody touched since. */
export async function saveStamps({ links, isOpen }: CheckpointCore): Promise<void> {
  const stamps: LogStamp[] = [];
  for (const link of links.active) stamps.push(...(await link.callHost("stamps", undefined)));
  if (stamps.length > 0 && isOpen()) await links.any.callHost("writeStamps", stamps);
}
