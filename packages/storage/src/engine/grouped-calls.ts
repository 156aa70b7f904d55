/** One call of a group, settled by whoever carries the group out. */
export interface GroupedCall<Argument, Result> {
  readonly argument: Argument;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Calls that cost less together. Those of one turn, and those that come while a group is under way, go out as one
 * group of at most `callsMax`; one group is under way at a time.
 */
export class GroupedCalls<Argument, Result> {
  readonly #callsMax: number;
  readonly #carryOut: (group: readonly GroupedCall<Argument, Result>[]) => Promise<void>;
  #waiting: GroupedCall<Argument, Result>[] = [];
  #running = false;

  /** Calls that `carryOut` leaves open when it rejects are rejected with its error. */
  constructor(
    callsMax: number,
    carryOut: (group: readonly GroupedCall<Argument, Result>[]) => Promise<void>,
  ) {
    this.#callsMax = callsMax;
    this.#carryOut = carryOut;
  }

  call(argument: Argument): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ argument, resolve, reject });
      if (!this.#running) void this.#run();
    });
  }

  /** Never rejects. */
  async #run(): Promise<void> {
    this.#running = true;
    // Whoever calls in the same turn comes along.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const group = this.#waiting.slice(0, this.#callsMax);
      this.#waiting = this.#waiting.slice(this.#callsMax);
      try {
        await this.#carryOut(group);
      } catch (error) {
        for (const { reject } of group) reject(error);
      }
    }
    this.#running = false;
  }
}
