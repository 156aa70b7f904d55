import { partitionKey, type TopicPartition } from "../../topic-partition.ts";
import { allPartitions, byMemberOrder, type Assignments, type GroupMember } from "./assignor.ts";

/**
 * The most even assignment that moves as little as possible, in three steps: members keep what they
 * own up to their share; what is left goes to whoever has least; then partitions move from richer to
 * poorer members while that makes it more even. The last step only has work when members subscribe
 * to different topics. It ends, because every move lowers the sum of the squares of the loads.
 */
export function stickyAssign(
  members: readonly GroupMember[],
  partitionCounts: ReadonlyMap<string, number>,
): Assignments {
  const partitions = allPartitions(members, partitionCounts);
  const balance = new Balance([...members].sort(byMemberOrder));
  balance.keepOwned(partitions);
  balance.dealOut(partitions);
  balance.even();
  return balance.assignments();
}

interface Load {
  readonly member: GroupMember;
  readonly topics: ReadonlySet<string>;
  readonly partitions: Map<string, TopicPartition>;
}

class Balance {
  readonly #loads: readonly Load[];
  readonly #taken = new Set<string>();

  constructor(members: readonly GroupMember[]) {
    this.#loads = members.map((member) => ({
      member,
      topics: new Set(member.topics),
      partitions: new Map(),
    }));
  }

  assignments(): Assignments {
    return new Map(
      this.#loads.map(({ member, partitions }) => [member.memberId, [...partitions.values()]]),
    );
  }

  keepOwned(partitions: readonly TopicPartition[]): void {
    const existing = new Map(partitions.map((one) => [partitionKey(one), one]));
    const owners = this.#owners();
    const ownedBy = new Map(this.#loads.map((load): [Load, TopicPartition[]] => [load, []]));
    for (const [key, owner] of owners) {
      const partition = existing.get(key);
      if (partition === undefined || owner === undefined || !owner.topics.has(partition.topic))
        continue;
      ownedBy.get(owner)?.push(partition);
    }
    const isUniform = this.#loads.every(({ topics }) => sameSet(topics, this.#loads[0]?.topics));
    // Different subscriptions have no common share; there everything is kept at first and evened out.
    const share = isUniform
      ? Math.floor(partitions.length / this.#loads.length)
      : Number.POSITIVE_INFINITY;
    let larger = isUniform ? partitions.length % this.#loads.length : 0;
    for (const [load, owned] of [...ownedBy].sort(
      ([, one], [, other]) => other.length - one.length,
    )) {
      const isLarger = owned.length > share && larger > 0;
      if (isLarger) larger -= 1;
      for (const partition of owned.slice(0, share + (isLarger ? 1 : 0)))
        this.#give(load, partition);
    }
  }

  /** Who owns a partition: the claim of the newest generation; two claims of the same one cancel out. */
  #owners(): Map<string, Load | undefined> {
    const claims = new Map<string, { load: Load | undefined; generationId: number }>();
    for (const load of this.#loads) {
      const { generationId, owned } = load.member;
      for (const partition of owned) {
        const key = partitionKey(partition);
        const claim = claims.get(key);
        if (claim === undefined || claim.generationId < generationId)
          claims.set(key, { load, generationId });
        else if (claim.generationId === generationId) claim.load = undefined;
      }
    }
    return new Map([...claims].map(([key, { load }]) => [key, load]));
  }

  dealOut(partitions: readonly TopicPartition[]): void {
    const open = partitions.filter((partition) => !this.#taken.has(partitionKey(partition)));
    const takers = new Map<string, number>();
    for (const { topic } of open) {
      if (!takers.has(topic))
        takers.set(topic, this.#loads.filter(({ topics }) => topics.has(topic)).length);
    }
    // What few can take goes first, so that they are not full of what others could have taken.
    const ordered = [...open].sort(
      (one, other) => (takers.get(one.topic) ?? 0) - (takers.get(other.topic) ?? 0),
    );
    for (const partition of ordered) {
      const poorest = this.#poorest(partition.topic);
      if (poorest !== undefined) this.#give(poorest, partition);
    }
  }

  even(): void {
    let hasMoved = true;
    while (hasMoved) {
      hasMoved = false;
      for (const rich of [...this.#loads].sort(
        (one, other) => other.partitions.size - one.partitions.size,
      )) {
        for (const [key, partition] of rich.partitions) {
          const poor = this.#poorest(partition.topic);
          if (poor === undefined || rich.partitions.size - poor.partitions.size < 2) continue;
          rich.partitions.delete(key);
          poor.partitions.set(key, partition);
          hasMoved = true;
        }
      }
    }
  }

  #give(load: Load, partition: TopicPartition): void {
    const key = partitionKey(partition);
    this.#taken.add(key);
    load.partitions.set(key, partition);
  }

  #poorest(topic: string): Load | undefined {
    let poorest: Load | undefined;
    for (const load of this.#loads) {
      if (!load.topics.has(topic)) continue;
      if (poorest === undefined || load.partitions.size < poorest.partitions.size) poorest = load;
    }
    return poorest;
  }
}

function sameSet(one: ReadonlySet<string>, other: ReadonlySet<string> | undefined): boolean {
  return (
    other !== undefined && one.size === other.size && [...one].every((item) => other.has(item))
  );
}
