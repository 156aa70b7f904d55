import { ErrorCode } from "@ottla/protocol";
import { invariant, type Clock } from "@ottla/runtime";
import { DeadlineTimer } from "../../runtime/deadline-timer.ts";
import type { ClassicMember, JoinReply, MemberProtocols } from "./classic-member.ts";
import { CONSUMER_PROTOCOL_TYPE, subscribedTopicsOf } from "./subscription.ts";
import { allowedTransitions, type GroupState } from "./transition-table.ts";

const NO_STATE_TIMESTAMP = -1;

/**
 * A classic group's members, protocols and generation. It decides nothing: the transition table says
 * what may happen, the files beside this one do it.
 *
 * Invariants:
 * - the leader, if any, is a member; so is every static member id and every member yet to sync;
 * - a pending member is not a member;
 * - `#support` counts, per protocol name, the members that list it.
 */
export class ClassicGroup {
  readonly groupId: string;
  readonly #clock: Clock;
  readonly #members = new Map<string, ClassicMember>();
  readonly #staticMembers = new Map<string, string>();
  readonly #support = new Map<string, number>();
  /** Ids given out with error 79, each until its session timeout. */
  readonly pendingMembers = new Map<string, DeadlineTimer>();
  readonly membersYetToSync = new Set<string>();
  readonly joinTimer: DeadlineTimer;
  readonly syncTimer: DeadlineTimer;
  #state: GroupState = "Empty";
  #previousState: GroupState = "Empty";
  /** When the state was entered; -1 when an old record did not say. */
  stateTimestampMs = NO_STATE_TIMESTAMP;
  generationId = 0;
  /** Null for groups that only store offsets. */
  protocolType: string | null = null;
  protocolName: string | null = null;
  leaderId: string | null = null;
  subscribedTopics: ReadonlySet<string> | null = null;
  /** Somebody joined during the initial delay. */
  hasNewMember = false;

  constructor(groupId: string, clock: Clock) {
    this.groupId = groupId;
    this.#clock = clock;
    this.joinTimer = new DeadlineTimer(clock);
    this.syncTimer = new DeadlineTimer(clock);
  }

  get state(): GroupState {
    return this.#state;
  }

  get previousState(): GroupState {
    return this.#previousState;
  }

  get members(): ReadonlyMap<string, ClassicMember> {
    return this.#members;
  }

