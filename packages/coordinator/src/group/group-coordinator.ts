import {
  ErrorCode,
  type DeleteGroupsRequest,
  type DeleteGroupsResponse,
  type DescribeGroupsRequest,
  type DescribeGroupsResponse,
  type HeartbeatRequest,
  type HeartbeatResponse,
  type JoinGroupRequest,
  type JoinGroupResponse,
  type LeaveGroupRequest,
  type LeaveGroupResponse,
  type ListGroupsRequest,
  type ListGroupsResponse,
  type MessageInput,
  type OffsetCommitRequest,
  type OffsetCommitResponse,
  type OffsetDeleteRequest,
  type OffsetDeleteResponse,
  type OffsetFetchRequest,
  type OffsetFetchResponse,
  type SyncGroupRequest,
  type SyncGroupResponse,
} from "@ottla/protocol";
import type { Clock, Logger, Random, Timer } from "@ottla/runtime";
import { CoordinatorRuntime } from "../runtime/coordinator-runtime.ts";
import { partitionForId } from "../runtime/java-hash.ts";
import type { PartitionLoader, PartitionWriter } from "../runtime/partition-writer.ts";
import { Reply } from "../runtime/reply.ts";
import { heartbeat } from "./classic/heartbeat.ts";
import { joinGroup, joinOf } from "./classic/join-group.ts";
import { joinError } from "./classic/join-response.ts";
import { leaveGroup } from "./classic/leave-group.ts";
import { syncGroup, syncOf } from "./classic/sync-group.ts";
import {
  OFFSETS_TOPIC,
  type ClientContext,
  type GroupConfig,
  type TopicsView,
} from "./group-config.ts";
import { describeGroup, listGroups, type DescribedGroup } from "./group-listing.ts";
import { GroupShard } from "./group-shard.ts";
import { leaveResponse, leavingMembersOf } from "./leave-versions.ts";
import { commitOf, commitOffsets, commitResponse } from "./offset-commit.ts";
import {
  deleteGroup,
  deleteOffsets,
  deleteOffsetsOfTopics,
  expireOffsets,
} from "./offset-delete.ts";
import {
  fetchError,
  fetchOffsets,
  fetchResponse,
  groupsOf,
  type FetchedGroup,
} from "./offset-fetch.ts";

export interface GroupCoordinatorOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly config: GroupConfig;
  readonly writer: PartitionWriter;
  readonly topicsView: TopicsView;
}

/**
 * The group coordinator of one broker: one method per API. It finds the shard of a group, lets the
 * state machine work, and resolves once what the answer rests on is committed.
 */
export class GroupCoordinator {
  readonly #options: GroupCoordinatorOptions;
  readonly #runtime: CoordinatorRuntime<GroupShard>;
  #expiryTimer: Timer | undefined;

