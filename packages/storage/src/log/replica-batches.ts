import {
  baseOffsetAt,
  batchSizeAt,
  DecodeError,
  ErrorCode,
  isCrcValidAt,
  LOG_OVERHEAD,
  lastOffsetAt,
  magicAt,
  maxTimestampAt,
  partitionLeaderEpochAt,
  RECORD_BATCH_MAGIC,
  RECORD_BATCH_OVERHEAD,
} from "@ottla/protocol";
import { refuse, type Refusal } from "./append-validator.ts";

export interface ReplicaBatches {
  readonly ok: true;
  /** At least one. */
  readonly batches: readonly Uint8Array[];
}

/**
 * The whole batches of a follower's fetch, which must go on at `nextOffset`: offsets ascend, with the holes that
 * the leader's compaction left. A last batch that the fetch cut is left out, and so is everything from the first
 * batch on that a leader of a later epoch than `leaderEpoch` wrote (KAFKA-18723).
 */
export function findReplicaBatches(
  bytes: Uint8Array,
  nextOffset: number,
  leaderEpoch: number,
): ReplicaBatches | Refusal {
  const batches: Uint8Array[] = [];
  let expected = nextOffset;
  for (let at = 0; at + LOG_OVERHEAD <= bytes.length; at += batchSizeAt(bytes, at)) {
    const size = batchSizeAt(bytes, at);
    if (size < RECORD_BATCH_OVERHEAD)
      return refuse(ErrorCode.CORRUPT_MESSAGE, `a batch of ${size} bytes at ${at}`);
    if (at + size > bytes.length) break;
    const batch = bytes.subarray(at, at + size);
    if (magicAt(batch, 0) !== RECORD_BATCH_MAGIC || !isCrcValidAt(batch, 0))
      return refuse(ErrorCode.CORRUPT_MESSAGE, `magic or CRC of the batch at ${at} is wrong`);
    if (partitionLeaderEpochAt(batch, 0) > leaderEpoch) {
      if (batches.length > 0) break;
      return refuse(
        ErrorCode.UNKNOWN_LEADER_EPOCH,
        `leader epoch ${partitionLeaderEpochAt(batch, 0)} in a fetch with epoch ${leaderEpoch}`,
      );
    }
    const end = endOffsetOf(batch, expected);
    if (typeof end !== "number") return end;
    batches.push(batch);
    expected = end;
  }
  if (batches.length === 0) return refuse(ErrorCode.INVALID_RECORD, "no whole record batch");
  return { ok: true, batches };
}

/** Offset after the batch, which must not begin below the expected one. */
function endOffsetOf(batch: Uint8Array, expected: number): number | Refusal {
  try {
    const baseOffset = baseOffsetAt(batch, 0);
    const lastOffset = lastOffsetAt(batch, 0);
    maxTimestampAt(batch, 0);
    if (baseOffset >= expected && lastOffset >= baseOffset && Number.isSafeInteger(lastOffset))
      return lastOffset + 1;
    return refuse(
      ErrorCode.OFFSET_OUT_OF_RANGE,
      `a batch of offsets ${baseOffset} to ${lastOffset} where ${expected} comes next`,
    );
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return refuse(ErrorCode.CORRUPT_MESSAGE, error.message);
  }
}
