/** What one request ends in: chunks to send, nothing to send, or the end of the connection. */
export type Reply =
  | { readonly kind: "send"; readonly chunks: readonly Uint8Array[]; readonly onSent: (() => void) | undefined }
  | { readonly kind: "silent"; readonly onSent: (() => void) | undefined }
  | { readonly kind: "close" };

interface Slot {
  reply: Reply | undefined;
}

/**
 * Holds replies back until those of all earlier requests of the connection have left: Kafka's
 * clients match responses to requests by order.
 */
export class ResponseQueue {
  readonly #slots: Slot[] = [];
  readonly #emit: (reply: Reply) => void;

  constructor(emit: (reply: Reply) => void) {
    this.#emit = emit;
  }

  get pending(): number {
    return this.#slots.length;
  }

  /** Reserves the next place in line; the returned function fills it, exactly once. */
  reserve(): (reply: Reply) => void {
    const slot: Slot = { reply: undefined };
    this.#slots.push(slot);
    return (reply) => {
      slot.reply = reply;
      this.#flush();
    };
  }

  /** Releases what waiting replies have borrowed; called when the connection is gone. */
  abandon(): void {
    for (const { reply } of this.#slots.splice(0)) {
      if (reply && reply.kind !== "close") reply.onSent?.();
    }
  }

  #flush(): void {
    let first = this.#slots[0];
    while (first?.reply) {
      this.#slots.shift();
      this.#emit(first.reply);
      first = this.#slots[0];
    }
  }
}
