import { ErrorCode, type FetchRequest } from "@ottla/protocol";
import type { FetchSessionCache } from "./fetch-session-cache.ts";
import { FetchSession, type FetchTarget, type TopicNames } from "./fetch-session.ts";

/** Opens a session. */
const INITIAL_EPOCH = 0;
/** No session, or the end of one. */
const FINAL_EPOCH = -1;

/** How one request uses sessions: which partitions it means, and what its answer may leave out. */
export interface SessionUse {
  readonly ok: true;
  /** 0 when the client has no session. */
  readonly sessionId: number;
  readonly session: FetchSession | undefined;
  /** True when partitions without news are left out of the answer. */
  readonly incremental: boolean;
  readonly targets: readonly FetchTarget[];
}

/** The truth table of KIP-227: session id and epoch against what is cached. */
export function openSession(
  cache: FetchSessionCache,
  request: FetchRequest,
  options: { readonly usesTopicIds: boolean; readonly names: TopicNames },
): SessionUse | { readonly ok: false; readonly errorCode: number } {
  const { sessionId, sessionEpoch } = request;
  if (sessionEpoch === INITIAL_EPOCH || sessionEpoch === FINAL_EPOCH) {
    if (sessionId !== 0) cache.remove(sessionId);
    return fullFetch(cache, request, options);
  }
  const session = cache.get(sessionId);
  if (!session) return { ok: false, errorCode: ErrorCode.FETCH_SESSION_ID_NOT_FOUND };
  if (session.epoch !== sessionEpoch)
    return { ok: false, errorCode: ErrorCode.INVALID_FETCH_SESSION_EPOCH };
  if (session.usesTopicIds !== options.usesTopicIds) {
    return { ok: false, errorCode: ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR };
  }
  session.update(request.topics, options.names);
  session.forget(request.forgottenTopicsData);
  session.advanceEpoch();
  if (session.size === 0) {
    cache.remove(sessionId);
    return { ok: true, sessionId: 0, session: undefined, incremental: true, targets: [] };
  }
  return { ok: true, sessionId, session, incremental: true, targets: session.targets() };
}

function fullFetch(
  cache: FetchSessionCache,
  request: FetchRequest,
  options: { readonly usesTopicIds: boolean; readonly names: TopicNames },
): SessionUse {
  const size = request.topics.reduce((sum, topic) => sum + topic.partitions.length, 0);
  const wanted = request.sessionEpoch === INITIAL_EPOCH && size > 0;
  const session = wanted ? cache.create(options.usesTopicIds, size) : undefined;
  const holder = session ?? new FetchSession(0, options.usesTopicIds);
  holder.update(request.topics, options.names);
  return { ok: true, sessionId: holder.id, session, incremental: false, targets: holder.targets() };
}
