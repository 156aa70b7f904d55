import type { GroupMetadataValue } from "@ottla/protocol";
import type { Clock, Logger, Random } from "@ottla/runtime";
import type { CoordinatorRecord } from "../runtime/partition-writer.ts";
import type { CoordinatorShard, RecordPosition, ShardContext } from "../runtime/shard.ts";
import { ClassicGroup } from "./classic/classic-group.ts";
import { ClassicMember } from "./classic/classic-member.ts";
import { prepareRebalance, refreshSession } from "./classic/rebalance.ts";
import type { GroupConfig } from "./group-config.ts";
import { readGroupRecord } from "./group-records.ts";
import type { GroupShardServices, GroupState } from "./group-state.ts";
import { OffsetStore } from "./offset-store.ts";

/** The groups and offsets of one partition of `__consumer_offsets`. */
export class GroupShard implements CoordinatorShard, GroupState {
  readonly context: ShardContext;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly config: GroupConfig;
  readonly groups = new Map<string, ClassicGroup>();
  readonly offsets = new OffsetStore();
  readonly #unknownRecordTypes = new Set<number>();

  constructor(context: ShardContext, services: GroupShardServices) {
    this.context = context;
    this.clock = services.clock;
    this.random = services.random;
    this.logger = services.logger;
    this.config = services.config;
  }

  replay(record: CoordinatorRecord, position: RecordPosition): void {
    const read = readGroupRecord(record);
    if (read.type === "offset") {
      if (read.committed === null) this.offsets.delete(read.position);
      else {
        this.offsets.replay(
          read.position,
          read.committed,
          position.offset,
          position.transactionalProducerId,
        );
      }
      return;
    }
    if (read.type === "group") {
      this.groups.delete(read.groupId);
      if (read.metadata !== null)
        this.groups.set(read.groupId, this.#restore(read.groupId, read.metadata));
      return;
    }
    if (this.#unknownRecordTypes.has(read.recordType)) return;
    this.#unknownRecordTypes.add(read.recordType);
    this.logger.warn("skipping group records of a type that this version does not know", {
      partition: this.context.partition,
      recordType: read.recordType,
    });
  }

  replayEndOfTransaction(producerId: bigint, type: "commit" | "abort"): void {
    this.offsets.endTransaction(producerId, type);
  }

  onLoaded(): void {
    // Offsets without a group are those of consumers that only store offsets here.
    for (const groupId of this.offsets.groupIds) {
      if (!this.groups.has(groupId))
        this.groups.set(groupId, new ClassicGroup(groupId, this.clock));
    }
    for (const group of this.groups.values()) {
      for (const member of group.members.values()) refreshSession(this, group, member);
      if (group.members.size > this.config.maxSize) {
        // The limit was lowered: who joins first stays.
        this.context.run((effects) => prepareRebalance(this, effects, group));
      }
    }
    this.logger.debug("loaded groups", {
      partition: this.context.partition,
      groups: this.groups.size,
    });
  }

  onUnloaded(errorCode: number): void {
    for (const group of this.groups.values()) {
      group.cancelTimers();
      group.transitionTo("Dead");
      for (const member of group.members.values()) {
        member.joinReply?.fail(errorCode);
        member.syncReply?.fail(errorCode);
      }
    }
    this.groups.clear();
  }

  #restore(groupId: string, metadata: GroupMetadataValue): ClassicGroup {
    const group = new ClassicGroup(groupId, this.clock);
    const protocolType = metadata.protocolType === "" ? null : metadata.protocolType;
    for (const stored of metadata.members) {
      const { sessionTimeout, rebalanceTimeout } = stored;
      const protocols = new Map([[metadata.protocol ?? "", new Uint8Array(stored.subscription)]]);
      const description = {
        memberId: stored.memberId,
        groupInstanceId: stored.groupInstanceId,
        clientId: stored.clientId,
        clientHost: stored.clientHost,
        sessionTimeoutMs: sessionTimeout,
        // Records of version 0 have none.
        rebalanceTimeoutMs: rebalanceTimeout < 0 ? sessionTimeout : rebalanceTimeout,
        protocols,
        assignment: new Uint8Array(stored.assignment),
      };
      group.add(new ClassicMember(description, this.clock), protocolType);
    }
    group.protocolType = protocolType;
    group.protocolName = metadata.protocol;
    group.generationId = metadata.generation;
    if (metadata.leader !== null && group.members.has(metadata.leader))
      group.leaderId = metadata.leader;
    group.restore(
      group.members.size > 0 ? "Stable" : "Empty",
      Number(metadata.currentStateTimestamp),
    );
    return group;
  }
}
