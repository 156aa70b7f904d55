// The life of a consumer group of three processes: all join, one is killed without leaving, one is added.
// Each member is a process of its own, so that kill -9 is really that: no leave request, no last commit.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { check, until } from "./suite.ts";

export type MemberEvent = { readonly assigned: readonly number[] } | { readonly value: string };

export interface GroupExercise {
  readonly partitionCount: number;
  /** Command line of one member process, which joins the group and consumes from the earliest offset. */
  readonly member: readonly [command: string, ...argv: string[]];
  /** Reads one line that a member printed; undefined for lines that say nothing about the group. */
  readonly readLine: (line: string) => MemberEvent | undefined;
  /** Produces these values, spread over all partitions; resolves when all are acknowledged. */
  readonly produce: (values: readonly string[]) => Promise<void>;
}

interface Member {
  readonly name: string;
  readonly process: ChildProcess;
  assigned: readonly number[];
  readonly lastLines: string[];
}

const VALUES_PER_STEP = 60;

class Group {
  readonly members: Member[] = [];
  readonly seen = new Map<string, number>();
  readonly produced: string[] = [];
  readonly #exercise: GroupExercise;

  constructor(exercise: GroupExercise) {
    this.#exercise = exercise;
  }

  add(name: string): void {
    const [command, ...argv] = this.#exercise.member;
    const child = spawn(command, argv, { stdio: ["ignore", "pipe", "pipe"] });
    const member: Member = { name, process: child, assigned: [], lastLines: [] };
    this.members.push(member);
    for (const stream of [child.stdout!, child.stderr!]) {
      createInterface({ input: stream }).on("line", (line) => this.#take(member, line));
    }
  }

  #take(member: Member, line: string): void {
    const event = this.#exercise.readLine(line);
    if (event === undefined) {
      member.lastLines.push(line.slice(0, 200));
      member.lastLines.splice(0, member.lastLines.length - 3);
    } else if ("assigned" in event) {
      member.assigned = event.assigned;
    } else {
      this.seen.set(event.value, (this.seen.get(event.value) ?? 0) + 1);
    }
  }

  kill(name: string): void {
    const index = this.members.findIndex((member) => member.name === name);
    const [member] = this.members.splice(index, 1);
    member!.process.kill("SIGKILL");
  }

  async produce(step: string): Promise<void> {
    const values = Array.from({ length: VALUES_PER_STEP }, (_, index) => `${step}-${index}`);
    this.produced.push(...values);
    await this.#exercise.produce(values);
  }

  /** Every partition belongs to exactly one living member, and no member stands idle. */
  isSettled(): boolean {
    const owned = this.members.flatMap((member) => [...member.assigned]).sort((a, b) => a - b);
    const all = Array.from({ length: this.#exercise.partitionCount }, (_, index) => index);
    return (
      owned.join() === all.join() &&
      this.members.every((member) => member.assigned.length > 0 && member.process.exitCode === null)
    );
  }

  settled(what: string): Promise<void> {
    return until(what, () => this.isSettled(), {
      state: () =>
        this.members.map(({ name, assigned, lastLines }) => ({ name, assigned, lastLines })),
    });
  }

  everythingSeen(): Promise<void> {
    return until(
      "the group's consumption of every record",
      () => this.produced.every((value) => this.seen.has(value)),
      {
        state: () => ({ missing: this.produced.filter((value) => !this.seen.has(value)) }),
      },
    );
  }

  /** Members leave on SIGTERM, so the group is empty afterwards and its offsets are committed. */
  async stop(): Promise<void> {
    for (const member of this.members) {
      member.process.kill("SIGTERM");
    }
    await until("the end of all members", () =>
      this.members.every(
        ({ process: child }) => child.exitCode !== null || child.signalCode !== null,
      ),
    );
  }

  abandon(): void {
    for (const member of this.members) {
      member.process.kill("SIGKILL");
    }
  }
}

export async function runGroupExercise(exercise: GroupExercise): Promise<void> {
  const group = new Group(exercise);
  process.once("exit", () => group.abandon());
  await check("three members share all partitions, each partition with exactly one", async () => {
    for (const name of ["first", "second", "third"]) {
      group.add(name);
    }
    await group.settled("an assignment to three members");
  });
  await check("the group consumes every record", async () => {
    await group.produce("three");
    await group.everythingSeen();
  });
  await check("after kill -9 of a member the two others own all partitions", async () => {
    const producing = group.produce("killed");
    group.kill("second");
    await producing;
    await group.settled("an assignment to the two left");
  });
  await check("an added member gets its share", async () => {
    group.add("fourth");
    await group.settled("an assignment to three members again");
  });
  await check("no record is missed over all rebalances, none is invented", async () => {
    await group.produce("added");
    await group.everythingSeen();
    assert.deepEqual([...group.seen.keys()].sort(), [...group.produced].sort());
  });
  await check("members that are told to stop end in good time", () => group.stop());
}
