import type { JoinGroupResponse, MessageInput } from "@ottla/protocol";
import { NEWEST_JOIN, subscription, text, textOf, type GroupHarness } from "./group-harness.ts";

const UNKNOWN_MEMBER = 25;
const FENCED = 82;
const MEMBER_ID_REQUIRED = 79;

/** What the simulation learns from members, and checks. */
export interface Observer {
  joined(member: SimulatedMember): void;
  assigned(member: SimulatedMember, assignment: string): void;
  committed(value: number, errorCode: number): void;
}

/** A consumer as a coordinator sees one: it joins, syncs, beats, commits, and loses answers. */
export class SimulatedMember {
  readonly name: string;
  readonly groupInstanceId: string | null;
  readonly #observer: Observer;
  memberId = "";
  generationId = -1;
  phase: "out" | "joined" | "stable" = "out";
  topics: readonly string[] = ["orders"];
  #isBusy = false;
  #lastJoin: MessageInput<JoinGroupResponse> | undefined;
  /** Answers of requests that were given up are dropped: whoever sent them believes nothing. */
  #attempt = 0;

  constructor(name: string, groupInstanceId: string | null, observer: Observer) {
    this.name = name;
    this.groupInstanceId = groupInstanceId;
    this.#observer = observer;
  }

  /** Stops waiting for the answer of the request under way, as a client does whose connection broke. */
  giveUp(): void {
    this.#attempt++;
    this.#isBusy = false;
  }

  /** Does what a healthy client would do next. */
  async step(harness: GroupHarness): Promise<void> {
    if (this.#isBusy) return;
    this.#isBusy = true;
    const attempt = this.#attempt;
    if (this.phase === "out") await this.#join(harness, attempt);
    else if (this.phase === "joined") await this.#sync(harness, attempt);
    else await this.#beat(harness, attempt);
    if (attempt === this.#attempt) this.#isBusy = false;
  }

  async commit(harness: GroupHarness, generationId: number, value: number): Promise<void> {
    const { memberId, groupInstanceId } = this;
    const identity = { memberId, groupInstanceId, generationIdOrMemberEpoch: generationId };
    const errorCode = await harness.commit(value, identity);
    this.#observer.committed(value, errorCode);
  }

  async #join(harness: GroupHarness, attempt: number): Promise<void> {
    const { memberId, groupInstanceId } = this;
    const protocols = [
      { name: "range", metadata: subscription(...this.topics) },
      { name: "sticky", metadata: subscription(...this.topics) },
    ];
    const response = await harness.join({
      apiVersion: NEWEST_JOIN,
      memberId,
      groupInstanceId,
      protocols,
    });
    if (attempt !== this.#attempt) return;
    const errorCode = response.errorCode ?? 0;
    if (errorCode === MEMBER_ID_REQUIRED) this.memberId = response.memberId!;
    else if (errorCode !== 0) this.#react(errorCode);
    else {
      this.memberId = response.memberId!;
      this.generationId = response.generationId!;
      this.#lastJoin = response;
      this.phase = "joined";
      this.#observer.joined(this);
    }
  }

  async #sync(harness: GroupHarness, attempt: number): Promise<void> {
    const { memberId, groupInstanceId, generationId } = this;
    const { leader, members = [], protocolName = null, skipAssignment = false } = this.#lastJoin!;
    const leads = leader === memberId && !skipAssignment;
    const assignments = leads
      ? members.map((member) => ({
          memberId: member.memberId!,
          assignment: text(`${generationId}:${memberId}:${member.memberId!}`),
        }))
      : [];
    const request = { memberId, groupInstanceId, generationId, protocolName, assignments };
    const response = await harness.sync(request);
    if (attempt !== this.#attempt) return;
    const errorCode = response.errorCode ?? 0;
    if (errorCode !== 0) {
      this.#react(errorCode);
      return;
    }
    this.phase = "stable";
    this.#observer.assigned(this, textOf(response.assignment));
  }

  async #beat(harness: GroupHarness, attempt: number): Promise<void> {
    const errorCode = await harness.heartbeat(
      this.memberId,
      this.generationId,
      this.groupInstanceId,
    );
    if (attempt === this.#attempt && errorCode !== 0) this.#react(errorCode);
  }

  #react(errorCode: number): void {
    if (errorCode === UNKNOWN_MEMBER || errorCode === FENCED) this.memberId = "";
    this.phase = "out";
  }
}
