import { Api, ErrorCode, type JoinGroupResponse } from "@ottla/protocol";
import { backoffMs, sleep } from "../backoff.ts";
import type { ClientTimer } from "../client-runtime.ts";
import type { Cluster } from "../connection/cluster.ts";
import { CoordinatorLookup } from "../coordinator-lookup.ts";
import { checkCode, hasCode, isRetriable, KafkaError } from "../errors.ts";
import type { CommitIdentity } from "../group-offsets.ts";
import type { TopicPartition } from "../topic-partition.ts";
import type { Assignor } from "./assignors/assignor.ts";
import type { ConsumerSettings } from "./consumer-options.ts";
import {
  decodeAssignment,
  decodeMember,
  encodeAssignment,
  encodeSubscription,
} from "./subscription-protocol.ts";

const PROTOCOL_TYPE = "consumer";
/** On top of the time that the broker waits for the slowest member. */
const JOIN_GRACE_MS = 5_000;
const NO_GENERATION = -1;

/** What a completed rebalance gave this member. */
export interface JoinOutcome {
  readonly partitions: readonly TopicPartition[];
  readonly assignor: Assignor;
  /** Whether the member was thrown out before, so that what it held is lost. */
  readonly wasReset: boolean;
}

export interface JoinInput {
  readonly topics: readonly string[];
  readonly owned: readonly TopicPartition[];
}

/**
 * One membership in a classic group: join, sync, heartbeats, leave. It knows nothing of records and
 * positions. Heartbeats run by themselves; that a rebalance is due is told through `onChange`, and the
 * consumer joins again when its user asks for records, so that everything handed out before is done.
 */
export class GroupMembership {
  readonly coordinator: CoordinatorLookup;
  readonly #cluster: Cluster;
  readonly #settings: ConsumerSettings;
  readonly #groupId: string;
  readonly #onChange: () => void;
  #memberId = "";
  #generationId = NO_GENERATION;
  #needsJoin = true;
  #wasReset = false;
  #fatal: unknown;
  #timer: ClientTimer | undefined;
  #isBeating = false;
  #lastAnswerMs = 0;
  #lastPollMs: number;
  #topicsOfGroup: readonly string[] = [];
  #countsAtAssignment: ReadonlyMap<string, number> | undefined;

  constructor(cluster: Cluster, settings: ConsumerSettings, groupId: string, onChange: () => void) {
    this.#cluster = cluster;
    this.#settings = settings;
    this.#groupId = groupId;
    this.#onChange = onChange;
    this.coordinator = new CoordinatorLookup(cluster, groupId, "coordinator");
    this.#lastPollMs = cluster.settings.runtime.monotonicMs();
  }

  get needsJoin(): boolean {
    return this.#needsJoin;
  }

  /** Whether the group went on without this member, so that what it held belongs to others now. */
  get wasReset(): boolean {
    return this.#wasReset;
  }

  get identity(): CommitIdentity {
    const { groupInstanceId } = this.#settings;
    return {
      groupId: this.#groupId,
      generationId: this.#generationId,
      memberId: this.#memberId,
      groupInstanceId,
    };
  }

  /** Topics which this member, as the leader, has to watch for new partitions. */
  get watchedTopics(): readonly string[] {
    return this.#topicsOfGroup;
  }

  requestJoin(): void {
    this.#needsJoin = true;
    this.#onChange();
  }

