import { invariant, type Random } from "@ottla/runtime";

/**
 * Spreads the replicas of partitions `first` to `first + count - 1` over the brokers: leaders go
 * round in turn from a random start, and followers are shifted a little more with every round, so
 * that the followers of one broker's partitions are spread too. Racks come with replication.
 */
export function placeReplicas(
  brokerIds: readonly number[],
  partitions: { readonly first: number; readonly count: number },
  replicationFactor: number,
  random: Random,
): number[][] {
  const brokerCount = brokerIds.length;
  invariant(replicationFactor >= 1 && replicationFactor <= brokerCount, "enough live brokers");
  const start = random.nextInt(brokerCount);
  const placed: number[][] = [];
  for (let index = 0; index < partitions.count; index++) {
    const turn = partitions.first + index;
    const leaderAt = start + turn;
    const round = Math.floor(turn / brokerCount);
    const replicas = [brokerIds[leaderAt % brokerCount] as number];
    for (let follower = 0; follower < replicationFactor - 1; follower++) {
      const shift = 1 + ((round + follower) % (brokerCount - 1));
      replicas.push(brokerIds[(leaderAt + shift) % brokerCount] as number);
    }
    placed.push(replicas);
  }
  return placed;
}
