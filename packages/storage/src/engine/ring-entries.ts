import { invariant } from "@ottla/runtime";
import type { ReadIntoOutcome } from "../log/log.ts";
import type { DescriptorRing } from "./descriptor-ring.ts";
import type { GoodAppend, LogState } from "./hosted-log.ts";
import type { SlabSlice } from "./slab-pool.ts";
import type { AppendOrigin, AppendRequest, ReadRequest } from "./storage-engine.ts";

// What the fields of a ring entry mean.
//
//              int 0     1     2          3      4       5       6            7
//   append     APPEND    slot  partition  arena  offset  length  leaderEpoch  terms
//   read       READ      slot  partition  arena  offset  length  minOneBatch
//   appended   APPENDED  slot  duplicate  latestLeaderEpoch  recoded  aborted  truncations
//   read done  READ_*    slot  error code
//
//              float 0      1            2              3               4            5              6          7
//   read       startOffset  limitOffset  maxBytes
//   appended   baseOffset   lastOffset   logAppendTime  logStartOffset  logEnd       durableOffset  sizeBytes  lastStableOffset
//   read done  sizeBytes or neededBytes  nextOffset
//
// The terms of an append: origin (bits 0-1), transaction verified (bit 2), transaction version (bits 8-15).

export const EntryKind = {
  APPEND: 1,
  READ: 2,
  APPENDED: 3,
  READ_OK: 4,
  READ_TOO_SMALL: 5,
  READ_FAILED: 6,
} as const;

const originCodes: Readonly<Record<AppendOrigin, number>> = {
  client: 0,
  coordinator: 1,
  replica: 2,
};
const origins: readonly AppendOrigin[] = ["client", "coordinator", "replica"];
const ORIGIN_MASK = 3;
const VERIFIED_BIT = 4;
const VERSION_SHIFT = 8;
const VERSION_MASK = 0xff;

export interface AppendEntry {
  readonly slot: number;
  readonly partitionId: number;
  readonly request: AppendRequest;
}

export function writeAppend(
  ring: DescriptorRing,
  { slot, partitionId, request }: AppendEntry,
): void {
  const entry = ring.next();
  writeTarget(ring, entry, { kind: EntryKind.APPEND, slot, partitionId, slice: request.records });
  ring.setInt(entry, 6, request.leaderEpoch);
  const verified = request.transaction === "verified" ? VERIFIED_BIT : 0;
  const version = (request.transactionVersion ?? 0) << VERSION_SHIFT;
  ring.setInt(entry, 7, originCodes[request.origin] | verified | version);
}

export interface ReadEntry {
  readonly slot: number;
  readonly partitionId: number;
  readonly request: ReadRequest;
  readonly target: SlabSlice;
}

export function writeRead(
  ring: DescriptorRing,
  { slot, partitionId, request, target }: ReadEntry,
): void {
  const entry = ring.next();
  writeTarget(ring, entry, { kind: EntryKind.READ, slot, partitionId, slice: target });
  ring.setInt(entry, 6, request.minOneBatch ? 1 : 0);
  ring.setFloat(entry, 0, request.startOffset);
  ring.setFloat(entry, 1, request.limitOffset);
  ring.setFloat(entry, 2, request.maxBytes);
}

function writeTarget(
  ring: DescriptorRing,
  entry: number,
  {
    kind,
    slot,
    partitionId,
    slice,
  }: { kind: number; slot: number; partitionId: number; slice: SlabSlice },
): void {
  ring.setInt(entry, 0, kind);
  ring.setInt(entry, 1, slot);
  ring.setInt(entry, 2, partitionId);
  ring.setInt(entry, 3, slice.arenaId);
  ring.setInt(entry, 4, slice.arenaOffset);
  ring.setInt(entry, 5, slice.length);
}

export interface SharedRange {
  readonly arenaId: number;
  readonly offset: number;
  readonly length: number;
}

export function rangeOf(ring: DescriptorRing, entry: number): SharedRange {
  return { arenaId: ring.int(entry, 3), offset: ring.int(entry, 4), length: ring.int(entry, 5) };
}

export function appendOriginOf(ring: DescriptorRing, entry: number): AppendOrigin {
  const origin = origins[ring.int(entry, 7) & ORIGIN_MASK];
  invariant(origin !== undefined, "an append has one of three origins");
  return origin;
}

