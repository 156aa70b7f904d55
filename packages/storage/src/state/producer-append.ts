import { ErrorCode } from "@ottla/protocol";
import type { AppendRequest } from "../engine/storage-engine.ts";
import type { ProducerBatch, ProducerEntry } from "./producer-entry.ts";

const MAX_SEQUENCE = 2 ** 31 - 1;
/** From this `transaction.version` on every transaction has an epoch of its own (KIP-890). */
const EPOCH_PER_TRANSACTION_VERSION = 2;

/** How the batch came here. */
export interface ProducerAppendTerms {
  readonly origin: AppendRequest["origin"];
  readonly transaction?: AppendRequest["transaction"] | undefined;
  readonly transactionVersion?: number | undefined;
}

export interface ProducerAppend {
  readonly producerEpoch: number;
  readonly firstSequence: number;
  readonly lastSequence: number;
  readonly isTransactional: boolean;
}

export interface MarkerAppend {
  readonly producerEpoch: number;
  readonly coordinatorEpoch: number;
}

export type ProducerRefusal = {
  readonly kind: "refuse";
  readonly errorCode: number;
  readonly message: string;
};

export type ProducerVerdict =
  | { readonly kind: "append" }
  | { readonly kind: "duplicate"; readonly batch: ProducerBatch }
  | ProducerRefusal;

const APPEND: ProducerVerdict = { kind: "append" };

/**
 * The rules for a batch of records of one (partition, producer id), in order. Sequences are looked at for clients
 * only: coordinators send none.
 *
 * | known of the producer | batch | verdict |
 * |---|---|---|
 * | same epoch | first and last sequence equal one of the last five batches | duplicate, with its offset |
 * | no open transaction of the same epoch | transactional and not verified | 48 INVALID_TXN_STATE |
 * | a higher epoch | any | 47 INVALID_PRODUCER_EPOCH |
 * | nothing | first sequence not 0, transaction version 2 | 45 OUT_OF_ORDER_SEQUENCE_NUMBER |
 * | nothing | else | append (KIP-360) |
 * | same epoch | first sequence not the last known + 1, where 2^31-1 is followed by 0, or not 0 after markers only | 45 |
 * | a lower epoch | first sequence not 0 | 45 |
 * | an open transaction | not transactional | 48 |
 * | else | | append |
 */
export function checkProducerAppend(
  entry: ProducerEntry | undefined,
  append: ProducerAppend,
  terms: ProducerAppendTerms,
): ProducerVerdict {
  const isClient = terms.origin === "client";
  const repeated = isClient ? findRepeated(entry, append) : undefined;
  if (repeated !== undefined) return { kind: "duplicate", batch: repeated };
  const inTransaction = entry !== undefined && entry.transactionFirstOffset >= 0;
  if (append.isTransactional && terms.transaction !== "verified") {
    if (!inTransaction || entry.producerEpoch !== append.producerEpoch)
      return refuse(ErrorCode.INVALID_TXN_STATE, "the batch is not part of an open transaction");
  }
  if (entry !== undefined && append.producerEpoch < entry.producerEpoch)
    return refuseEpoch(append, entry);
  const refusal = isClient ? checkSequence(entry, append, terms) : undefined;
  if (refusal !== undefined) return refusal;
  if (inTransaction && !append.isTransactional)
    return refuse(
      ErrorCode.INVALID_TXN_STATE,
      "the producer has an open transaction and the batch is not transactional",
    );
  return APPEND;
}

function findRepeated(
  entry: ProducerEntry | undefined,
  append: ProducerAppend,
): ProducerBatch | undefined {
  if (entry?.producerEpoch !== append.producerEpoch) return undefined;
  for (const batch of entry.batches) {
    if (batch.firstSequence === append.firstSequence && batch.lastSequence === append.lastSequence)
      return batch;
  }
  return undefined;
}

function checkSequence(
  entry: ProducerEntry | undefined,
  append: ProducerAppend,
  terms: ProducerAppendTerms,
): ProducerRefusal | undefined {
  const { firstSequence } = append;
  if (entry === undefined) {
    if (firstSequence === 0 || !hasEpochPerTransaction(terms)) return undefined;
    return refuseSequence(`sequence ${firstSequence} of a producer that nothing is known of`);
  }
  if (append.producerEpoch !== entry.producerEpoch) {
    if (firstSequence === 0) return undefined;
    return refuseSequence(`a new producer epoch starts at sequence 0, not ${firstSequence}`);
  }
  const last = entry.batches.at(-1)?.lastSequence ?? -1;
  const expected = last === MAX_SEQUENCE ? 0 : last + 1;
  if (firstSequence === expected) return undefined;
  return refuseSequence(`sequence ${firstSequence} where ${expected} was expected`);
}

/**
 * The rules for a transaction marker, in order. A repeat of the marker that ended the last transaction is written
 * again: its coordinator did not hear of the first (KAFKA-19999).
 *
 * | known of the producer | marker | verdict |
 * |---|---|---|
 * | a higher epoch | any | 47 INVALID_PRODUCER_EPOCH |
 * | the same epoch, transaction open | transaction version 2 | 47 |
 * | a marker of a higher coordinator epoch | any | 52 TRANSACTION_COORDINATOR_FENCED |
 * | else | | append |
 */
export function checkMarkerAppend(
  entry: ProducerEntry | undefined,
  append: MarkerAppend,
  terms: ProducerAppendTerms,
): ProducerRefusal | undefined {
  if (entry === undefined) return undefined;
  const { producerEpoch, coordinatorEpoch } = append;
  const mustBeHigher = hasEpochPerTransaction(terms) && entry.transactionFirstOffset >= 0;
  if (producerEpoch < entry.producerEpoch) return refuseEpoch(append, entry);
  if (producerEpoch === entry.producerEpoch && mustBeHigher) return refuseEpoch(append, entry);
  if (coordinatorEpoch >= entry.coordinatorEpoch) return undefined;
  return refuse(
    ErrorCode.TRANSACTION_COORDINATOR_FENCED,
    `coordinator epoch ${coordinatorEpoch} is older than ${entry.coordinatorEpoch}`,
  );
}

function hasEpochPerTransaction({ transactionVersion = 0 }: ProducerAppendTerms): boolean {
  return transactionVersion >= EPOCH_PER_TRANSACTION_VERSION;
}

function refuseEpoch(
  { producerEpoch }: { readonly producerEpoch: number },
  entry: ProducerEntry,
): ProducerRefusal {
  return refuse(
    ErrorCode.INVALID_PRODUCER_EPOCH,
    `producer epoch ${producerEpoch} where ${entry.producerEpoch} is known`,
  );
}

function refuseSequence(message: string): ProducerRefusal {
  return refuse(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER, message);
}

function refuse(errorCode: number, message: string): ProducerRefusal {
  return { kind: "refuse", errorCode, message };
}
