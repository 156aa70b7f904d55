import type { CoordinatorRecord } from "./partition-writer.ts";
import type { Reply } from "./reply.ts";

/** Length varints, deltas and attributes around a record's key and value, rounded up. */
const RECORD_OVERHEAD_BYTES = 32;

export function recordSizeBytes(record: CoordinatorRecord): number {
  return RECORD_OVERHEAD_BYTES + record.key.length + (record.value?.length ?? 0);
}

/**
 * What one operation of a coordinator wants done: records to append, and answers. A state machine
 * only fills this in; the runtime appends, and hands out the answers once everything that they rest
 * on is committed.
 */
export class Effects {
  readonly #records: CoordinatorRecord[] = [];
  readonly #deliveries: ((errorCode: number) => void)[] = [];
  #sizeBytes = 0;
  #awaitsCommit = false;

  get records(): readonly CoordinatorRecord[] {
    return this.#records;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Whether the answers must wait for this and every earlier record of the shard to be committed. */
  get awaitsCommit(): boolean {
    return this.#awaitsCommit || this.#records.length > 0;
  }

  append(record: CoordinatorRecord): void {
    this.#records.push(record);
    this.#sizeBytes += recordSizeBytes(record);
  }

  /** Answers from memory alone, or with this operation's records when there are any. */
  send<Response>(reply: Reply<Response>, response: Response): void {
    this.#deliveries.push((errorCode) => {
      if (errorCode === 0) reply.send(response);
      else reply.fail(errorCode);
    });
  }

  /** Answers with something that an earlier, not yet committed record may have brought about. */
  sendWhenCommitted<Response>(reply: Reply<Response>, response: Response): void {
    this.#awaitsCommit = true;
    this.send(reply, response);
  }

  /** An error rests on no record of its own; it leaves with the rest of the operation. */
  fail<Response>(reply: Reply<Response>, errorCode: number): void {
    this.#deliveries.push(() => reply.fail(errorCode));
  }

  deliver(errorCode: number): void {
    for (const delivery of this.#deliveries) delivery(errorCode);
    this.#deliveries.length = 0;
  }
}
