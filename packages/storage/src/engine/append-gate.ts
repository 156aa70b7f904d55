import { invariant } from "@ottla/runtime";

/** Holds appends back for a moment, so that all logs can be looked at as of one instant. */
export class AppendGate {
  #opened: Promise<void> | undefined;

  /** Undefined while appends may pass; otherwise it resolves when they may again. Waiters pass in the order they came. */
  get closed(): Promise<void> | undefined {
    return this.#opened;
  }

  /** Returns what opens it again. Calls do not overlap. */
  close(): () => void {
    invariant(this.#opened === undefined, "a gate is closed once at a time");
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#opened = promise;
    return () => {
      this.#opened = undefined;
      resolve();
    };
  }
}
