import {
  ErrorCode,
  ZERO_UUID,
  type MessageInput,
  type OffsetCommitRequest,
  type OffsetCommitResponse,
} from "@ottla/protocol";
import type { Effects } from "../runtime/effects.ts";
import type { Reply } from "../runtime/reply.ts";
import { recordSizeBytes } from "../runtime/effects.ts";
import { ClassicGroup } from "./classic/classic-group.ts";
import { refreshSession } from "./classic/rebalance.ts";
import { outcomeOf } from "./classic/transition-table.ts";
import type { TopicsView } from "./group-config.ts";
import { offsetRecord } from "./group-records.ts";
import type { GroupState } from "./group-state.ts";
import type { CommittedOffset, OffsetPosition } from "./offset-store.ts";

export type OffsetCommitReply = Reply<MessageInput<OffsetCommitResponse>>;

/** From here on topics are named by id. */
const FIRST_VERSION_WITH_TOPIC_IDS = 10;
/** From here on a group that does not exist has an error of its own. */
const FIRST_VERSION_WITH_GROUP_ID_NOT_FOUND = 9;
const NO_RETENTION = -1n;

type RequestTopic = OffsetCommitRequest["topics"][number];
type RequestPartition = RequestTopic["partitions"][number];

interface CommitEntry {
  readonly request: RequestPartition;
  /** Undefined when the partition cannot be committed; then `errorCode` says why. */
  readonly topic: string | undefined;
  readonly topicId: string;
  readonly errorCode: number;
}

interface AcceptedOffset {
  readonly position: OffsetPosition;
  readonly committed: CommittedOffset;
  readonly topicId: string;
}

/** A commit whose topics were looked up and whose metadata was measured. */
export interface Commit {
  readonly request: OffsetCommitRequest;
  readonly apiVersion: number;
  readonly topics: readonly {
    readonly request: RequestTopic;
    readonly entries: readonly CommitEntry[];
  }[];
  /** Whether any partition is left to commit. */
  readonly isEmpty: boolean;
}

export function commitOf(
  request: OffsetCommitRequest,
  apiVersion: number,
  view: TopicsView,
): Commit {
  const topics = request.topics.map((topic) => ({
    request: topic,
    entries: entriesOf(topic, apiVersion, view),
  }));
  const isEmpty = !topics.some(({ entries }) => entries.some((entry) => entry.topic !== undefined));
  return { request, apiVersion, topics, isEmpty };
}

function entriesOf(topic: RequestTopic, apiVersion: number, view: TopicsView): CommitEntry[] {
  const byId = apiVersion >= FIRST_VERSION_WITH_TOPIC_IDS;
  const name = byId ? view.topicName(topic.topicId) : topic.name;
  const count = name === undefined ? undefined : view.partitionCount(name);
  const topicId = (name === undefined ? undefined : view.topicId(name)) ?? ZERO_UUID;
  const unknown =
    byId && count === undefined ? ErrorCode.UNKNOWN_TOPIC_ID : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
  return topic.partitions.map((request) => {
    const { partitionIndex } = request;
    const exists = count !== undefined && partitionIndex >= 0 && partitionIndex < count;
    return exists
      ? { request, topic: name, topicId, errorCode: ErrorCode.NONE }
      : { request, topic: undefined, topicId, errorCode: unknown };
  });
}

/** The answer; `errorCode` is that of the partitions that could have been committed. */
export function commitResponse(
  commit: Commit,
  errorCodeOf: (entry: RequestPartition) => number,
): MessageInput<OffsetCommitResponse> {
  return {
    topics: commit.topics.map(({ request, entries }) => ({
      name: request.name,
      topicId: request.topicId,
      partitions: entries.map((entry) => ({
        partitionIndex: entry.request.partitionIndex,
        errorCode: entry.topic === undefined ? entry.errorCode : errorCodeOf(entry.request),
      })),
    })),
  };
}