  /** The user is alive and asks for records. */
  notePoll(): void {
    this.#lastPollMs = this.#cluster.settings.runtime.monotonicMs();
    if (this.#fatal !== undefined) throw this.#fatal;
  }

  /** Commits, and other requests in the group's name, may find out that the member was thrown out. */
  noteError(code: number): void {
    switch (code) {
      case ErrorCode.UNKNOWN_MEMBER_ID:
        this.#memberId = "";
        this.#reset();
        break;
      case ErrorCode.ILLEGAL_GENERATION:
        this.#reset();
        break;
      case ErrorCode.REBALANCE_IN_PROGRESS:
        this.requestJoin();
        break;
      case ErrorCode.FENCED_INSTANCE_ID:
        this.#reset();
        this.#fatal = new KafkaError(code);
        break;
      default:
    }
  }

  /** As the leader: whether partitions have come or gone since it made the assignment. */
  checkPartitionCounts(): void {
    const before = this.#countsAtAssignment;
    if (before === undefined || this.#needsJoin) return;
    const hasChanged = this.#topicsOfGroup.some(
      (topic) => before.get(topic) !== this.#partitionCount(topic),
    );
    if (hasChanged) this.requestJoin();
  }

  /** Joins and syncs until the group is stable or an error comes that does not pass. */
  async join(input: JoinInput, signal: AbortSignal): Promise<JoinOutcome> {
    const { runtime, retryBackoff, logger } = this.#cluster.settings;
    this.#stopHeartbeats();
    for (let attempt = 0; ; attempt++) {
      try {
        const outcome = await this.#joinOnce(input);
        this.#startHeartbeats();
        return outcome;
      } catch (error) {
        logger.debug(`group ${this.#groupId}: ${String(error)}`);
        if (hasCode(error, ErrorCode.MEMBER_ID_REQUIRED)) continue;
        if (error instanceof KafkaError) this.noteError(error.code);
        if (!isRetriable(error) && !isRejoinable(error)) throw error;
        await sleep(runtime, backoffMs(retryBackoff, attempt, runtime.random()), signal);
      }
    }
  }

  async #joinOnce(input: JoinInput): Promise<JoinOutcome> {
    const joined = await this.#sendJoin(input);
    this.#memberId = joined.memberId;
    this.#generationId = joined.generationId;
    const assignor = this.#settings.assignors.find(({ name }) => name === joined.protocolName);
    if (assignor === undefined) throw new KafkaError(ErrorCode.INCONSISTENT_GROUP_PROTOCOL);
    const isLeader = joined.leader === joined.memberId;
    const assignments = isLeader ? await this.#assign(joined, assignor) : this.#follow();
    this.#needsJoin = false;
    const response = await this.coordinator.request(
      Api.SyncGroup,
      { ...this.#who(), protocolType: PROTOCOL_TYPE, protocolName: assignor.name, assignments },
      ({ errorCode }) => checkCode(errorCode),
      { timeoutMs: this.#settings.maxPollIntervalMs + JOIN_GRACE_MS },
    );
    const wasReset = this.#wasReset;
    this.#wasReset = false;
    return { partitions: decodeAssignment(response.assignment), assignor, wasReset };
  }

  async #sendJoin(input: JoinInput): Promise<JoinGroupResponse> {
    const own = {
      topics: input.topics,
      owned: this.#wasReset ? [] : input.owned,
      generationId: this.#wasReset ? NO_GENERATION : this.#generationId,
    };
    return this.coordinator.request(
      Api.JoinGroup,
      {
        groupId: this.#groupId,
        sessionTimeoutMs: this.#settings.sessionTimeoutMs,
        rebalanceTimeoutMs: this.#settings.maxPollIntervalMs,
        memberId: this.#memberId,
        groupInstanceId: this.#settings.groupInstanceId,
        protocolType: PROTOCOL_TYPE,
        protocols: this.#settings.assignors.map((assignor) => ({
          name: assignor.name,
          metadata: encodeSubscription(assignor, own),
        })),
      },
      ({ errorCode, memberId }) => {
        if (errorCode === ErrorCode.MEMBER_ID_REQUIRED) this.#memberId = memberId;
        checkCode(errorCode);
      },
      { timeoutMs: this.#settings.maxPollIntervalMs + JOIN_GRACE_MS },
    );
  }

  /** The leader's work: who gets what. */
  async #assign(
    joined: JoinGroupResponse,
    assignor: Assignor,
  ): Promise<{ memberId: string; assignment: Uint8Array }[]> {
    const members = joined.members.map(({ memberId, groupInstanceId, metadata }) =>
      decodeMember(memberId, groupInstanceId, metadata),
    );
    this.#topicsOfGroup = [...new Set(members.flatMap(({ topics }) => topics))];
    this.#cluster.track(this.#topicsOfGroup, this.#settings.allowAutoTopicCreation);
    await this.#cluster.refreshMetadata();
    const counts = new Map(
      this.#topicsOfGroup.map((topic) => [topic, this.#partitionCount(topic)]),
    );
    this.#countsAtAssignment = counts;
    // A static leader that came back is told to leave the assignment as it is (KIP-814).
    if (joined.skipAssignment) return [];
    return [...assignor.assign(members, counts)].map(([memberId, partitions]) => ({
      memberId,
      assignment: encodeAssignment(partitions),
    }));
  }

  #follow(): [] {
    this.#topicsOfGroup = [];
    this.#countsAtAssignment = undefined;
    return [];
  }

  #partitionCount(topic: string): number {
    return this.#cluster.metadata.topic(topic)?.partitions.length ?? 0;
  }

  #who() {
    const { groupId, generationId, memberId, groupInstanceId } = this.identity;
    return { groupId, generationId, memberId, groupInstanceId };
  }

  #reset(): void {
    this.#generationId = NO_GENERATION;
    this.#wasReset = true;
    this.#stopHeartbeats();
    this.requestJoin();
  }

  #startHeartbeats(): void {
    this.#lastAnswerMs = this.#cluster.settings.runtime.monotonicMs();
    this.#scheduleHeartbeat();
  }

  #stopHeartbeats(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #scheduleHeartbeat(): void {
    this.#stopHeartbeats();
    if (this.#cluster.signal.aborted) return;
    const { runtime } = this.#cluster.settings;
    this.#timer = runtime.setTimer(this.#settings.heartbeatIntervalMs, () => void this.#beat());
  }

  async #beat(): Promise<void> {
    if (this.#isBeating || this.#generationId === NO_GENERATION) return;
    const { runtime, logger } = this.#cluster.settings;
    const nowMs = runtime.monotonicMs();
    if (nowMs - this.#lastPollMs > this.#settings.maxPollIntervalMs) {
      logger.warn(
        `no poll for ${this.#settings.maxPollIntervalMs} ms (maxPollIntervalMs): leaving group ${this.#groupId}`,
      );
      await this.leave("the consumer did not poll in time");
      this.#reset();
      return;
    }
    this.#isBeating = true;
    const { generationId } = this.identity;
    try {
      await this.coordinator.request(
        Api.Heartbeat,
        this.#who(),
        ({ errorCode }) => checkCode(errorCode),
        { timeoutMs: this.#settings.sessionTimeoutMs },
      );
      this.#lastAnswerMs = runtime.monotonicMs();
    } catch (error) {
      logger.debug(`heartbeat in group ${this.#groupId}: ${String(error)}`);
      if (generationId === this.#generationId) this.#heartbeatFailed(error);
    } finally {
      this.#isBeating = false;
      if (this.#generationId !== NO_GENERATION && this.#timer !== undefined)
        this.#scheduleHeartbeat();
    }
  }

  #heartbeatFailed(error: unknown): void {
    const silentMs = this.#cluster.settings.runtime.monotonicMs() - this.#lastAnswerMs;
    if (error instanceof KafkaError) {
      this.noteError(error.code);
      if (!isRetriable(error) && !isRejoinable(error)) this.#fatal = error;
    }
    // The coordinator has given the member up by now, whether or not it can say so.
    if (silentMs > this.#settings.sessionTimeoutMs) this.#reset();
  }

  /** Tells the coordinator, once; a failure only means that it will notice later. */
  async leave(reason: string): Promise<void> {
    this.#stopHeartbeats();
    const { memberId, groupInstanceId } = this.identity;
    // A static member stays in the group, so that it finds its partitions when it comes back.
    if (memberId === "" || groupInstanceId !== null) return;
    try {
      await this.coordinator.request(
        Api.LeaveGroup,
        { groupId: this.#groupId, memberId, members: [{ memberId, groupInstanceId, reason }] },
        ({ errorCode }) => checkCode(errorCode),
      );
    } catch (error) {
      this.#cluster.settings.logger.debug(`leaving group ${this.#groupId}: ${String(error)}`);
    }
    this.#memberId = "";
    this.#generationId = NO_GENERATION;
  }
}

/** Errors that a new join mends. */
function isRejoinable(error: unknown): boolean {
  return hasCode(
    error,
    ErrorCode.UNKNOWN_MEMBER_ID,
    ErrorCode.ILLEGAL_GENERATION,
    ErrorCode.REBALANCE_IN_PROGRESS,
  );
}
