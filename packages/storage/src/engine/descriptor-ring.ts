import { invariant } from "@ottla/runtime";

// A ring of fixed-size entries in shared memory, one writer and one reader.
//
//   control   16 x int32    [0] entries published (wraps), [1] signal (changes with every wake-up),
//                           [2] stop flag, [3] 1 while the reader waits or is about to; the rest keeps
//                           the entries on cache lines of their own
//   entry     8 x int32, then 8 x float64 = 96 bytes
//
// The writer fills entries, then publishes them all at once: one store, one notify per turn. The
// reader notes the signal, drains, and waits for the signal to differ from what it noted; there is
// no "wake pending" flag whose loss could leave it asleep.
//
// A notify costs about 35 us of the writer's time, so it is left out while the reader is awake. Both sides
// store first and look second, all in one total order: the writer changes the signal, then looks whether
// the reader is parked; the reader says that it parks, then looks whether the signal changed, which
// waitAsync does in one step with going to sleep. One of them sees the other.
//
// There is no count of entries read: whoever owns both directions keeps at most `capacity` requests
// in flight, and an answer frees its request, so neither ring can overflow.

const CONTROL_INTS = 16;
const PUBLISHED = 0;
const SIGNAL = 1;
const STOPPED = 2;
const PARKED = 3;

const ENTRY_INTS = 8;
const ENTRY_FLOATS = 8;
const ENTRY_BYTES = ENTRY_INTS * 4 + ENTRY_FLOATS * 8;
const CONTROL_BYTES = CONTROL_INTS * 4;

/** Requests in flight per worker; a power of two. 4096 batches of 16 KiB are a whole slab budget. */
export const RING_CAPACITY = 4096;

export function createRingMemory(capacity: number = RING_CAPACITY): SharedArrayBuffer {
  invariant(Number.isInteger(Math.log2(capacity)), "a ring's capacity is a power of two");
  return new SharedArrayBuffer(CONTROL_BYTES + capacity * ENTRY_BYTES);
}

export class DescriptorRing {
  readonly capacity: number;
  readonly #control: Int32Array;
  readonly #ints: Int32Array;
  readonly #floats: Float64Array;
  readonly #mask: number;
  #written = 0;
  #read = 0;

  constructor(memory: SharedArrayBuffer) {
    this.capacity = (memory.byteLength - CONTROL_BYTES) / ENTRY_BYTES;
    this.#mask = this.capacity - 1;
    this.#control = new Int32Array(memory, 0, CONTROL_INTS);
    this.#ints = new Int32Array(memory);
    this.#floats = new Float64Array(memory);
  }

  /** Writer: takes the next entry and returns its number for `setInt` and `setFloat`. */
  next(): number {
    const entry = this.#written & this.#mask;
    this.#written = (this.#written + 1) | 0;
    return entry;
  }

  setInt(entry: number, field: number, value: number): void {
    this.#ints[(CONTROL_BYTES + entry * ENTRY_BYTES) / 4 + field] = value;
  }

  setFloat(entry: number, field: number, value: number): void {
    this.#floats[(CONTROL_BYTES + entry * ENTRY_BYTES + ENTRY_INTS * 4) / 8 + field] = value;
  }

  /** Writer: makes all entries taken so far visible and wakes the reader. */
  publish(): void {
    Atomics.store(this.#control, PUBLISHED, this.#written);
    this.wake();
  }

  /** Wakes the reader without an entry. */
  wake(): void {
    Atomics.add(this.#control, SIGNAL, 1);
    if (Atomics.load(this.#control, PARKED) === 1) Atomics.notify(this.#control, SIGNAL);
  }

  stop(): void {
    Atomics.store(this.#control, STOPPED, 1);
    this.wake();
  }

  get stopped(): boolean {
    return Atomics.load(this.#control, STOPPED) === 1;
  }

  /** Reader: says that it is awake, and notes the signal before it drains. */
  noteSignal(): number {
    Atomics.store(this.#control, PARKED, 0);
    return Atomics.load(this.#control, SIGNAL);
  }

  /** Reader: the next published entry, or -1. Its fields are valid until the following call. */
  take(): number {
    if (this.#read === Atomics.load(this.#control, PUBLISHED)) return -1;
    const entry = this.#read & this.#mask;
    this.#read = (this.#read + 1) | 0;
    return entry;
  }

  int(entry: number, field: number): number {
    return this.#ints[(CONTROL_BYTES + entry * ENTRY_BYTES) / 4 + field] ?? 0;
  }

  float(entry: number, field: number): number {
    return this.#floats[(CONTROL_BYTES + entry * ENTRY_BYTES + ENTRY_INTS * 4) / 8 + field] ?? 0;
  }

  /** Reader: a promise of the next wake-up, or undefined when there was one since `seen`. */
  waitBeyond(seen: number): Promise<unknown> | undefined {
    Atomics.store(this.#control, PARKED, 1);
    const wait = Atomics.waitAsync(this.#control, SIGNAL, seen);
    return wait.async ? wait.value : undefined;
  }
}
