import { createHash } from "node:crypto";
import {
  ZERO_UUID,
  consumerProtocolSubscription,
  encodeVersioned,
  type JoinGroupRequest,
  type JoinGroupResponse,
  type MessageInput,
  type OffsetCommitRequest,
  type SyncGroupRequest,
} from "@ottla/protocol";
import {
  DEFAULT_GROUP_CONFIG,
  GroupCoordinator,
  type GroupConfig,
  type TopicsView,
} from "@ottla/coordinator";
import { silentLogger } from "@ottla/runtime";
import { MemoryOffsetsLog } from "./memory-offsets-log.ts";
import { SeededRandom } from "./seeded-random.ts";
import { VirtualClock, settle } from "./virtual-clock.ts";

export const CLIENT = { clientId: "test-client", clientHost: "/127.0.0.1" };
export const NEWEST_JOIN = 9;
/** Without "member id required", which keeps tests of other things short. */
export const JOIN_WITHOUT_ID = 3;

export interface HarnessOptions {
  readonly config?: Partial<GroupConfig>;
  readonly partitions?: number;
  readonly seed?: number;
  readonly log?: MemoryOffsetsLog;
  readonly clock?: VirtualClock;
}

export type JoinInput = Partial<JoinGroupRequest> & { readonly apiVersion?: number };

/** A coordinator over an in-memory log and a virtual clock, with short forms of the requests. */
export class GroupHarness {
  readonly clock: VirtualClock;
  readonly log: MemoryOffsetsLog;
  readonly coordinator: GroupCoordinator;
  readonly partitions: number;
  /** Topics that exist, with their partition counts. */
  readonly topics = new Map<string, number>([
    ["orders", 3],
    ["payments", 1],
  ]);

  constructor(options: HarnessOptions = {}) {
    this.clock = options.clock ?? new VirtualClock();
    this.log = options.log ?? new MemoryOffsetsLog(this.clock);
    this.partitions = options.partitions ?? 1;
    this.coordinator = new GroupCoordinator({
      clock: this.clock,
      random: new SeededRandom(options.seed ?? 1),
      logger: silentLogger,
      config: {
        ...DEFAULT_GROUP_CONFIG,
        offsetsTopicPartitions: this.partitions,
        ...options.config,
      },
      writer: this.log,
      topicsView: this.#topicsView(),
    });
  }

  static async started(options: HarnessOptions = {}): Promise<GroupHarness> {
    const harness = new GroupHarness(options);
    for (let partition = 0; partition < harness.partitions; partition++) {
      await harness.coordinator.onElection(partition, harness.log);
    }
    return harness;
  }

  /** A coordinator that starts with the log that this one left. */
  restarted(options: HarnessOptions = {}): Promise<GroupHarness> {
    return GroupHarness.started({
      partitions: this.partitions,
      ...options,
      log: this.log,
      clock: this.clock,
    });
  }

  join({ apiVersion = JOIN_WITHOUT_ID, ...input }: JoinInput = {}): Promise<
    MessageInput<JoinGroupResponse>
  > {
    const request = {
      groupId: "group",
      sessionTimeoutMs: 10_000,
      rebalanceTimeoutMs: 60_000,
      memberId: "",
      groupInstanceId: null,
      protocolType: "consumer",
      protocols: [{ name: "range", metadata: subscription("orders") }],
      reason: null,
      ...input,
    };
    return this.coordinator.joinGroup(request, apiVersion, CLIENT);
  }

  sync(input: Partial<SyncGroupRequest>) {
    return this.coordinator.syncGroup({
      groupId: "group",
      generationId: 1,
      memberId: "",
      groupInstanceId: null,
      protocolType: null,
      protocolName: null,
      assignments: [],
      ...input,
    });
  }

  heartbeat(
    memberId: string,
    generationId: number,
    groupInstanceId: string | null = null,
  ): Promise<number> {
    return this.coordinator
      .heartbeat({ groupId: "group", memberId, generationId, groupInstanceId })
      .then(({ errorCode }) => errorCode ?? 0);
  }

  leave(members: readonly { memberId?: string; groupInstanceId?: string | null }[]) {
    const full = members.map((member) => ({
      memberId: "",
      groupInstanceId: null,
      reason: null,
      ...member,
    }));
    return this.coordinator.leaveGroup({ groupId: "group", memberId: "", members: full }, 5);
  }

