import {
  buildCrashState,
  LOST_NAMES,
  LOST_WRITES,
  MemoryFileSystem,
  type SeededRandom,
} from "@ottla/testkit";

/** What ends a life of the engine. `power`: what was not synced is lost in part. `kill`: the page cache survives. */
export type Ending = "power" | "kill" | "close";

/** The fake disk of one seed, through all lives of the engine: it holds syncs back, and dies by command. */
export class SimulatedDisk {
  fileSystem: MemoryFileSystem;
  readonly #random: SeededRandom;
  readonly #nowMs: () => number;
  #held: (() => void)[] = [];
  /** Share of the syncs that are held back until something waits for them. */
  holdChance = 0.5;

  constructor(random: SeededRandom, nowMs: () => number) {
    this.#random = random;
    this.#nowMs = nowMs;
    this.fileSystem = new MemoryFileSystem(this.#options);
  }

  get #options() {
    return { nowMs: this.#nowMs, syncDelay: () => this.#hold() };
  }

  #hold(): Promise<void> {
    if (!this.#random.chance(this.holdChance)) return Promise.resolve();
    return new Promise((resolve) => this.#held.push(resolve));
  }

  /** Lets one of the syncs that are under way return, in any order; false when there is none. */
  releaseSync(): boolean {
    if (this.#held.length === 0) return false;
    const [release] = this.#held.splice(this.#random.nextInt(this.#held.length), 1);
    release?.();
    return true;
  }

  /** The process is gone; gives a sentence about what the power loss left. */
  restart(ending: Ending): string {
    const before = this.fileSystem;
    before.faults.dead = true;
    for (const release of this.#held.splice(0)) release();
    if (ending !== "power") {
      this.fileSystem = new MemoryFileSystem({ ...this.#options, disk: before.disk });
      return ending;
    }
    const writes = this.#random.pick(LOST_WRITES);
    const names = this.#random.pick(LOST_NAMES);
    const operations = before.trace.length;
    const random = this.#random.fork();
    const options = { operations, writes, names, random, base: before.disk.base };
    const { disk } = buildCrashState(before.trace, options);
    this.fileSystem = new MemoryFileSystem({ ...this.#options, disk });
    return `power loss after ${operations} operations, writes ${writes}, names ${names}`;
  }
}

/** One turn of the event loop. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
