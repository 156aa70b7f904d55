import { ErrorCode, ZERO_UUID } from "@ottla/protocol";
import { StorageError, type AbortedTransaction, type ReadRequest } from "@ottla/storage";
import type { Partition } from "../../partition/partition.ts";
import type { PartitionRegistry } from "../../partition/partition-registry.ts";
import type { FetchTarget } from "./fetch-session.ts";

export interface FetchLimits {
  /** For the whole response; the first non-empty partition may pass it by one batch. */
  readonly maxBytes: number;
  readonly readCommitted: boolean;
  /** False for versions that cannot name zstd: topics that compress with it are refused to them. */
  readonly zstdAllowed: boolean;
  /** Tells a topic that was created anew from one that never was: 103 against 100. */
  readonly incremental: boolean;
}

/** The largest epoch both logs know, and where it ended here. */
export interface Divergence {
  readonly epoch: number;
  readonly endOffset: number;
}

/** What one partition contributes to a response. `release` gives the slices back, exactly once. */
export interface FetchedPartition {
  readonly target: FetchTarget;
  readonly errorCode: number;
  readonly partition: Partition | undefined;
  readonly highWatermark: number;
  readonly lastStableOffset: number;
  readonly logStartOffset: number;
  readonly slices: readonly Uint8Array[];
  readonly sizeBytes: number;
  /** Null says "not asked for"; a list says "these, and no others". */
  readonly abortedTransactions: readonly AbortedTransaction[] | null;
  readonly diverging: Divergence | undefined;
  readonly release: (() => void) | undefined;
}

const NO_SLICES: readonly Uint8Array[] = [];
const NONE_ABORTED: readonly AbortedTransaction[] = [];

/** Refusals that Kafka's request layer makes by itself carry an empty list, those of its log layer carry null. */
const REFUSED_WITH_LIST: ReadonlySet<number> = new Set([
  ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
  ErrorCode.UNKNOWN_TOPIC_ID,
  ErrorCode.INCONSISTENT_TOPIC_ID,
  ErrorCode.UNSUPPORTED_COMPRESSION_TYPE,
]);

/**
 * Reads the targets in order until the response is full. Record batches are handed on as they lie
 * in memory or on disk: nothing here looks into one. What surely has room is read at the same time,
 * because a client with one fetch under way would wait for one disk read after the other.
 */
export async function readTargets(
  registry: PartitionRegistry,
  targets: readonly FetchTarget[],
  limits: FetchLimits,
): Promise<FetchedPartition[]> {
  const fetched: FetchedPartition[] = [];
  let usedBytes = 0;
  try {
    while (fetched.length < targets.length) {
      const first = fetched.length;
      const end = endOfWave(targets, first, limits.maxBytes, usedBytes);
      const used = { ...limits, usedBytes };
      if (end === first + 1) {
        fetched.push(await readTarget(registry, targets[first]!, used));
      } else {
        const wave = targets.slice(first, end).map((target) => readTarget(registry, target, used));
        const reads = await Promise.allSettled(wave);
        for (const read of reads) if (read.status === "fulfilled") fetched.push(read.value);
        for (const read of reads) if (read.status === "rejected") throw read.reason;
      }
      for (let at = first; at < end; at++) usedBytes += fetched[at]!.sizeBytes;
    }
    return fetched;
  } catch (error) {
    releaseAll(fetched);
    throw error;
  }
}

/**
 * One target while the response is empty, for the first that has records may pass the limit. Then as many as can
 * all be given what they ask for, so that none depends on how much another one yields.
 */
function endOfWave(
  targets: readonly FetchTarget[],
  first: number,
  maxBytes: number,
  usedBytes: number,
): number {
  let end = first + 1;
  if (usedBytes === 0) return end;
  let promisedBytes = usedBytes + Math.max(0, targets[first]!.maxBytes);
  for (; end < targets.length; end++) {
    promisedBytes += Math.max(0, targets[end]!.maxBytes);
    if (promisedBytes > maxBytes) break;
  }
  return end;
}

async function readTarget(
  registry: PartitionRegistry,
  target: FetchTarget,
  limits: FetchLimits & { readonly usedBytes: number },
): Promise<FetchedPartition> {
  const partition = locate(registry, target);
  const errorCode = partition
    ? check(partition, target, limits)
    : missingCode(registry, target, limits);
  if (!partition || errorCode !== ErrorCode.NONE) return refused(target, partition, errorCode);
  return readOne(partition, target, limits);
}

export function releaseAll(fetched: readonly FetchedPartition[]): void {
  for (const one of fetched) one.release?.();
}

function locate(registry: PartitionRegistry, target: FetchTarget): Partition | undefined {
  if (target.topic === undefined) return undefined;
  const partition = registry.get(target.topic, target.partition);
  if (!partition) return undefined;
  return byName(target) || partition.topicId === target.topicId ? partition : undefined;
}

function byName(target: FetchTarget): boolean {
  return target.topicId === ZERO_UUID;
}

