import { ErrorCode } from "@ottla/protocol";

/*
 * What a classic group does with each event in each state. The tables are total: a new state or
 * event does not compile until every cell is filled.
 *
 *   Empty ──join──▶ PreparingRebalance ──all joined, or time is up──▶ CompletingRebalance
 *     ▲                  │      ▲   ▲                                     │         │
 *     └──nobody joined───┘      │   └──member joins, leaves, is late──────┘         │ leader's
 *                               └──member joins, leaves──── Stable ◀────────────────┘ assignment
 *
 * Dead is reached from everywhere, when the group is deleted or its partition moves away.
 */

export type GroupState = "Empty" | "PreparingRebalance" | "CompletingRebalance" | "Stable" | "Dead";

export interface Refusal {
  readonly refuse: number;
}

/** Per event, what the group may be told to do. */
export interface EventOutcomes {
  /** A member that is not in the group: without id, or with an id that was just given out. */
  readonly newMember: "addMember" | Refusal;
  /** A member joins again with the protocols that it had. */
  readonly sameMember: "awaitGeneration" | "returnGeneration" | Refusal;
  /** A member joins again with other protocols. */
  readonly changedMember: "awaitGeneration" | Refusal;
  /** The leader joins again with the protocols that it had. */
  readonly sameLeader: "awaitGeneration" | "returnGeneration" | Refusal;
  /** A static member comes back under a new member id. */
  readonly staticReplacement:
    | "awaitGeneration"
    | "restartRebalance"
    | "keepGeneration"
    | "impossible";
  /** Sync of a member of the current generation. */
  readonly followerSync: "awaitAssignment" | "returnAssignment" | Refusal;
  readonly leaderSync: "storeAssignment" | "returnAssignment" | Refusal;
  readonly heartbeat: "refresh" | "refreshAndRefuse" | Refusal;
  /** A member left, or its session ran out. */
  readonly memberRemoved: "rebalance" | "completeWhenAllJoined" | "nothing";
  /** A member that was given an id never came back with it. */
  readonly pendingMemberRemoved: "completeWhenAllJoined" | "nothing";
  /** The rebalance timeout, or the initial delay, is over. */
  readonly joinTimeout: "completeJoin" | "nothing";
  /** The rebalance timeout after the join phase is over. */
  readonly syncTimeout: "removeUnsyncedMembers" | "nothing";
  /** An offset commit of a member of the current generation. */
  readonly memberCommit: "refresh" | "accept" | Refusal;
  /** An offset commit that names no member: a tool, or a consumer that manages its partitions itself. */
  readonly simpleCommit: "accept" | Refusal;
  readonly deleteGroup: "delete" | Refusal;
  readonly deleteOffsets: "deleteAll" | "deleteUnsubscribed" | Refusal;
}

export type GroupEvent = keyof EventOutcomes;

const refuse = (errorCode: number): Refusal => ({ refuse: errorCode });

const UNKNOWN_MEMBER = refuse(ErrorCode.UNKNOWN_MEMBER_ID);
const REBALANCING = refuse(ErrorCode.REBALANCE_IN_PROGRESS);
const GONE = refuse(ErrorCode.COORDINATOR_NOT_AVAILABLE);
const NON_EMPTY = refuse(ErrorCode.NON_EMPTY_GROUP);
const NOT_FOUND = refuse(ErrorCode.GROUP_ID_NOT_FOUND);

