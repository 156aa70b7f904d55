import { invariant } from "@ottla/runtime";
import type { SlabPool, SlabSlice } from "./slab-pool.ts";

/** Large enough for a full produce request, small enough that one slow reference pins little. */
export const ARENA_BYTES = 1024 * 1024;

/** An append or a read must find its 64-bit fields aligned for nobody, but cache lines should not be shared by two batches. */
const ALIGNMENT_BYTES = 8;

/** A SharedArrayBuffer that is filled from front to end. */
export interface Arena {
  readonly arenaId: number;
  readonly memory: SharedArrayBuffer;
}

export interface ArenaSlabPoolOptions {
  /** Bytes of all arenas together, free ones included. */
  readonly budgetBytes: number;
  readonly arenaBytes?: number;
  /** First id given out; pools whose arenas reach the same worker must not share ids. */
  readonly firstArenaId?: number;
  /** Gives back memory that is only cached (the memory tail); false when there was nothing to give. */
  readonly reclaim?: () => boolean;
  /** Called when an arena will not be used again, so that workers drop their reference. */
  readonly onArenaDropped?: (arenaId: number) => void;
}

/** Invariants: 0 <= filled <= memory.byteLength; references counts the slices alive; filled is 0 when references is. */
class CountedArena implements Arena {
  readonly arenaId: number;
  readonly memory: SharedArrayBuffer;
  readonly onRelease: (arena: CountedArena) => void;
  filled = 0;
  references = 0;

  constructor(arenaId: number, sizeBytes: number, onRelease: (arena: CountedArena) => void) {
    this.arenaId = arenaId;
    this.memory = new SharedArrayBuffer(sizeBytes);
    this.onRelease = onRelease;
  }

  take(length: number): ArenaSlice {
    const offset = this.filled;
    const end = offset + length;
    invariant(end <= this.memory.byteLength, "an arena is never filled beyond its end");
    this.filled = Math.min(
      this.memory.byteLength,
      Math.ceil(end / ALIGNMENT_BYTES) * ALIGNMENT_BYTES,
    );
    this.references += 1;
    return new ArenaSlice(this, offset, length);
  }

  release(): void {
    invariant(this.references > 0, "a slab slice is released once per reference");
    this.references -= 1;
    if (this.references === 0) this.filled = 0;
    this.onRelease(this);
  }
}

class ArenaSlice implements SlabSlice {
  readonly bytes: Uint8Array;
  readonly arenaOffset: number;
  readonly length: number;
  readonly #arena: CountedArena;

  constructor(arena: CountedArena, arenaOffset: number, length: number) {
    this.#arena = arena;
    this.arenaOffset = arenaOffset;
    this.length = length;
    this.bytes = Buffer.from(arena.memory, arenaOffset, length);
  }

  get arenaId(): number {
    return this.#arena.arenaId;
  }

