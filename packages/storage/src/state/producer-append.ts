import { ErrorCode } from "@ottla/protocol";
import type { ProducerBatch, ProducerEntry } from "./producer-entry.ts";

const MAX_SEQUENCE = 2 ** 31 - 1;

export interface ProducerAppend {
  readonly producerEpoch: number;
  readonly firstSequence: number;
  readonly lastSequence: number;
}

export type ProducerVerdict =
  | { readonly kind: "append" }
  | { readonly kind: "duplicate"; readonly batch: ProducerBatch }
  | { readonly kind: "refuse"; readonly errorCode: number; readonly message: string };

const APPEND: ProducerVerdict = { kind: "append" };

/**
 * The rules of idempotence for one (partition, producer id), in order:
 *
 * | producer epoch against the known one | sequence | verdict |
 * |---|---|---|
 * | nothing known of the producer | any | append (KIP-360) |
 * | lower | any | 47 INVALID_PRODUCER_EPOCH |
 * | equal | first and last equal one of the last five batches | duplicate, with its offset |
 * | equal | first = last known + 1, where 2^31-1 is followed by 0 | append |
 * | equal | nothing remembered in this epoch (only markers) | append |
 * | equal | else | 45 OUT_OF_ORDER_SEQUENCE_NUMBER |
 * | higher | first = 0 | append |
 * | higher | else | 45 OUT_OF_ORDER_SEQUENCE_NUMBER |
 */
export function checkProducerAppend(
  entry: ProducerEntry | undefined,
  append: ProducerAppend,
): ProducerVerdict {
  if (entry === undefined) return APPEND;
  if (append.producerEpoch < entry.producerEpoch) {
    return refuse(
      ErrorCode.INVALID_PRODUCER_EPOCH,
      `producer epoch ${append.producerEpoch} is older than ${entry.producerEpoch}`,
    );
  }
  if (append.producerEpoch > entry.producerEpoch) {
    if (append.firstSequence === 0) return APPEND;
    return refuse(
      ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER,
      `a new producer epoch starts at sequence 0, not ${append.firstSequence}`,
    );
  }
  const { batches } = entry;
  for (const batch of batches) {
    if (batch.firstSequence === append.firstSequence && batch.lastSequence === append.lastSequence)
      return { kind: "duplicate", batch };
  }
  const last = batches.at(-1);
  if (last === undefined) return APPEND;
  const expected = last.lastSequence === MAX_SEQUENCE ? 0 : last.lastSequence + 1;
  if (append.firstSequence === expected) return APPEND;
  return refuse(
    ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER,
    `sequence ${append.firstSequence} where ${expected} was expected`,
  );
}

function refuse(errorCode: number, message: string): ProducerVerdict {
  return { kind: "refuse", errorCode, message };
}
