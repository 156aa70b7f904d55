import { ArenaSlabPool } from "./arena-slab-pool.ts";
import { TailBudget } from "./memory-tail.ts";

/** Arena ids of the read pool start here, so that a worker can tell the arenas of both pools apart. */
const FIRST_READ_ARENA_ID = 2 ** 30;

export interface EngineMemoryBudgets {
  /** For received batches, in flight and in the memory tails together. */
  readonly slabBytes: number;
  /** The part of it that memory tails may hold while nobody else needs it. */
  readonly tailBytes: number;
  /** For reads from disk whose responses have not drained. */
  readonly readBytes: number;
}

/**
 * The byte budgets of a process: slabs for received batches, for reads from disk, and what the memory
 * tails may keep. The engines of several log directories share one, so that a second disk does not
 * double the memory.
 */
export class EngineMemory {
  readonly slabs: ArenaSlabPool;
  readonly readSlabs: ArenaSlabPool;
  readonly tailBudget: TailBudget;
  readonly #dropped: ((arenaId: number) => void)[] = [];

  constructor({ slabBytes, tailBytes, readBytes }: EngineMemoryBudgets) {
    const onArenaDropped = (arenaId: number): void => {
      for (const listener of this.#dropped) listener(arenaId);
    };
    this.tailBudget = new TailBudget(tailBytes);
    this.slabs = new ArenaSlabPool({
      budgetBytes: slabBytes,
      reclaim: () => this.tailBudget.evictOldest(),
      onArenaDropped,
    });
    this.readSlabs = new ArenaSlabPool({
      budgetBytes: readBytes,
      firstArenaId: FIRST_READ_ARENA_ID,
      onArenaDropped,
    });
  }

  /** Every engine tells its workers when an arena is gone, or they would keep its memory alive. */
  onArenaDropped(listener: (arenaId: number) => void): void {
    this.#dropped.push(listener);
  }
}