export function commitOffsets(
  state: GroupState,
  effects: Effects,
  commit: Commit,
  reply: OffsetCommitReply,
): void {
  const group = groupOfCommit(state, commit);
  const errorCode = typeof group === "number" ? group : validateCommit(group, commit.request);
  if (typeof group === "number" || errorCode !== 0) {
    effects.fail(reply, errorCode);
    return;
  }
  const { offsetMetadataMaxBytes, maxBatchBytes } = state.config;
  const isTooLarge = ({ committedMetadata }: RequestPartition): boolean =>
    (committedMetadata?.length ?? 0) > offsetMetadataMaxBytes;
  const accepted = acceptedOffsets(state, commit, isTooLarge);
  const records = accepted.map((one) => offsetRecord(one.position, one.committed, one.topicId));
  if (records.reduce((sum, record) => sum + recordSizeBytes(record), 0) > maxBatchBytes) {
    // All or nothing: a commit is one batch.
    effects.fail(reply, ErrorCode.UNKNOWN_SERVER_ERROR);
    return;
  }
  refreshCommitter(state, group, commit.request.memberId);
  if (!state.groups.has(group.groupId)) state.groups.set(group.groupId, group);
  for (const record of records) effects.append(record);
  for (const { position, committed } of accepted) state.offsets.set(position, committed);
  const tooLarge = ErrorCode.OFFSET_METADATA_TOO_LARGE;
  effects.send(
    reply,
    commitResponse(commit, (entry) => (isTooLarge(entry) ? tooLarge : ErrorCode.NONE)),
  );
}

/**
 * The group, or why there is none. A commit without generation needs none: it comes from a tool or
 * from a consumer that only keeps its offsets here, for which a group without members is made.
 */
function groupOfCommit(state: GroupState, { request, apiVersion }: Commit): ClassicGroup | number {
  const group = state.groups.get(request.groupId);
  if (group) return group;
  if (request.generationIdOrMemberEpoch < 0) return new ClassicGroup(request.groupId, state.clock);
  return apiVersion >= FIRST_VERSION_WITH_GROUP_ID_NOT_FOUND
    ? ErrorCode.GROUP_ID_NOT_FOUND
    : ErrorCode.ILLEGAL_GENERATION;
}

/*
 * The order of the checks is visible to clients:
 *   Dead 15; no generation and Empty: fine; a named member: 25 or 82, generation 22, then state 27;
 *   nobody named and not Empty: 25.
 */
function validateCommit(group: ClassicGroup, request: OffsetCommitRequest): number {
  const { memberId, groupInstanceId, generationIdOrMemberEpoch: generationId } = request;
  const simple = outcomeOf(group.state, "simpleCommit");
  if (generationId < 0 && simple === "accept") return ErrorCode.NONE;
  const namesMember = generationId >= 0 || memberId !== "" || groupInstanceId !== null;
  if (!namesMember) return simple === "accept" ? ErrorCode.NONE : simple.refuse;
  const member = outcomeOf(group.state, "memberCommit");
  if (group.state === "Dead" && typeof member === "object") return member.refuse;
  const errorCode = group.validateMember(memberId, groupInstanceId);
  if (errorCode !== 0) return errorCode;
  if (generationId !== group.generationId) return ErrorCode.ILLEGAL_GENERATION;
  return typeof member === "object" ? member.refuse : ErrorCode.NONE;
}

/** Whoever commits is alive. */
function refreshCommitter(state: GroupState, group: ClassicGroup, memberId: string): void {
  if (outcomeOf(group.state, "memberCommit") !== "refresh") return;
  refreshSession(state, group, group.member(memberId));
}

function acceptedOffsets(
  state: GroupState,
  { request, topics }: Commit,
  isTooLarge: (entry: RequestPartition) => boolean,
): AcceptedOffset[] {
  const { groupId, retentionTimeMs } = request;
  const nowMs = state.clock.nowMs();
  const expireTimestampMs =
    retentionTimeMs === NO_RETENTION ? null : nowMs + Number(retentionTimeMs);
  const accepted: AcceptedOffset[] = [];
  for (const { entries } of topics) {
    for (const { topic, topicId, request: entry } of entries) {
      if (topic === undefined || isTooLarge(entry)) continue;
      const committed = {
        offset: entry.committedOffset,
        leaderEpoch: entry.committedLeaderEpoch,
        metadata: entry.committedMetadata ?? "",
        commitTimestampMs: nowMs,
        expireTimestampMs,
      };
      const position = { groupId, topic, partition: entry.partitionIndex };
      accepted.push({ position, committed, topicId });
    }
  }
  return accepted;
}
