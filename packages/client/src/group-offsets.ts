import {
  Api,
  ErrorCode,
  toSafeInteger,
  type MessageInput,
  type OffsetCommitRequest,
  type OffsetFetchResponse,
} from "@ottla/protocol";
import type { CoordinatorLookup } from "./coordinator-lookup.ts";
import { KafkaError } from "./errors.ts";
import { groupByTopic, type TopicPartition, type TopicPartitionOffset } from "./topic-partition.ts";

/** The last version that names topics; the next one wants their ids. */
const LAST_VERSION_WITH_NAMES = 9;

export interface CommittedOffset extends TopicPartitionOffset {
  readonly leaderEpoch: number;
  readonly metadata: string;
}

export interface OffsetToCommit extends TopicPartitionOffset {
  readonly leaderEpoch?: number | undefined;
  readonly metadata?: string | undefined;
}

export interface CommitIdentity {
  readonly groupId: string;
  /** -1 for whoever is no member. */
  readonly generationId: number;
  readonly memberId: string;
  readonly groupInstanceId: string | null;
}

export interface CommitResult extends TopicPartition {
  readonly errorCode: number;
}

/** Errors that tell of the coordinator rather than of a partition; they are thrown, and so retried. */
const COORDINATOR_ERRORS: ReadonlySet<number> = new Set([
  ErrorCode.COORDINATOR_NOT_AVAILABLE,
  ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
  ErrorCode.NOT_COORDINATOR,
  ErrorCode.UNSTABLE_OFFSET_COMMIT,
]);

interface CallOptions {
  readonly totalTimeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

export async function commitOffsets(
  coordinator: CoordinatorLookup,
  identity: CommitIdentity,
  offsets: readonly OffsetToCommit[],
  options: CallOptions,
): Promise<CommitResult[]> {
  const body: MessageInput<OffsetCommitRequest> = {
    groupId: identity.groupId,
    generationIdOrMemberEpoch: identity.generationId,
    memberId: identity.memberId,
    groupInstanceId: identity.groupInstanceId,
    topics: [...groupByTopic(offsets)].map(([name, partitions]) => ({
      name,
      partitions: partitions.map(({ partition, offset, leaderEpoch, metadata }) => ({
        partitionIndex: partition,
        committedOffset: BigInt(offset),
        committedLeaderEpoch: leaderEpoch ?? -1,
        committedMetadata: metadata ?? "",
      })),
    })),
  };
  const response = await coordinator.requestWithRetries(
    Api.OffsetCommit,
    body,
    ({ topics }) => {
      for (const { partitions } of topics)
        partitions.forEach(({ errorCode }) => throwIfCoordinators(errorCode));
    },
    { ...options, maxVersion: LAST_VERSION_WITH_NAMES },
  );
  return response.topics.flatMap(({ name, partitions }) =>
    partitions.map(({ partitionIndex, errorCode }) => ({
      topic: name,
      partition: partitionIndex,
      errorCode,
    })),
  );
}

/** Offset -1 means that nothing is committed; without partitions all that is committed is listed. */
export async function fetchOffsets(
  coordinator: CoordinatorLookup,
  groupId: string,
  partitions: readonly TopicPartition[] | null,
  options: CallOptions & { readonly requireStable: boolean },
): Promise<CommittedOffset[]> {
  const topics =
    partitions === null
      ? null
      : [...groupByTopic(partitions)].map(([name, list]) => ({
          name,
          partitionIndexes: list.map(({ partition }) => partition),
        }));
  const response = await coordinator.requestWithRetries(
    Api.OffsetFetch,
    { groupId, topics, groups: [{ groupId, topics }], requireStable: options.requireStable },
    (answer) => void readOffsets(answer),
    {
      totalTimeoutMs: options.totalTimeoutMs,
      signal: options.signal,
      maxVersion: LAST_VERSION_WITH_NAMES,
    },
  );
  return readOffsets(response);
}

function readOffsets(response: OffsetFetchResponse): CommittedOffset[] {
  const answer = response.groups[0] ?? response;
  if (answer.errorCode !== ErrorCode.NONE) throw new KafkaError(answer.errorCode);
  return answer.topics.flatMap(({ name, partitions }) =>
    partitions.map((partition) => {
      if (partition.errorCode !== ErrorCode.NONE) {
        throw new KafkaError(
          partition.errorCode,
          `committed offset of ${name}-${partition.partitionIndex}`,
        );
      }
      return {
        topic: name,
        partition: partition.partitionIndex,
        offset: toSafeInteger(partition.committedOffset),
        leaderEpoch: partition.committedLeaderEpoch,
        metadata: partition.metadata ?? "",
      };
    }),
  );
}

function throwIfCoordinators(errorCode: number): void {
  if (COORDINATOR_ERRORS.has(errorCode)) throw new KafkaError(errorCode);
}