  /** Commits one offset; resolves with the partition's error code. */
  async commit(offset: number, input: CommitInput = {}): Promise<number> {
    const { apiVersion = 9, topic = "orders", partition = 0, metadata = null, ...request } = input;
    const response = await this.coordinator.commitOffsets(
      {
        groupId: "group",
        generationIdOrMemberEpoch: -1,
        memberId: "",
        groupInstanceId: null,
        retentionTimeMs: -1n,
        ...request,
        topics: [
          {
            name: topic,
            topicId: ZERO_UUID,
            partitions: [
              {
                partitionIndex: partition,
                committedOffset: BigInt(offset),
                committedLeaderEpoch: -1,
                committedMetadata: metadata,
              },
            ],
          },
        ],
      },
      apiVersion,
    );
    return response.topics![0]!.partitions![0]!.errorCode!;
  }

  /** The committed offset of one partition, -1 when there is none. */
  async committed(topic = "orders", partition = 0, groupId = "group"): Promise<number> {
    const response = await this.fetchAll(groupId);
    const topics = response.groups![0]!.topics!;
    const found = topics.find(({ name }) => name === topic)?.partitions;
    return Number(
      found?.find(({ partitionIndex }) => partitionIndex === partition)?.committedOffset ?? -1n,
    );
  }

  fetchAll(groupId = "group", requireStable = false) {
    const group = { groupId, memberId: null, memberEpoch: -1, topics: null };
    return this.coordinator.fetchOffsets(
      { groupId: "", topics: [], groups: [group], requireStable },
      9,
    );
  }

  async describe(groupId = "group", apiVersion = 5) {
    const request = { groups: [groupId], includeAuthorizedOperations: false };
    return (await this.coordinator.describeGroups(request, apiVersion)).groups![0]!;
  }

  /** Joins `count` dynamic members into one generation and hands each an assignment. */
  async stableGroup(count: number, input: JoinInput = {}): Promise<StableGroup> {
    const joins = Array.from({ length: count }, () => this.join(input));
    await settle();
    await this.clock.advance(3_000);
    while ((await this.describe(input.groupId)).groupState === "PreparingRebalance")
      await this.clock.advance(3_000);
    return this.completeSync(await Promise.all(joins), input.groupId);
  }

  async completeSync(
    joined: readonly MessageInput<JoinGroupResponse>[],
    groupId = "group",
  ): Promise<StableGroup> {
    const generationId = joined[0]!.generationId!;
    const leaderId = joined[0]!.leader!;
    const memberIds = joined.map(({ memberId }) => memberId!);
    const syncs = memberIds.map((memberId) =>
      this.sync({
        groupId,
        generationId,
        memberId,
        assignments:
          memberId === leaderId
            ? memberIds.map((id) => ({ memberId: id, assignment: text(`to ${id}`) }))
            : [],
      }),
    );
    await Promise.all(syncs);
    return {
      generationId,
      leaderId,
      memberIds,
      followerIds: memberIds.filter((id) => id !== leaderId),
    };
  }

  #topicsView(): TopicsView {
    return {
      partitionCount: (topic) => this.topics.get(topic),
      topicId: (topic) => (this.topics.has(topic) ? topicIdOf(topic) : undefined),
      topicName: (topicId) => [...this.topics.keys()].find((topic) => topicIdOf(topic) === topicId),
    };
  }
}

export interface StableGroup {
  readonly generationId: number;
  readonly leaderId: string;
  readonly memberIds: readonly string[];
  readonly followerIds: readonly string[];
}

export type CommitInput = Partial<Omit<OffsetCommitRequest, "topics">> & {
  readonly apiVersion?: number;
  readonly topic?: string;
  readonly partition?: number;
  readonly metadata?: string | null;
};

/** An id in Kafka's form that follows from the name. */
export const topicIdOf = (topic: string): string =>
  createHash("sha256").update(topic).digest().toString("base64url", 0, 16);

export const text = (value: string): Uint8Array => new TextEncoder().encode(value);

/** Assignments are one array here, though an encoder would take a list of slices too. */
export function textOf(bytes: Uint8Array | readonly Uint8Array[] | null | undefined): string {
  return new TextDecoder().decode(bytes instanceof Uint8Array ? bytes : undefined);
}

export function subscription(...topics: string[]): Uint8Array {
  return encodeVersioned(consumerProtocolSubscription, { topics }, 1);
}

/** Whether a promise is still open after everything that can run has run. */
export async function isPending(promise: Promise<unknown>): Promise<boolean> {
  let isOpen = true;
  const done = (): void => void (isOpen = false);
  promise.then(done, done);
  await settle();
  return isOpen;
}
