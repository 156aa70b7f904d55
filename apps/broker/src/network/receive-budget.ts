/** Something whose reading can be stopped: a connection. */
export interface Receiver {
  pauseReceiving(): void;
  resumeReceiving(): void;
}

/** What a connection that holds no more than a small request may add beyond the budget, all of them together. */
const RESERVE_FRACTION = 0.2;

/** One read of a socket brings up to 64 KiB, so this is what a connection holds before it can be paused anyway. */
const SMALL_REQUEST_BYTES = 64 * 1024;

/**
 * Bounds the bytes of requests that are being received or served, over all connections. Above the
 * budget every connection stops reading, with two exceptions. The oldest holder may always finish its
 * frame, so that many half-received frames cannot wait for each other. And small requests are read
 * until a reserve is used up as well, so that peers which send large frames half and then nothing do
 * not stop everybody else.
 */
export class ReceiveBudget {
  readonly #budgetBytes: number;
  #usedBytes = 0;
  /** What oldest holders took beyond the budget to finish their frames: it must not use up the reserve for small requests. */
  #pardonedBytes = 0;
  /** In order of their first unreleased byte. */
  readonly #holders = new Map<Receiver, number>();
  readonly #paused = new Set<Receiver>();

  constructor(budgetBytes: number) {
    this.#budgetBytes = budgetBytes;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** Counts bytes that have arrived; may pause the receiver. */
  take(receiver: Receiver, bytes: number): void {
    this.#usedBytes += bytes;
    const held = (this.#holders.get(receiver) ?? 0) + bytes;
    this.#holders.set(receiver, held);
    if (this.#usedBytes <= this.#budgetBytes || this.#paused.has(receiver)) return;
    if (this.#oldest() === receiver) {
      this.#pardonedBytes += bytes;
      return;
    }
    if (
      held <= SMALL_REQUEST_BYTES &&
      this.#usedBytes - this.#pardonedBytes <= this.#budgetBytes * (1 + RESERVE_FRACTION)
    )
      return;
    this.#paused.add(receiver);
    receiver.pauseReceiving();
  }

  /** Gives back bytes whose request was answered, or all that is left of a closed connection. */
  give(receiver: Receiver, bytes: number): void {
    const held = this.#holders.get(receiver) ?? 0;
    const given = Math.min(bytes, held);
    this.#usedBytes -= given;
    if (this.#usedBytes <= this.#budgetBytes) this.#pardonedBytes = 0;
    if (held === given) this.#holders.delete(receiver);
    else this.#holders.set(receiver, held - given);
    this.#wake();
  }

  forget(receiver: Receiver): void {
    this.#paused.delete(receiver);
    this.give(receiver, this.#holders.get(receiver) ?? 0);
  }

  #oldest(): Receiver | undefined {
    return this.#holders.keys().next().value;
  }

  #wake(): void {
    if (this.#paused.size === 0) return;
    const woken = this.#usedBytes <= this.#budgetBytes ? [...this.#paused] : this.#oldestIfPaused();
    for (const receiver of woken) {
      this.#paused.delete(receiver);
      receiver.resumeReceiving();
    }
  }

  #oldestIfPaused(): Receiver[] {
    const oldest = this.#oldest();
    return oldest && this.#paused.has(oldest) ? [oldest] : [];
  }
}