  constructor(options: GroupCoordinatorOptions) {
    this.#options = options;
    const { clock, random, logger, config, writer } = options;
    this.#runtime = new CoordinatorRuntime({
      topic: OFFSETS_TOPIC,
      clock,
      logger,
      writer,
      maxBatchBytes: config.maxBatchBytes,
      createShard: (context) => new GroupShard(context, { clock, random, logger, config }),
    });
    this.#scheduleExpiry();
  }

  /** The partition of `__consumer_offsets` that holds a group: its leader is the group's coordinator. */
  partitionFor(groupId: string): number {
    const { topicsView, config } = this.#options;
    return partitionForId(
      groupId,
      topicsView.partitionCount(OFFSETS_TOPIC) ?? config.offsetsTopicPartitions,
    );
  }

  /** Resolves when the partition's groups are loaded. */
  onElection(partition: number, loader: PartitionLoader): Promise<void> {
    return this.#runtime.onElection(partition, loader);
  }

  onResignation(partition: number): void {
    this.#runtime.onResignation(partition);
  }

  onTopicsDeleted(topics: readonly string[]): void {
    const names = new Set(topics);
    this.#runtime.forEachShard((shard, effects) => deleteOffsetsOfTopics(shard, effects, names));
  }

  async shutdown(): Promise<void> {
    this.#expiryTimer?.cancel();
    await this.#runtime.shutdown();
  }

  joinGroup(
    request: JoinGroupRequest,
    apiVersion: number,
    client: ClientContext,
  ): Promise<MessageInput<JoinGroupResponse>> {
    const reply = new Reply((code) => joinError(code, request.memberId, apiVersion));
    const { minSessionTimeoutMs, maxSessionTimeoutMs } = this.#options.config;
    const { sessionTimeoutMs } = request;
    if (request.groupId === "") {
      reply.fail(ErrorCode.INVALID_GROUP_ID);
    } else if (sessionTimeoutMs < minSessionTimeoutMs || sessionTimeoutMs > maxSessionTimeoutMs) {
      reply.fail(ErrorCode.INVALID_SESSION_TIMEOUT);
    } else {
      const join = joinOf(request, apiVersion, client);
      return this.#runtime.execute(this.partitionFor(join.groupId), reply, (shard, effects) =>
        joinGroup(shard, effects, join, reply),
      );
    }
    return reply.promise;
  }

  syncGroup(request: SyncGroupRequest): Promise<MessageInput<SyncGroupResponse>> {
    const reply = new Reply((errorCode): MessageInput<SyncGroupResponse> => ({ errorCode }));
    if (request.groupId === "") {
      reply.fail(ErrorCode.INVALID_GROUP_ID);
      return reply.promise;
    }
    const sync = syncOf(request);
    return this.#runtime.execute(this.partitionFor(sync.groupId), reply, (shard, effects) =>
      syncGroup(shard, effects, sync, reply),
    );
  }

  heartbeat(request: HeartbeatRequest): Promise<MessageInput<HeartbeatResponse>> {
    const reply = new Reply((errorCode): MessageInput<HeartbeatResponse> => ({
      // While the group is being loaded its members shall just stay.
      errorCode: errorCode === ErrorCode.COORDINATOR_LOAD_IN_PROGRESS ? ErrorCode.NONE : errorCode,
    }));
    if (request.groupId === "") {
      reply.fail(ErrorCode.INVALID_GROUP_ID);
      return reply.promise;
    }
    return this.#runtime.execute(this.partitionFor(request.groupId), reply, (shard, effects) =>
      effects.send(reply, { errorCode: heartbeat(shard, request) }),
    );
  }

  leaveGroup(
    request: LeaveGroupRequest,
    apiVersion: number,
  ): Promise<MessageInput<LeaveGroupResponse>> {
    const reply = new Reply((errorCode): MessageInput<LeaveGroupResponse> => ({ errorCode }));
    if (request.groupId === "") {
      reply.fail(ErrorCode.INVALID_GROUP_ID);
      return reply.promise;
    }
    const members = leavingMembersOf(request, apiVersion);
    return this.#runtime.execute(this.partitionFor(request.groupId), reply, (shard, effects) =>
      effects.send(
        reply,
        leaveResponse(members, leaveGroup(shard, effects, request.groupId, members), apiVersion),
      ),
    );
  }

  async describeGroups(
    request: DescribeGroupsRequest,
    apiVersion: number,
  ): Promise<MessageInput<DescribeGroupsResponse>> {
    const groups = request.groups.map((groupId) => {
      const reply = new Reply((errorCode): DescribedGroup => ({ groupId, errorCode }));
      return this.#runtime.execute(this.partitionFor(groupId), reply, (shard, effects) =>
        effects.send(reply, describeGroup(shard, groupId, apiVersion)),
      );
    });
    return { groups: await Promise.all(groups) };
  }

  async listGroups(request: ListGroupsRequest): Promise<MessageInput<ListGroupsResponse>> {
    // A part of the list would look like the whole of it.
    if (this.#runtime.isLoading) return { errorCode: ErrorCode.COORDINATOR_LOAD_IN_PROGRESS };
    return { groups: this.#runtime.loadedShards.flatMap((shard) => listGroups(shard, request)) };
  }

  async deleteGroups(request: DeleteGroupsRequest): Promise<MessageInput<DeleteGroupsResponse>> {
    const results = request.groupsNames.map((groupId) => {
      const reply = new Reply((errorCode) => ({ groupId, errorCode }));
      return this.#runtime.execute(this.partitionFor(groupId), reply, (shard, effects) =>
        effects.send(reply, { groupId, errorCode: deleteGroup(shard, effects, groupId) }),
      );
    });
    return { results: await Promise.all(results) };
  }

  commitOffsets(
    request: OffsetCommitRequest,
    apiVersion: number,
  ): Promise<MessageInput<OffsetCommitResponse>> {
    const commit = commitOf(request, apiVersion, this.#options.topicsView);
    const reply = new Reply((errorCode) => commitResponse(commit, () => errorCode));
    if (commit.isEmpty) {
      reply.send(commitResponse(commit, () => ErrorCode.NONE));
      return reply.promise;
    }
    return this.#runtime.execute(this.partitionFor(request.groupId), reply, (shard, effects) =>
      commitOffsets(shard, effects, commit, reply),
    );
  }

  async fetchOffsets(
    request: OffsetFetchRequest,
    apiVersion: number,
  ): Promise<MessageInput<OffsetFetchResponse>> {
    const options = {
      apiVersion,
      requireStable: request.requireStable,
      topics: this.#options.topicsView,
    };
    const groups = groupsOf(request, apiVersion).map((group) => {
      const reply = new Reply((errorCode): FetchedGroup => fetchError(group, errorCode));
      return this.#runtime.execute(this.partitionFor(group.groupId), reply, (shard, effects) =>
        effects.sendWhenCommitted(reply, fetchOffsets(shard, group, options)),
      );
    });
    return fetchResponse(request, await Promise.all(groups), apiVersion);
  }

  deleteOffsets(request: OffsetDeleteRequest): Promise<MessageInput<OffsetDeleteResponse>> {
    const reply = new Reply((errorCode): MessageInput<OffsetDeleteResponse> => ({ errorCode }));
    return this.#runtime.execute(this.partitionFor(request.groupId), reply, (shard, effects) =>
      deleteOffsets(shard, effects, request, this.#options.topicsView, reply),
    );
  }

  #scheduleExpiry(): void {
    const { clock, config } = this.#options;
    this.#expiryTimer = clock.setTimer(config.offsetsRetentionCheckIntervalMs, () => {
      this.#runtime.forEachShard((shard, effects) => expireOffsets(shard, effects));
      this.#scheduleExpiry();
    });
  }
}
