/**
 * Brings a state to disk that changes faster than it can be written: one write is in flight at a time, and all
 * requests that come meanwhile share the next.
 */
export class SharedWrite {
  readonly #write: () => Promise<void>;
  #inFlight: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  /** `write` writes the state as it is when it is called. */
  constructor(write: () => Promise<void>) {
    this.#write = write;
  }

  /** Resolves when the state of now is on disk. */
  save(): Promise<void> {
    if (this.#inFlight === undefined) {
      this.#inFlight = this.#write().finally(() => {
        this.#inFlight = undefined;
      });
      return this.#inFlight;
    }
    this.#next ??= this.#inFlight
      // A failed write was reported to whoever asked for it; this one stands for itself.
      .catch(() => {})
      .then(() => {
        this.#next = undefined;
        return this.save();
      });
    return this.#next;
  }

  /** Resolves when no write is under way. */
  async settled(): Promise<void> {
    while (this.#inFlight !== undefined || this.#next !== undefined)
      await Promise.allSettled([this.#inFlight, this.#next]);
  }
}