export function transactionOf(
  ring: DescriptorRing,
  entry: number,
): AppendRequest["transaction"] | undefined {
  return (ring.int(entry, 7) & VERIFIED_BIT) === 0 ? undefined : "verified";
}

export function transactionVersionOf(ring: DescriptorRing, entry: number): number {
  return (ring.int(entry, 7) >>> VERSION_SHIFT) & VERSION_MASK;
}

export function readRequestOf(ring: DescriptorRing, entry: number): ReadRequest {
  return {
    startOffset: ring.float(entry, 0),
    limitOffset: ring.float(entry, 1),
    maxBytes: ring.float(entry, 2),
    minOneBatch: ring.int(entry, 6) === 1,
  };
}

export function writeAppended(
  ring: DescriptorRing,
  slot: number,
  { outcome, state }: { outcome: GoodAppend; state: LogState },
): void {
  const entry = ring.next();
  ring.setInt(entry, 0, EntryKind.APPENDED);
  ring.setInt(entry, 1, slot);
  ring.setInt(entry, 2, outcome.duplicate ? 1 : 0);
  ring.setInt(entry, 3, state.latestLeaderEpoch);
  ring.setInt(entry, 4, outcome.storedBytes === undefined ? 0 : 1);
  ring.setInt(entry, 5, state.hasAbortedTransactions ? 1 : 0);
  ring.setInt(entry, 6, state.truncations);
  ring.setFloat(entry, 0, outcome.baseOffset);
  ring.setFloat(entry, 1, outcome.lastOffset);
  ring.setFloat(entry, 2, outcome.logAppendTimeMs);
  ring.setFloat(entry, 3, outcome.logStartOffset);
  ring.setFloat(entry, 4, state.logEndOffset);
  ring.setFloat(entry, 5, state.durableOffset);
  ring.setFloat(entry, 6, state.sizeBytes);
  ring.setFloat(entry, 7, state.lastStableOffset);
}

/** Whether the log wrote other bytes than those in the slab. */
export function isRecoded(ring: DescriptorRing, entry: number): boolean {
  return ring.int(entry, 4) === 1;
}

export function appendedOutcome(ring: DescriptorRing, entry: number): GoodAppend {
  return {
    ok: true,
    baseOffset: ring.float(entry, 0),
    lastOffset: ring.float(entry, 1),
    logAppendTimeMs: ring.float(entry, 2),
    logStartOffset: ring.float(entry, 3),
    duplicate: ring.int(entry, 2) === 1,
  };
}

export function appendedState(ring: DescriptorRing, entry: number): LogState {
  return {
    logStartOffset: ring.float(entry, 3),
    logEndOffset: ring.float(entry, 4),
    durableOffset: ring.float(entry, 5),
    lastStableOffset: ring.float(entry, 7),
    hasAbortedTransactions: ring.int(entry, 5) === 1,
    truncations: ring.int(entry, 6),
    latestLeaderEpoch: ring.int(entry, 3),
    sizeBytes: ring.float(entry, 6),
  };
}

export function writeReadDone(ring: DescriptorRing, slot: number, outcome: ReadIntoOutcome): void {
  const entry = ring.next();
  ring.setInt(entry, 1, slot);
  if (outcome.ok) {
    ring.setInt(entry, 0, EntryKind.READ_OK);
    ring.setFloat(entry, 0, outcome.sizeBytes);
    ring.setFloat(entry, 1, outcome.nextOffset);
  } else if ("neededBytes" in outcome) {
    ring.setInt(entry, 0, EntryKind.READ_TOO_SMALL);
    ring.setFloat(entry, 0, outcome.neededBytes);
  } else {
    ring.setInt(entry, 0, EntryKind.READ_FAILED);
    ring.setInt(entry, 2, outcome.errorCode);
  }
}

export function readOutcome(ring: DescriptorRing, entry: number): ReadIntoOutcome {
  switch (ring.int(entry, 0)) {
    case EntryKind.READ_OK:
      return { ok: true, sizeBytes: ring.float(entry, 0), nextOffset: ring.float(entry, 1) };
    case EntryKind.READ_TOO_SMALL:
      return { ok: false, neededBytes: ring.float(entry, 0) };
    default:
      return { ok: false, errorCode: ring.int(entry, 2) };
  }
}
