/**
 * What the group coordinator costs apart from the log: commits of one and of 100 partitions, with a log that takes
 * everything at once. Alone: `node --conditions=@ottla/source benchmarks/src/coordinator/commits.bench.ts`
 */
import { DEFAULT_GROUP_CONFIG, GroupCoordinator } from "@ottla/coordinator";
import { SystemClock, SystemRandom, silentLogger } from "@ottla/runtime";
import { Bench } from "tinybench";

const TOPIC_PARTITIONS = 100;

/** Adds the tasks of this file; their names are stable, because results are compared by them. */
export async function addCommitBenchmarks(bench: Bench): Promise<void> {
  const groups = new GroupCoordinator({
    clock: new SystemClock(),
    random: new SystemRandom(),
    logger: silentLogger,
    config: DEFAULT_GROUP_CONFIG,
    writer: { append: async () => ({ errorCode: 0 }) },
    topicsView: {
      partitionCount: () => TOPIC_PARTITIONS,
      topicId: () => "AAAAAAAAAAAAAAAAAAAAAQ",
      topicName: () => "orders",
    },
  });
  await groups.onElection(groups.partitionFor("readers"), { load: async () => {} });
  for (const count of [1, TOPIC_PARTITIONS]) {
    const partitions = Array.from({ length: count }, (_, partitionIndex) => ({
      partitionIndex,
      committedOffset: 1234n,
      committedLeaderEpoch: 3,
      committedMetadata: "",
    }));
    const request = {
      groupId: "readers",
      generationIdOrMemberEpoch: -1,
      memberId: "",
      groupInstanceId: null,
      retentionTimeMs: -1n,
      topics: [{ name: "orders", topicId: "AAAAAAAAAAAAAAAAAAAAAA", partitions }],
    };
    bench.add(`commit offsets of ${count} partitions`, async () => {
      const { topics } = await groups.commitOffsets(request, 9);
      if (topics?.[0]?.partitions?.[0]?.errorCode !== 0) throw new Error("the commit was refused");
    });
  }
  bench.add("partition of a group", () => {
    groups.partitionFor("a-group-with-a-name-of-usual-length");
  });
}

if (import.meta.main) {
  const bench = new Bench({ name: "commits", time: 300, warmupTime: 100 });
  await addCommitBenchmarks(bench);
  await bench.run();
  console.table(bench.table());
}
