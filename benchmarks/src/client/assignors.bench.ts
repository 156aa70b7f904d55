/**
 * What a group leader of our client pays for an assignment: 50 members, 1,000 partitions. Alone:
 * `node --conditions=@ottla/source benchmarks/src/client/assignors.bench.ts`
 */
import { Bench } from "tinybench";
import { assignorByName, type AssignorName } from "@ottla/client";

const MEMBERS = 50;
const PARTITIONS = 1000;
const NAMES: readonly AssignorName[] = ["range", "roundrobin", "cooperative-sticky"];

/** Adds the tasks of this file; their names are stable, because results are compared by them. */
export function addAssignorBenchmarks(bench: Bench): void {
  const partitionCounts = new Map([["orders", PARTITIONS]]);
  const members = Array.from({ length: MEMBERS }, (_, index) => ({
    memberId: `member-${index}`,
    groupInstanceId: null,
    topics: ["orders"],
    owned: [],
    generationId: -1,
  }));
  for (const name of NAMES) {
    const assignor = assignorByName(name);
    bench.add(`assign ${PARTITIONS} partitions to ${MEMBERS} members, ${name}`, () => {
      if (assignor.assign(members, partitionCounts).size !== MEMBERS)
        throw new Error("a member got no answer");
    });
  }
}

if (import.meta.main) {
  const bench = new Bench({ name: "assignors", time: 300, warmupTime: 100 });
  addAssignorBenchmarks(bench);
  await bench.run();
  console.table(bench.table());
}
