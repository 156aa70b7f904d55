/**
 * Received record bytes live in arenas of shared memory, so that a worker can validate, stamp and
 * write them where they lie. An arena is a SharedArrayBuffer of fixed size, filled from front to
 * end and reused when its last reference is released; an allocation larger than an arena gets one
 * of its own. All calls happen on the thread that owns the pool.
 */
export interface SlabSlice {
  /** The bytes; a view of shared memory. */
  readonly bytes: Uint8Array;
  readonly arenaId: number;
  /** Offset of `bytes` within the arena, in bytes. */
  readonly arenaOffset: number;
  readonly length: number;
  /** A view of part of this slice that shares its life: retain and release act on the same arena. */
  subslice(offset: number, length: number): SlabSlice;
  /** Adds a reference. */
  retain(): void;
  /** Drops a reference; every allocate and retain is matched by exactly one release. */
  release(): void;
}

export interface SlabPool {
  readonly usedBytes: number;
  readonly budgetBytes: number;
  /** Undefined when the byte budget is exhausted: stop reading the socket and wait for `whenSpace`. */
  allocate(length: number): SlabSlice | undefined;
  /** Calls back once when an allocation may succeed again. Returns a function that cancels. */
  whenSpace(callback: () => void): () => void;
}