export const transitionTable: {
  readonly [S in GroupState]: { readonly [E in GroupEvent]: EventOutcomes[E] };
} = {
  Empty: {
    newMember: "addMember",
    sameMember: UNKNOWN_MEMBER,
    changedMember: UNKNOWN_MEMBER,
    sameLeader: UNKNOWN_MEMBER,
    staticReplacement: "impossible",
    followerSync: UNKNOWN_MEMBER,
    leaderSync: UNKNOWN_MEMBER,
    heartbeat: UNKNOWN_MEMBER,
    memberRemoved: "nothing",
    pendingMemberRemoved: "nothing",
    joinTimeout: "nothing",
    syncTimeout: "nothing",
    memberCommit: "accept",
    simpleCommit: "accept",
    deleteGroup: "delete",
    deleteOffsets: "deleteAll",
  },
  PreparingRebalance: {
    newMember: "addMember",
    sameMember: "awaitGeneration",
    changedMember: "awaitGeneration",
    sameLeader: "awaitGeneration",
    staticReplacement: "awaitGeneration",
    followerSync: REBALANCING,
    leaderSync: REBALANCING,
    heartbeat: "refreshAndRefuse",
    memberRemoved: "completeWhenAllJoined",
    pendingMemberRemoved: "completeWhenAllJoined",
    joinTimeout: "completeJoin",
    syncTimeout: "nothing",
    // The last chance to commit before partitions move.
    memberCommit: "refresh",
    simpleCommit: UNKNOWN_MEMBER,
    deleteGroup: NON_EMPTY,
    deleteOffsets: "deleteUnsubscribed",
  },
  CompletingRebalance: {
    newMember: "addMember",
    // The join response was lost: the member only wants to hear it again.
    sameMember: "returnGeneration",
    changedMember: "awaitGeneration",
    sameLeader: "returnGeneration",
    // The leader may be assigning partitions to the old id already.
    staticReplacement: "restartRebalance",
    followerSync: "awaitAssignment",
    leaderSync: "storeAssignment",
    heartbeat: "refresh",
    memberRemoved: "rebalance",
    pendingMemberRemoved: "nothing",
    joinTimeout: "nothing",
    syncTimeout: "removeUnsyncedMembers",
    memberCommit: REBALANCING,
    simpleCommit: UNKNOWN_MEMBER,
    deleteGroup: NON_EMPTY,
    deleteOffsets: "deleteUnsubscribed",
  },
  Stable: {
    newMember: "addMember",
    sameMember: "returnGeneration",
    changedMember: "awaitGeneration",
    // The leader saw a change that no member's metadata shows, such as more partitions.
    sameLeader: "awaitGeneration",
    staticReplacement: "keepGeneration",
    followerSync: "returnAssignment",
    leaderSync: "returnAssignment",
    heartbeat: "refresh",
    memberRemoved: "rebalance",
    pendingMemberRemoved: "nothing",
    joinTimeout: "nothing",
    syncTimeout: "removeUnsyncedMembers",
    memberCommit: "refresh",
    simpleCommit: UNKNOWN_MEMBER,
    deleteGroup: NON_EMPTY,
    deleteOffsets: "deleteUnsubscribed",
  },
  Dead: {
    newMember: GONE,
    sameMember: GONE,
    changedMember: GONE,
    sameLeader: GONE,
    staticReplacement: "impossible",
    followerSync: GONE,
    leaderSync: GONE,
    heartbeat: GONE,
    memberRemoved: "nothing",
    pendingMemberRemoved: "nothing",
    joinTimeout: "nothing",
    syncTimeout: "nothing",
    memberCommit: GONE,
    simpleCommit: GONE,
    deleteGroup: NOT_FOUND,
    deleteOffsets: NOT_FOUND,
  },
};

/** Which state may follow which; asserted at each change. */
export const allowedTransitions: {
  readonly [From in GroupState]: { readonly [To in GroupState]: boolean };
} = {
  Empty: {
    Empty: false,
    PreparingRebalance: true,
    CompletingRebalance: false,
    Stable: false,
    Dead: true,
  },
  PreparingRebalance: {
    Empty: true,
    PreparingRebalance: false,
    CompletingRebalance: true,
    Stable: false,
    Dead: true,
  },
  CompletingRebalance: {
    Empty: false,
    PreparingRebalance: true,
    CompletingRebalance: false,
    Stable: true,
    Dead: true,
  },
  Stable: {
    Empty: false,
    PreparingRebalance: true,
    CompletingRebalance: false,
    Stable: false,
    Dead: true,
  },
  Dead: {
    Empty: false,
    PreparingRebalance: false,
    CompletingRebalance: false,
    Stable: false,
    Dead: true,
  },
};

export function outcomeOf<Event extends GroupEvent>(
  state: GroupState,
  event: Event,
): EventOutcomes[Event] {
  return transitionTable[state][event];
}
