import type { JoinGroupResponse, MessageInput, SyncGroupResponse } from "@ottla/protocol";
import type { Clock } from "@ottla/runtime";
import { DeadlineTimer } from "../../runtime/deadline-timer.ts";
import type { Reply } from "../../runtime/reply.ts";

export type JoinReply = Reply<MessageInput<JoinGroupResponse>>;
export type SyncReply = Reply<MessageInput<SyncGroupResponse>>;

/** In the member's order of preference. */
export type MemberProtocols = ReadonlyMap<string, Uint8Array>;

export const NO_ASSIGNMENT = new Uint8Array(0);

export interface MemberDescription {
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
  readonly protocols: MemberProtocols;
  readonly assignment: Uint8Array;
}

export class ClassicMember {
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  sessionTimeoutMs: number;
  rebalanceTimeoutMs: number;
  protocols: MemberProtocols;
  assignment: Uint8Array;
  /** Waits for its first join response: it does not know its id, so it cannot send heartbeats. */
  isNew = false;
  joinReply: JoinReply | null = null;
  syncReply: SyncReply | null = null;
  readonly session: DeadlineTimer;

  constructor(description: MemberDescription, clock: Clock) {
    this.memberId = description.memberId;
    this.groupInstanceId = description.groupInstanceId;
    this.clientId = description.clientId;
    this.clientHost = description.clientHost;
    this.sessionTimeoutMs = description.sessionTimeoutMs;
    this.rebalanceTimeoutMs = description.rebalanceTimeoutMs;
    this.protocols = description.protocols;
    this.assignment = description.assignment;
    this.session = new DeadlineTimer(clock);
  }

  get isStatic(): boolean {
    return this.groupInstanceId !== null;
  }

  /** A parked request shows that the client lives, except a new member's, which may be a ghost. */
  get isExcusedFromHeartbeats(): boolean {
    return !this.isNew && (this.joinReply !== null || this.syncReply !== null);
  }

  metadataFor(protocolName: string | null): Uint8Array {
    return (protocolName === null ? undefined : this.protocols.get(protocolName)) ?? NO_ASSIGNMENT;
  }

  /** The most preferred protocol that is among the candidates. */
  vote(candidates: ReadonlySet<string>): string | undefined {
    for (const name of this.protocols.keys()) if (candidates.has(name)) return name;
    return undefined;
  }

  /** Same protocols with the same metadata in the same order. */
  hasProtocols(protocols: MemberProtocols): boolean {
    if (protocols.size !== this.protocols.size) return false;
    const own = this.protocols.entries();
    for (const [name, metadata] of protocols) {
      const [ownName, ownMetadata] = own.next().value!;
      if (ownName !== name || Buffer.compare(ownMetadata, metadata) !== 0) return false;
    }
    return true;
  }
}

/** Copies the metadata, which lies in the request's frame. Of two entries with one name the last counts. */
export function protocolsOf(
  protocols: readonly { readonly name: string; readonly metadata: Uint8Array }[],
): MemberProtocols {
  return new Map(protocols.map(({ name, metadata }) => [name, new Uint8Array(metadata)]));
}
