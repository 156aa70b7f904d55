import {
  BatchField,
  iterateRecords,
  readControlRecord,
  type RecordBatchView,
} from "@ottla/protocol";
import type { AbortedTransactionEntry } from "../index/transaction-index.ts";
import { producerKeyAt, type ProducerKey } from "../state/producer-entry.ts";
import type { OngoingAborted, TransactionsState } from "./cleaner-task.ts";

/** A control batch is small and never compressed. */
const CONTROL_BATCH_BYTES_MAX = 64 * 1024;

export interface MarkerVerdict {
  /** Nothing of the transaction is left: the marker may go once its horizon has passed. */
  readonly discard: boolean;
  /** The aborted transaction that still has to stand in the index. */
  readonly aborted?: AbortedTransactionEntry;
}

/**
 * Which transactions the batches belong to, in the order of the log. Data of aborted ones goes at once; a
 * marker goes only in a later clean that sees no more data of its transaction.
 */
export class CleanedTransactions {
  readonly #aborted: readonly AbortedTransactionEntry[];
  readonly #committed: Set<bigint>;
  readonly #ongoing = new Map<bigint, OngoingAborted>();
  #next: number;

  /** `aborted` by ascending first offset. */
  constructor(aborted: readonly AbortedTransactionEntry[], state: TransactionsState) {
    this.#aborted = aborted;
    this.#committed = new Set(state.committed);
    for (const ongoing of state.ongoing) this.#ongoing.set(ongoing.range.producerId, ongoing);
    this.#next = state.next;
  }

  state(): TransactionsState {
    return {
      committed: [...this.#committed],
      ongoing: [...this.#ongoing.values()],
      next: this.#next,
    };
  }

  /** Takes in a batch of data; true when its transaction was aborted. */
  isAborted(view: RecordBatchView): boolean {
    this.#startUpTo(view);
    if (!view.isTransactional) return false;
    const { producerId } = view;
    const ongoing = this.#ongoing.get(producerId);
    if (ongoing === undefined) {
      this.#committed.add(producerId);
      return false;
    }
    if (!ongoing.observed) this.#ongoing.set(producerId, { ...ongoing, observed: true });
    return true;
  }

  /** Takes in a control batch. */
  onMarker(view: RecordBatchView): MarkerVerdict {
    this.#startUpTo(view);
    const [record] = iterateRecords(view, { maxDecompressedBytes: CONTROL_BATCH_BYTES_MAX });
    // Its record went in an earlier clean.
    if (record === undefined) return { discard: true };
    const { type } = readControlRecord(record);
    const { producerId } = view;
    if (type === "commit") return { discard: !this.#committed.delete(producerId) };
    if (type === "other") return { discard: false };
    const ongoing = this.#ongoing.get(producerId);
    this.#ongoing.delete(producerId);
    return ongoing?.observed === true
      ? { discard: false, aborted: ongoing.range }
      : { discard: true };
  }

  /** Opens the transactions that began by now. One whose marker lies behind us is over, also when the marker is gone. */
  #startUpTo(view: RecordBatchView): void {
    const { baseOffset, lastOffset } = view;
    for (const [producerId, { range }] of this.#ongoing)
      if (range.lastOffset < baseOffset) this.#ongoing.delete(producerId);
    for (;;) {
      const range = this.#aborted[this.#next];
      if (range === undefined || range.firstOffset > lastOffset) return;
      this.#next++;
      if (range.lastOffset < baseOffset) continue;
      this.#ongoing.set(range.producerId, { range, observed: false });
    }
  }
}

export function producerOf(view: RecordBatchView): ProducerKey {
  return producerKeyAt(view.bytes, view.offset + BatchField.PRODUCER_ID);
}
