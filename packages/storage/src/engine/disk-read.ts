import { ErrorCode } from "@ottla/protocol";
import { invariant } from "@ottla/runtime";
import { allocateWhenSpace } from "./arena-slab-pool.ts";
import type { EnginePartition } from "./engine-partition.ts";
import type { SlabPool, SlabSlice } from "./slab-pool.ts";
import type { ReadOutcome, ReadRequest, ReadResult } from "./storage-engine.ts";

/** One read from disk takes at most this much slab at a time, unless a single batch is larger; Kafka's fetch default per partition. */
export const READ_BYTES_MAX = 1024 * 1024;

/** A read smaller than this costs as much as one of this size. */
const READ_BYTES_MIN = 4096;

/**
 * Reads whole batches into a slab by an asynchronous positional read of the owning host. The slab
 * is the response: nothing is decoded or copied on the way.
 */
export async function readFromDisk(
  partition: EnginePartition,
  request: ReadRequest,
  slabs: SlabPool,
): Promise<ReadOutcome> {
  const limitOffset = Math.min(request.limitOffset, partition.logEndOffset);
  if (request.startOffset >= limitOffset) return emptyRead(partition, request);
  const bounded = { ...request, limitOffset };
  let targetBytes = Math.min(
    request.maxBytes,
    READ_BYTES_MAX,
    Math.max(partition.sizeBytes, READ_BYTES_MIN),
  );
  if (request.minOneBatch) targetBytes = Math.max(targetBytes, READ_BYTES_MIN);
  if (targetBytes <= 0) return emptyRead(partition, request);
  for (;;) {
    const target = await targetFor(request, slabs, targetBytes);
    if (target === undefined) return emptyRead(partition, request);
    const outcome = await partition.link.readInto(
      partition,
      { ...bounded, maxBytes: Math.min(request.maxBytes, targetBytes) },
      target,
    );
    if (outcome.ok) return filledRead(partition, target, outcome);
    target.release();
    if ("errorCode" in outcome) return { ok: false, errorCode: outcome.errorCode };
    if (!request.minOneBatch) return emptyRead(partition, request);
    invariant(
      outcome.neededBytes > targetBytes,
      "a larger target is asked for only when this one is too small",
    );
    targetBytes = outcome.neededBytes;
    if (!partition.online) return { ok: false, errorCode: ErrorCode.KAFKA_STORAGE_ERROR };
  }
}

/**
 * Only a read that must return something waits for memory. One that may return nothing belongs to a response that has
 * bytes already and holds slabs for them: if all of those waited for each other, none would ever be sent.
 */
async function targetFor(
  request: ReadRequest,
  slabs: SlabPool,
  sizeBytes: number,
): Promise<SlabSlice | undefined> {
  return request.minOneBatch
    ? await allocateWhenSpace(slabs, sizeBytes)
    : slabs.allocate(sizeBytes);
}

/** Nothing to return now, which is no error. */
export function emptyRead(partition: EnginePartition, request: ReadRequest): ReadResult {
  return {
    ok: true,
    slices: [],
    sizeBytes: 0,
    nextOffset: request.startOffset,
    logStartOffset: partition.logStartOffset,
    release: () => {},
  };
}

function filledRead(
  partition: EnginePartition,
  target: SlabSlice,
  { sizeBytes, nextOffset }: { sizeBytes: number; nextOffset: number },
): ReadResult {
  let released = false;
  return {
    ok: true,
    slices: sizeBytes === 0 ? [] : [target.subslice(0, sizeBytes).bytes],
    sizeBytes,
    nextOffset,
    logStartOffset: partition.logStartOffset,
    release: () => {
      invariant(!released, "a read result is released once");
      released = true;
      target.release();
    },
  };
}