function missingCode(
  registry: PartitionRegistry,
  target: FetchTarget,
  limits: FetchLimits,
): number {
  if (byName(target)) return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
  if (target.topic === undefined) return ErrorCode.UNKNOWN_TOPIC_ID;
  if (registry.topicName(target.topicId) === target.topic)
    return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
  const recreated = registry.get(target.topic, target.partition) !== undefined;
  return recreated && limits.incremental
    ? ErrorCode.INCONSISTENT_TOPIC_ID
    : ErrorCode.UNKNOWN_TOPIC_ID;
}

function check(partition: Partition, target: FetchTarget, limits: FetchLimits): number {
  if (!partition.log.online) return ErrorCode.KAFKA_STORAGE_ERROR;
  const epochError = partition.checkLeaderEpoch(target.currentLeaderEpoch);
  if (epochError !== ErrorCode.NONE) return epochError;
  if (!partition.isLeader) return ErrorCode.NOT_LEADER_OR_FOLLOWER;
  const refusesZstd = !limits.zstdAllowed && partition.compressionType === "zstd";
  return refusesZstd ? ErrorCode.UNSUPPORTED_COMPRESSION_TYPE : ErrorCode.NONE;
}

async function readOne(
  partition: Partition,
  target: FetchTarget,
  limits: FetchLimits & { readonly usedBytes: number },
): Promise<FetchedPartition> {
  const diverging = await divergence(partition, target);
  if (diverging === "unknown epoch")
    return refused(target, partition, ErrorCode.OFFSET_OUT_OF_RANGE);
  const nothing = positions(partition, target, limits);
  if (diverging) return { ...nothing, abortedTransactions: null, diverging };
  const { logStartOffset, logEndOffset } = partition.log;
  if (target.fetchOffset < logStartOffset || target.fetchOffset > logEndOffset) {
    return refused(target, partition, ErrorCode.OFFSET_OUT_OF_RANGE);
  }
  const bound = limits.readCommitted ? nothing.lastStableOffset : nothing.highWatermark;
  const left = limits.maxBytes - limits.usedBytes;
  const maxBytes = Math.min(target.maxBytes, left);
  const nothingYet = limits.usedBytes === 0;
  if (target.fetchOffset >= bound || (maxBytes <= 0 && !nothingYet)) return nothing;
  return readBatches(partition, nothing, {
    startOffset: target.fetchOffset,
    limitOffset: bound,
    maxBytes: Math.max(0, maxBytes),
    minOneBatch: nothingYet,
  });
}

/** `empty` is the answer without records; a log without aborted transactions needs no second question. */
async function readBatches(
  partition: Partition,
  empty: FetchedPartition,
  request: ReadRequest,
): Promise<FetchedPartition> {
  const { log } = partition;
  const outcome = log.readTail(request) ?? (await log.read(request));
  if (!outcome.ok) return refused(empty.target, partition, outcome.errorCode);
  const { slices, sizeBytes, nextOffset } = outcome;
  const release = (): void => outcome.release();
  const read = { ...empty, slices, sizeBytes, release };
  if (empty.abortedTransactions === null || !log.hasAbortedTransactions) return read;
  try {
    const aborted = await log.abortedTransactions(request.startOffset, nextOffset);
    return { ...read, abortedTransactions: aborted };
  } catch (error) {
    release();
    if (!(error instanceof StorageError)) throw error;
    return refused(empty.target, partition, ErrorCode.KAFKA_STORAGE_ERROR);
  }
}

/**
 * A client whose last record came from an epoch that ended earlier here has read records that were
 * lost; it is told where the logs part (KIP-595, version 12). An epoch that we never had cannot be
 * compared, which Kafka answers with OFFSET_OUT_OF_RANGE.
 */
async function divergence(
  partition: Partition,
  target: FetchTarget,
): Promise<Divergence | "unknown epoch" | undefined> {
  const asked = target.lastFetchedEpoch;
  if (asked < 0 || asked === partition.leaderEpoch || asked === partition.log.latestLeaderEpoch)
    return undefined;
  const { leaderEpoch, endOffset } = await partition.log.endOffsetForEpoch(asked);
  if (leaderEpoch < 0 || endOffset < 0) return "unknown epoch";
  const agrees = leaderEpoch === asked && endOffset >= target.fetchOffset;
  return agrees ? undefined : { epoch: leaderEpoch, endOffset };
}

function positions(
  partition: Partition,
  target: FetchTarget,
  { readCommitted }: FetchLimits,
): FetchedPartition {
  return {
    target,
    errorCode: ErrorCode.NONE,
    partition,
    highWatermark: partition.highWatermark,
    lastStableOffset: partition.lastStableOffset,
    logStartOffset: partition.logStartOffset,
    slices: NO_SLICES,
    sizeBytes: 0,
    abortedTransactions: readCommitted ? NONE_ABORTED : null,
    diverging: undefined,
    release: undefined,
  };
}

function refused(
  target: FetchTarget,
  partition: Partition | undefined,
  errorCode: number,
): FetchedPartition {
  return {
    target,
    errorCode,
    partition,
    highWatermark: -1,
    lastStableOffset: -1,
    logStartOffset: -1,
    slices: NO_SLICES,
    sizeBytes: 0,
    abortedTransactions: REFUSED_WITH_LIST.has(errorCode) ? NONE_ABORTED : null,
    diverging: undefined,
    release: undefined,
  };
}
