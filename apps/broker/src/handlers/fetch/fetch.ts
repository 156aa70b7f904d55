/*
 * Fetch (API 1), versions 4 to 18. Sessions (KIP-227) since 7, topic ids (KIP-516) since 13,
 * diverging epochs (KIP-595) since 12, replica state in a tagged field (KIP-903) since 15.
 */
import { Api, ErrorCode, type FetchRequest, type FetchResponse } from "@ottla/protocol";
import { defineHandler, type HandlerOutcome } from "../../request/handler.ts";
import type { RequestContext } from "../../request/request-context.ts";
import { openSession, type SessionUse } from "./fetch-session-use.ts";
import {
  readTargets,
  releaseAll,
  type FetchLimits,
  type FetchedPartition,
} from "./fetch-reader.ts";
import { fetchResponseBody, sessionError } from "./fetch-response.ts";

const READ_COMMITTED = 1;
const ZSTD_SINCE = 10;

export const fetch = defineHandler({
  api: Api.Fetch,
  minVersion: 4,
  maxVersion: 18,
  async handle(context, request): Promise<HandlerOutcome<FetchResponse>> {
    if (request.replicaId >= 0 || request.replicaState.replicaId >= 0) {
      return sessionError(ErrorCode.NOT_LEADER_OR_FOLLOWER);
    }
    const { fetchSessions, partitions } = context.services;
    const use = openSession(fetchSessions, request, {
      usesTopicIds: context.apiVersion >= 13,
      names: (topicId) => partitions.topicName(topicId),
    });
    if (!use.ok) return sessionError(use.errorCode);
    const fetched = await fetchUntilEnough(context, request, use);
    const response = fetchResponseBody({ context, use, fetched });
    context.onSent(() => releaseAll(fetched));
    return response;
  },
});

/** Reads, and while there is too little, waits for a partition to advance and reads again. */
async function fetchUntilEnough(
  context: RequestContext,
  request: FetchRequest,
  use: SessionUse,
): Promise<FetchedPartition[]> {
  const { clock, config, delayedFetches, partitions } = context.services;
  const deadlineMs = context.receivedAtMs + Math.max(0, request.maxWaitMs);
  const limits: FetchLimits = {
    maxBytes: Math.min(request.maxBytes, config.fetchMaxBytes),
    readCommitted: request.isolationLevel === READ_COMMITTED,
    zstdAllowed: context.apiVersion >= ZSTD_SINCE,
    incremental: use.incremental,
  };
  for (;;) {
    const fetched = await readTargets(partitions, use.targets, limits);
    const leftMs = deadlineMs - clock.monotonicMs();
    const isOver = leftMs <= 0 || context.signal.aborted || delayedFetches.isStopped;
    if (isOver || isEnough(fetched, request.minBytes)) return fetched;
    releaseAll(fetched);
    const waited = fetched.flatMap(({ partition }) => (partition ? [partition] : []));
    if (!hasAdvanced(fetched)) await delayedFetches.wait(waited, leftMs, context.signal);
  }
}

/** Errors and diverging epochs are news by themselves; so is an empty request. */
function isEnough(fetched: readonly FetchedPartition[], minBytes: number): boolean {
  if (fetched.length === 0) return true;
  let sizeBytes = 0;
  for (const one of fetched) {
    if (one.errorCode !== ErrorCode.NONE || one.diverging) return true;
    sizeBytes += one.sizeBytes;
  }
  return sizeBytes >= minBytes;
}

/** True when a partition moved while others were being read from disk, so that its wake-up was missed. */
function hasAdvanced(fetched: readonly FetchedPartition[]): boolean {
  return fetched.some(
    ({ partition, highWatermark, lastStableOffset }) =>
      partition !== undefined &&
      (partition.highWatermark > highWatermark || partition.lastStableOffset > lastStableOffset),
  );
}