  subslice(offset: number, length: number): SlabSlice {
    invariant(
      offset >= 0 && length >= 0 && offset + length <= this.length,
      "a subslice lies within its slice",
    );
    return new ArenaSlice(this.#arena, this.arenaOffset + offset, length);
  }

  retain(): void {
    invariant(this.#arena.references > 0, "a slab slice is retained only while it is alive");
    this.#arena.references += 1;
  }

  release(): void {
    this.#arena.release();
  }
}

/** The slab pool: bump allocation in arenas, a reference count per arena, one byte budget. */
export class ArenaSlabPool implements SlabPool {
  readonly budgetBytes: number;
  readonly #arenaBytes: number;
  readonly #reclaim: () => boolean;
  readonly #onArenaDropped: (arenaId: number) => void;
  readonly #arenas = new Map<number, CountedArena>();
  readonly #free: CountedArena[] = [];
  /**
   * Free arenas above the usual size. They are kept for the next large request: shared memory that is dropped stays
   * in the process until a garbage collection that its size does nothing to bring about.
   */
  readonly #freeLarge: CountedArena[] = [];
  readonly #waiting = new Set<() => void>();
  #current: CountedArena | undefined;
  #allocatedBytes = 0;
  #nextArenaId: number;
  #wakeScheduled = false;

  constructor(options: ArenaSlabPoolOptions) {
    this.#arenaBytes = options.arenaBytes ?? ARENA_BYTES;
    this.budgetBytes = options.budgetBytes;
    invariant(this.budgetBytes >= this.#arenaBytes, "the slab budget holds at least one arena");
    this.#nextArenaId = options.firstArenaId ?? 0;
    this.#reclaim = options.reclaim ?? ((): boolean => false);
    this.#onArenaDropped = options.onArenaDropped ?? ((): void => {});
  }

  /** Bytes of arenas that hold at least one live slice. */
  get usedBytes(): number {
    let bytes = this.#allocatedBytes;
    for (const arena of [...this.#free, ...this.#freeLarge]) bytes -= arena.memory.byteLength;
    if (this.#current?.references === 0) bytes -= this.#current.memory.byteLength;
    return bytes;
  }

  arena(arenaId: number): Arena | undefined {
    return this.#arenas.get(arenaId);
  }

  allocate(length: number): SlabSlice | undefined {
    if (length > this.#arenaBytes) return this.#allocateOwnArena(length);
    const current = this.#current;
    if (current !== undefined && current.filled + length <= current.memory.byteLength) {
      return current.take(length);
    }
    const next = this.#nextArena();
    if (next === undefined) return undefined;
    this.#current = next;
    if (current !== undefined && current !== next && current.references === 0)
      this.#onRelease(current);
    return next.take(length);
  }

  whenSpace(callback: () => void): () => void {
    const wake = (): void => callback();
    this.#waiting.add(wake);
    return () => this.#waiting.delete(wake);
  }

  #allocateOwnArena(length: number): SlabSlice | undefined {
    const rounded = roundedUp(length);
    const sizeBytes = rounded > this.budgetBytes ? length : rounded;
    for (;;) {
      const free = this.#takeLarge(length);
      if (free !== undefined) return free.take(length);
      if (this.#fits(sizeBytes)) return this.#createArena(sizeBytes).take(length);
      const idle = this.#takeIdle();
      if (idle !== undefined) this.#drop(idle);
      else if (!this.#reclaim()) return undefined;
    }
  }

  /** A free arena that holds the length without wasting more than it uses. */
  #takeLarge(length: number): CountedArena | undefined {
    const place = this.#freeLarge.findIndex(
      ({ memory: { byteLength } }) => byteLength >= length && byteLength <= 2 * length,
    );
    return place < 0 ? undefined : this.#freeLarge.splice(place, 1)[0];
  }

  #takeIdle(): CountedArena | undefined {
    const current = this.#current;
    const free = this.#freeLarge.pop() ?? this.#free.pop();
    if (free !== undefined || current === undefined || current.references > 0) return free;
    this.#current = undefined;
    return current;
  }

  #nextArena(): CountedArena | undefined {
    for (;;) {
      const idle = this.#free.pop();
      if (idle !== undefined) return idle;
      if (this.#fits(this.#arenaBytes)) return this.#createArena(this.#arenaBytes);
      const large = this.#freeLarge.pop();
      if (large !== undefined) {
        this.#drop(large);
        continue;
      }
      if (!this.#reclaim()) return undefined;
      // The reclaimed memory may have been the rest of the current arena.
      if (this.#current?.references === 0) return this.#current;
    }
  }

  /** An allocation larger than the whole budget is let through alone, or a large record could never pass. */
  #fits(sizeBytes: number): boolean {
    if (this.#allocatedBytes + sizeBytes <= this.budgetBytes) return true;
    return sizeBytes > this.budgetBytes && this.#allocatedBytes === 0;
  }

  #createArena(sizeBytes: number): CountedArena {
    const arena = new CountedArena(this.#nextArenaId, sizeBytes, (one) => this.#onRelease(one));
    this.#nextArenaId += 1;
    this.#allocatedBytes += sizeBytes;
    this.#arenas.set(arena.arenaId, arena);
    return arena;
  }

  /**
   * Who waits tries again after every release, not only when an arena is free: the references that are left may be those
   * of a cache, which gives them up to whoever asks, and nothing else would tell.
   */
  #onRelease(arena: CountedArena): void {
    if (arena.references === 0) this.#recycle(arena);
    this.#wakeSoon();
  }

  #recycle(arena: CountedArena): void {
    if (arena.memory.byteLength > this.budgetBytes) this.#drop(arena);
    else if (arena.memory.byteLength !== this.#arenaBytes) this.#freeLarge.push(arena);
    else if (arena !== this.#current) this.#free.push(arena);
  }

  #drop(arena: CountedArena): void {
    this.#arenas.delete(arena.arenaId);
    this.#allocatedBytes -= arena.memory.byteLength;
    this.#onArenaDropped(arena.arenaId);
  }

  /** Waiters run in a microtask, so that releasing never re-enters the caller that releases. */
  #wakeSoon(): void {
    if (this.#waiting.size === 0 || this.#wakeScheduled) return;
    this.#wakeScheduled = true;
    queueMicrotask(() => {
      this.#wakeScheduled = false;
      const waiting = [...this.#waiting];
      for (const wake of waiting) {
        if (this.#waiting.delete(wake)) wake();
      }
    });
  }
}

/** To a quarter of the power of two below, so that requests of about the same size can use each other's arenas. */
function roundedUp(length: number): number {
  const step = Math.max(ARENA_BYTES, 2 ** Math.floor(Math.log2(length)) / 4);
  return Math.ceil(length / step) * step;
}

/** Resolves with a slice as soon as the pool has room. */
export function allocateWhenSpace(pool: SlabPool, length: number): Promise<SlabSlice> {
  const slice = pool.allocate(length);
  if (slice !== undefined) return Promise.resolve(slice);
  return new Promise((resolve) => {
    const attempt = (): void => {
      const later = pool.allocate(length);
      if (later === undefined) pool.whenSpace(attempt);
      else resolve(later);
    };
    pool.whenSpace(attempt);
  });
}