  get awaitingJoinCount(): number {
    let count = 0;
    for (const member of this.#members.values()) if (member.joinReply !== null) count++;
    return count;
  }

  get haveAllJoined(): boolean {
    return this.pendingMembers.size === 0 && this.awaitingJoinCount === this.#members.size;
  }

  /** The longest of the members': nobody shall be dropped who is within its own. */
  get rebalanceTimeoutMs(): number {
    let timeoutMs = 0;
    for (const member of this.#members.values())
      timeoutMs = Math.max(timeoutMs, member.rebalanceTimeoutMs);
    return timeoutMs;
  }

  transitionTo(state: GroupState): void {
    invariant(
      allowedTransitions[this.#state][state],
      `group ${this.groupId} must not go from ${this.#state} to ${state}`,
    );
    this.#previousState = this.#state;
    this.#state = state;
    this.stateTimestampMs = this.#clock.nowMs();
  }

  /** Sets what a record of the log says, which is past any transition rule. */
  restore(state: "Empty" | "Stable", stateTimestampMs: number): void {
    this.#state = state;
    this.#previousState = state;
    this.stateTimestampMs = stateTimestampMs;
    this.subscribedTopics = this.#currentSubscription();
  }

  isLeader(memberId: string): boolean {
    return this.leaderId === memberId;
  }

  member(memberId: string): ClassicMember {
    const member = this.#members.get(memberId);
    invariant(member, `${memberId} is not a member of group ${this.groupId}`);
    return member;
  }

  staticMemberId(groupInstanceId: string): string | undefined {
    return this.#staticMembers.get(groupInstanceId);
  }

  /** 0, or why a request in this member's name is refused. */
  validateMember(memberId: string, groupInstanceId: string | null): number {
    if (groupInstanceId !== null) {
      const owner = this.#staticMembers.get(groupInstanceId);
      if (owner === undefined) return ErrorCode.UNKNOWN_MEMBER_ID;
      if (owner !== memberId) return ErrorCode.FENCED_INSTANCE_ID;
    }
    return this.#members.has(memberId) ? ErrorCode.NONE : ErrorCode.UNKNOWN_MEMBER_ID;
  }

  /** Whether a member with these protocols finds one that all others know too. */
  supports(protocolType: string, names: Iterable<string>): boolean {
    if (this.#state === "Empty") return protocolType !== "" && [...names].length > 0;
    if (this.protocolType !== protocolType) return false;
    for (const name of names) if (this.#supportOf(name) === this.#members.size) return true;
    return false;
  }

  add(member: ClassicMember, protocolType: string | null): void {
    invariant(!this.#members.has(member.memberId), "a member joins a group once");
    if (member.groupInstanceId !== null) {
      invariant(!this.#staticMembers.has(member.groupInstanceId), "an instance id has one member");
      this.#staticMembers.set(member.groupInstanceId, member.memberId);
    }
    if (this.#members.size === 0) this.protocolType = protocolType;
    this.leaderId ??= member.memberId;
    this.#members.set(member.memberId, member);
    this.#countSupport(member.protocols, 1);
    this.removePending(member.memberId);
  }

  addPending(memberId: string): DeadlineTimer {
    invariant(!this.#members.has(memberId), "a member is not pending");
    const timer = new DeadlineTimer(this.#clock);
    this.pendingMembers.set(memberId, timer);
    return timer;
  }

  removePending(memberId: string): boolean {
    this.pendingMembers.get(memberId)?.cancel();
    return this.pendingMembers.delete(memberId);
  }

  /** The caller has answered the member's parked requests. */
  remove(memberId: string): void {
    const member = this.member(memberId);
    invariant(
      member.joinReply === null && member.syncReply === null,
      "a removed member is answered",
    );
    member.session.cancel();
    this.#members.delete(memberId);
    this.#countSupport(member.protocols, -1);
    if (member.groupInstanceId !== null) this.#staticMembers.delete(member.groupInstanceId);
    this.membersYetToSync.delete(memberId);
    if (this.isLeader(memberId)) this.leaderId = this.#members.keys().next().value ?? null;
  }

  /** A static member's new self takes its place, its lead and its assignment. */
  replace(oldMemberId: string, newMember: ClassicMember): void {
    const wasLeader = this.isLeader(oldMemberId);
    invariant(newMember.groupInstanceId !== null, "only static members are replaced");
    this.remove(oldMemberId);
    this.#staticMembers.set(newMember.groupInstanceId, newMember.memberId);
    this.#members.set(newMember.memberId, newMember);
    this.#countSupport(newMember.protocols, 1);
    if (wasLeader || this.leaderId === null) this.leaderId = newMember.memberId;
  }

  update(member: ClassicMember, protocols: MemberProtocols): void {
    this.#countSupport(member.protocols, -1);
    member.protocols = protocols;
    this.#countSupport(protocols, 1);
  }

  /** Parks a join. An earlier one of the same member is answered: its client has given up on it. */
  park(member: ClassicMember, reply: JoinReply): void {
    member.joinReply?.fail(ErrorCode.REBALANCE_IN_PROGRESS);
    member.joinReply = reply;
  }

  /** A leader that did not join again loses the lead to one who did; false when nobody did. */
  electLeader(): boolean {
    if (this.leaderId === null) return false;
    if (this.member(this.leaderId).joinReply !== null) return true;
    for (const member of this.#members.values()) {
      if (member.joinReply === null) continue;
      this.leaderId = member.memberId;
      return true;
    }
    return false;
  }

  startGeneration(): void {
    // Kafka's generations are int32 and wrap like its arithmetic does; -1 and below mean "no generation".
    this.generationId = this.generationId === 2 ** 31 - 1 ? 0 : this.generationId + 1;
    this.protocolName = this.#members.size > 0 ? this.selectProtocol() : null;
    this.subscribedTopics = this.#currentSubscription();
    this.membersYetToSync.clear();
    this.transitionTo(this.#members.size > 0 ? "CompletingRebalance" : "Empty");
  }

  refreshSubscription(): void {
    this.subscribedTopics = this.#currentSubscription();
  }

  /** Of the protocols that all support, the one that most prefer; a tie goes to the leader-most vote. */
  selectProtocol(): string {
    const candidates = new Set<string>();
    for (const [name, count] of this.#support)
      if (count === this.#members.size) candidates.add(name);
    const votes = new Map<string, number>();
    for (const member of this.#members.values()) {
      const name = member.vote(candidates);
      invariant(name !== undefined, `the members of group ${this.groupId} share no protocol`);
      votes.set(name, (votes.get(name) ?? 0) + 1);
    }
    let selected: string | undefined;
    for (const [name, count] of votes) {
      if (selected === undefined || count > votes.get(selected)!) selected = name;
    }
    invariant(selected !== undefined, "a group without members selects no protocol");
    return selected;
  }

  /** True also when the topics are unknown: an offset in doubt is in use. */
  isSubscribedTo(topic: string): boolean {
    return this.subscribedTopics?.has(topic) ?? this.protocolType === CONSUMER_PROTOCOL_TYPE;
  }

  cancelTimers(): void {
    this.joinTimer.cancel();
    this.syncTimer.cancel();
    for (const member of this.#members.values()) member.session.cancel();
    for (const timer of this.pendingMembers.values()) timer.cancel();
  }

  #currentSubscription(): ReadonlySet<string> | null {
    return subscribedTopicsOf(this.protocolType, this.protocolName, this.#members.values());
  }

  #supportOf(name: string): number {
    return this.#support.get(name) ?? 0;
  }

  #countSupport(protocols: MemberProtocols, change: 1 | -1): void {
    for (const name of protocols.keys()) {
      const count = this.#supportOf(name) + change;
      invariant(count >= 0, "protocol support is counted evenly");
      if (count === 0) this.#support.delete(name);
      else this.#support.set(name, count);
    }
  }
}
