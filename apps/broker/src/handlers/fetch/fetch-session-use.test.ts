import { ErrorCode, ZERO_UUID, type FetchRequest } from "@ottla/protocol";
import { SystemClock, SystemRandom } from "@ottla/runtime";
import { describe, expect, test } from "vitest";
import { FetchSessionCache } from "./fetch-session-cache.ts";
import { openSession } from "./fetch-session-use.ts";

const byName = { usesTopicIds: false, names: () => undefined };

function cache(maxSlots = 10): FetchSessionCache {
  return new FetchSessionCache({ maxSlots, clock: new SystemClock(), random: new SystemRandom() });
}

function request(
  sessionId: number,
  sessionEpoch: number,
  partitions: number[],
  forgotten: number[] = [],
): FetchRequest {
  const asked = partitions.map((partition) => ({
    partition,
    currentLeaderEpoch: -1,
    fetchOffset: 5n,
    lastFetchedEpoch: -1,
    logStartOffset: -1n,
    partitionMaxBytes: 100,
    replicaDirectoryId: ZERO_UUID,
    highWatermark: 0n,
  }));
  return {
    clusterId: null,
    replicaId: -1,
    replicaState: { replicaId: -1, replicaEpoch: -1n },
    maxWaitMs: 0,
    minBytes: 1,
    maxBytes: 1000,
    isolationLevel: 0,
    sessionId,
    sessionEpoch,
    topics: asked.length > 0 ? [{ topic: "t", topicId: ZERO_UUID, partitions: asked }] : [],
    forgottenTopicsData:
      forgotten.length > 0 ? [{ topic: "t", topicId: ZERO_UUID, partitions: forgotten }] : [],
    rackId: "",
  };
}

function opened(sessions: FetchSessionCache, asked: FetchRequest, options = byName) {
  const use = openSession(sessions, asked, options);
  if (!use.ok) throw new Error(`refused with ${use.errorCode}`);
  return use;
}

describe("fetch sessions (KIP-227)", () => {
  test("a full request opens a session, and an incremental one means its partitions too", () => {
    const sessions = cache();
    const first = opened(sessions, request(0, 0, [0, 1]));
    expect(first.sessionId).toBeGreaterThan(0);
    expect(first.incremental).toBe(false);
    const second = opened(sessions, request(first.sessionId, 1, [2], [0]));
    expect(second.incremental).toBe(true);
    expect(second.targets.map((target) => target.partition)).toEqual([1, 2]);
  });

  test("an unknown session id and a wrong epoch are told apart", () => {
    const sessions = cache();
    const { sessionId } = opened(sessions, request(0, 0, [0]));
    expect(openSession(sessions, request(sessionId + 1, 1, []), byName)).toEqual({
      ok: false,
      errorCode: ErrorCode.FETCH_SESSION_ID_NOT_FOUND,
    });
    expect(openSession(sessions, request(sessionId, 7, []), byName)).toEqual({
      ok: false,
      errorCode: ErrorCode.INVALID_FETCH_SESSION_EPOCH,
    });
  });

  test("epoch -1 ends the session and answers in full", () => {
    const sessions = cache();
    const { sessionId } = opened(sessions, request(0, 0, [0]));
    const last = opened(sessions, request(sessionId, -1, [0]));
    expect(last.sessionId).toBe(0);
    expect(sessions.size).toBe(0);
  });

  test("a session by topic names refuses a request by topic ids", () => {
    const sessions = cache();
    const { sessionId } = opened(sessions, request(0, 0, [0]));
    expect(
      openSession(sessions, request(sessionId, 1, []), { usesTopicIds: true, names: () => "t" }),
    ).toEqual({
      ok: false,
      errorCode: ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR,
    });
  });

  test("when all slots are in use a client works without a session, unless it is the bigger one", () => {
    const sessions = cache(1);
    expect(opened(sessions, request(0, 0, [0, 1])).sessionId).toBeGreaterThan(0);
    expect(opened(sessions, request(0, 0, [0])).sessionId).toBe(0);
    expect(opened(sessions, request(0, 0, [0, 1, 2])).sessionId).toBeGreaterThan(0);
    expect(sessions.size).toBe(1);
  });
});
