export interface OffsetPosition {
  readonly groupId: string;
  readonly topic: string;
  readonly partition: number;
}

export interface CommittedOffset {
  readonly offset: bigint;
  /** -1 when the client did not say. */
  readonly leaderEpoch: number;
  readonly metadata: string;
  readonly commitTimestampMs: number;
  /** Set by old clients that ask for a retention of their own. */
  readonly expireTimestampMs: number | null;
}

export type TopicOffsets = ReadonlyMap<string, ReadonlyMap<number, CommittedOffset>>;

interface StoredOffset extends CommittedOffset {
  /** Where in the log it was read; a transaction that ends later must not undo a later commit. */
  readonly recordOffset: number;
}

interface PendingOffset {
  readonly position: OffsetPosition;
  readonly committed: StoredOffset;
}

const NO_TOPICS: TopicOffsets = new Map();
const NO_TRANSACTION = -1n;

/** The committed offsets of one shard: group, topic, partition. Names are hostile, hence maps only. */
export class OffsetStore {
  readonly #groups = new Map<string, Map<string, Map<number, StoredOffset>>>();
  /** Offsets of open transactions by producer id: not visible until their commit marker. */
  readonly #pending = new Map<bigint, PendingOffset[]>();

  get groupIds(): Iterable<string> {
    return this.#groups.keys();
  }

  topics(groupId: string): TopicOffsets {
    return this.#groups.get(groupId) ?? NO_TOPICS;
  }

  get({ groupId, topic, partition }: OffsetPosition): CommittedOffset | undefined {
    return this.#groups.get(groupId)?.get(topic)?.get(partition);
  }

  has(groupId: string): boolean {
    return this.#groups.has(groupId);
  }

  set(position: OffsetPosition, committed: CommittedOffset, recordOffset = 0): void {
    const { groupId, topic, partition } = position;
    let topics = this.#groups.get(groupId);
    if (!topics) this.#groups.set(groupId, (topics = new Map()));
    let partitions = topics.get(topic);
    if (!partitions) topics.set(topic, (partitions = new Map()));
    partitions.set(partition, { ...committed, recordOffset });
  }

  delete(position: OffsetPosition): void {
    const { groupId, topic, partition } = position;
    const topics = this.#groups.get(groupId);
    const partitions = topics?.get(topic);
    if (topics && partitions?.delete(partition)) {
      if (partitions.size === 0) topics.delete(topic);
      if (topics.size === 0) this.#groups.delete(groupId);
    }
    this.#dropPending((pending) => samePosition(pending.position, position));
  }

  /** A replayed commit; one of a transaction waits for its marker. */
  replay(
    position: OffsetPosition,
    committed: CommittedOffset,
    recordOffset: number,
    producerId: bigint,
  ): void {
    if (producerId === NO_TRANSACTION) {
      this.set(position, committed, recordOffset);
      return;
    }
    const pending = this.#pending.get(producerId) ?? [];
    pending.push({ position, committed: { ...committed, recordOffset } });
    this.#pending.set(producerId, pending);
  }

  endTransaction(producerId: bigint, type: "commit" | "abort"): void {
    const pending = this.#pending.get(producerId) ?? [];
    this.#pending.delete(producerId);
    if (type === "abort") return;
    for (const { position, committed } of pending) {
      const { groupId, topic, partition } = position;
      const existing = this.#groups.get(groupId)?.get(topic)?.get(partition);
      if (existing && existing.recordOffset > committed.recordOffset) continue;
      this.set(position, committed, committed.recordOffset);
    }
  }

  /** Whether a transaction that is still open has an offset for this partition. */
  isUnstable(position: OffsetPosition): boolean {
    for (const pending of this.#pending.values()) {
      if (pending.some((entry) => samePosition(entry.position, position))) return true;
    }
    return false;
  }

  hasOpenTransaction(groupId: string): boolean {
    for (const pending of this.#pending.values()) {
      if (pending.some((entry) => entry.position.groupId === groupId)) return true;
    }
    return false;
  }

  #dropPending(matches: (pending: PendingOffset) => boolean): void {
    for (const [producerId, pending] of this.#pending) {
      const kept = pending.filter((entry) => !matches(entry));
      if (kept.length === 0) this.#pending.delete(producerId);
      else if (kept.length < pending.length) this.#pending.set(producerId, kept);
    }
  }
}

function samePosition(a: OffsetPosition, b: OffsetPosition): boolean {
  return a.partition === b.partition && a.topic === b.topic && a.groupId === b.groupId;
}
