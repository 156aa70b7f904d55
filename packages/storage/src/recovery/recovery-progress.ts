import type { Clock, Timer } from "@ottla/runtime";

/** How far the recovery of one log directory has come. */
export interface RecoveryProgress {
  readonly directory: string;
  readonly partitionsDone: number;
  readonly partitionsTotal: number;
  readonly bytesChecked: number;
  /** Of all segments that have to be read; undefined until they are counted. */
  readonly bytesTotal: number | undefined;
}

const CHECKED_AT = 0;
const PARTITIONS_AT = 1;
/** Counted up in steps: a batch can be tiny, and the threads share the line. */
const STEP_BYTES = 1 << 20;

/** Counters that the recovery threads share with whoever shows them. */
export class RecoveryCounters {
  readonly memory: SharedArrayBuffer;
  readonly #counters: BigInt64Array;
  #uncounted = 0;

  constructor(memory = new SharedArrayBuffer(2 * BigInt64Array.BYTES_PER_ELEMENT)) {
    this.memory = memory;
    this.#counters = new BigInt64Array(memory);
  }

  get bytesChecked(): number {
    return Number(Atomics.load(this.#counters, CHECKED_AT));
  }

  get partitionsDone(): number {
    return Number(Atomics.load(this.#counters, PARTITIONS_AT));
  }

  addBytes(bytes: number): void {
    this.#uncounted += bytes;
    if (this.#uncounted >= STEP_BYTES) this.#flush();
  }

  partitionDone(): void {
    this.#flush();
    Atomics.add(this.#counters, PARTITIONS_AT, 1n);
  }

  #flush(): void {
    Atomics.add(this.#counters, CHECKED_AT, BigInt(this.#uncounted));
    this.#uncounted = 0;
  }
}

/** How often whoever watches is told. */
const TELL_INTERVAL_MS = 1_000;

/** Tells of progress once a second, so that a quick recovery goes without a word. */
export class RecoveryWatch {
  readonly #clock: Clock;
  readonly #onProgress: ((progress: RecoveryProgress) => void) | undefined;
  #toldMs: number;
  #follow: (() => RecoveryProgress) | undefined;
  #timer: Timer | undefined;

  constructor(options: {
    readonly clock: Clock;
    readonly onProgress: ((progress: RecoveryProgress) => void) | undefined;
  }) {
    this.#clock = options.clock;
    this.#onProgress = options.onProgress;
    this.#toldMs = options.clock.monotonicMs();
  }

  /** To be called often. */
  tell(progress: RecoveryProgress): void {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#toldMs < TELL_INTERVAL_MS) return;
    this.#toldMs = nowMs;
    this.#onProgress?.(progress);
  }

  /** Asks for the progress until `end`. */
  follow(progress: () => RecoveryProgress): void {
    this.#follow = progress;
    this.#arm();
  }

  #arm(): void {
    if (this.#onProgress === undefined) return;
    this.#timer = this.#clock.setTimer(TELL_INTERVAL_MS, () => {
      if (this.#follow !== undefined) this.#onProgress?.(this.#follow());
      this.#arm();
    });
  }

  /** With a last word when threads worked. */
  end(): void {
    this.#timer?.cancel();
    if (this.#follow !== undefined) this.#onProgress?.(this.#follow());
    this.#follow = undefined;
  }
}
