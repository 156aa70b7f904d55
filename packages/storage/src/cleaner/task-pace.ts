import { nextTurn, type Clock } from "@ottla/runtime";
import { StorageError } from "../log/storage-error.ts";
import type { TaskLimits } from "./cleaner-task.ts";

/** A clean was told to stop: not a failure of the log. */
export class CleaningStopped extends StorageError {
  constructor() {
    super("cleaning was stopped", { fatal: false });
  }
}

/** Keeps a task within log.cleaner.io.max.bytes.per.second, lets others run, and ends it when it is to stop. */
export class TaskPace {
  readonly #clock: Clock;
  readonly #bytesPerSecond: number;
  readonly #stop: Int32Array;
  readonly #startMs: number;
  #bytes = 0;

  constructor(clock: Clock, { bytesPerSecond, stopFlag }: TaskLimits) {
    this.#clock = clock;
    this.#bytesPerSecond = bytesPerSecond;
    this.#stop = new Int32Array(stopFlag);
    this.#startMs = clock.monotonicMs();
  }

  /** To be called after each buffer that was read or written. */
  async noteBytes(bytes: number): Promise<void> {
    this.checkStop();
    this.#bytes += bytes;
    const dueMs = (this.#bytes / this.#bytesPerSecond) * 1000;
    const waitMs = dueMs - (this.#clock.monotonicMs() - this.#startMs);
    if (waitMs > 1) await this.#clock.sleep(waitMs);
    else await nextTurn();
    this.checkStop();
  }

  checkStop(): void {
    if (Atomics.load(this.#stop, 0) !== 0) throw new CleaningStopped();
  }
}
