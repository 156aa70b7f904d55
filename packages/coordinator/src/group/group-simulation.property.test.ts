import { expect, test } from "vitest";
import { GroupHarness } from "../../testing/group-harness.ts";
import { SeededRandom } from "../../testing/seeded-random.ts";
import { SimulatedMember, type Observer } from "../../testing/simulated-member.ts";
import { settle } from "../../testing/virtual-clock.ts";

/*
 * Members join, crash, pause, retry and lose answers; the broker restarts and appends fail. Replay a
 * run with: OTTLA_SEED=<seed> npx vitest run src/group/group-simulation
 */
const RUNS = 60;
const STEPS = 250;
const MEMBERS = 6;
const seeds = process.env["OTTLA_SEED"]
  ? [Number(process.env["OTTLA_SEED"])]
  : Array.from({ length: RUNS }, (_, run) => (Date.now() % 1_000_000) * 100 + run);

class Simulation implements Observer {
  readonly random: SeededRandom;
  readonly members: SimulatedMember[];
  harness: GroupHarness;
  #restarts = 0;
  /** Per era, the newest generation that any member was told of. */
  readonly #newestGenerations = new Map<string, number>();
  readonly #holders = new Map<string, SimulatedMember>();
  readonly #leaders = new Map<string, string>();
  nextValue = 1;
  lastAcknowledged = -1;

  constructor(harness: GroupHarness, random: SeededRandom) {
    this.harness = harness;
    this.random = random;
    this.members = Array.from(
      { length: MEMBERS },
      (_, at) => new SimulatedMember(`m${at}`, at % 3 === 0 ? `instance-${at}` : null, this),
    );
  }

  /** Ends when state is built from the log: a generation that was never stored may then be numbered again. */
  get era(): string {
    return `${this.#restarts}.${this.harness.log.failureCount}`;
  }

  get newestGeneration(): number {
    return this.#newestGenerations.get(this.era) ?? -1;
  }

  joined(member: SimulatedMember): void {
    const key = `${this.era}/${member.generationId}/${member.memberId}`;
    const holder = this.#holders.get(key) ?? member;
    expect(holder.name, `two members hold ${key}`).toBe(member.name);
    this.#holders.set(key, member);
    this.#newestGenerations.set(this.era, Math.max(this.newestGeneration, member.generationId));
  }

  assigned(member: SimulatedMember, assignment: string): void {
    // A static member that replaced another has its predecessor's assignment, under the old id.
    if (assignment === "") return;
    const [generation, leader] = assignment.split(":");
    expect(Number(generation), `${member.name} has an assignment of another generation`).toBe(
      member.generationId,
    );
    const key = `${this.era}/${generation}`;
    const known = this.#leaders.get(key) ?? leader!;
    expect(leader, `generation ${key} has assignments of two leaders`).toBe(known);
    this.#leaders.set(key, known);
  }

  committed(value: number, errorCode: number): void {
    if (errorCode === 0) this.lastAcknowledged = Math.max(this.lastAcknowledged, value);
  }

  async step(): Promise<void> {
    const member = this.members[this.random.nextInt(MEMBERS)]!;
    const dice = this.random.nextInt(100);
    if (dice < 55) void member.step(this.harness);
    else if (dice < 65) await this.harness.clock.advance(this.random.nextInt(4_000));
    else if (dice < 72) member.giveUp();
    else if (dice < 74)
      member.topics = member.topics.length === 1 ? ["orders", "payments"] : ["orders"];
    else if (dice < 76) member.phase = "out";
    else if (dice < 78) await this.#leave(member);
    else if (dice < 88) void this.#commit(member);
    else if (dice < 91) await this.#commitOfOldGeneration(member);
    else if (dice < 93) this.harness.log.failures = [19];
    else if (dice < 95) this.harness.log.isHolding = true;
    else if (dice < 98) this.harness.log.release();
    else if (dice < 99) await this.harness.clock.advance(15_000);
    else await this.restart();
    await settle();
  }

  async #commit(member: SimulatedMember): Promise<void> {
    if (member.phase === "stable")
      await member.commit(this.harness, member.generationId, this.nextValue++);
  }

  async #commitOfOldGeneration(member: SimulatedMember): Promise<void> {
    if (member.memberId === "" || this.newestGeneration < 1) return;
    const old = this.random.nextInt(this.newestGeneration);
    const { memberId, groupInstanceId } = member;
    const commit = { memberId, groupInstanceId, generationIdOrMemberEpoch: old };
    expect(await this.harness.commit(1_000_000, commit), "a commit of an old generation").not.toBe(
      0,
    );
  }

  async #leave(member: SimulatedMember): Promise<void> {
    const { memberId, groupInstanceId } = member;
    member.giveUp();
    if (memberId === "") return;
    void this.harness.leave([{ memberId, groupInstanceId }]);
    member.memberId = "";
    member.phase = "out";
  }

  /** What is being written gets written; what waits is lost with the process. */
  async restart(): Promise<void> {
    this.harness.log.release();
    await settle();
    const before = await this.#storedState();
    this.harness.coordinator.onResignation(0);
    for (const member of this.members) member.giveUp();
    this.harness = await this.harness.restarted({ seed: this.random.nextInt(2 ** 31) });
    this.#restarts++;
    const after = await this.#storedState();
    if (before.group !== undefined) expect(after).toEqual(before);
    else expect(after.offsets).toEqual(before.offsets);
    expect(await this.harness.committed()).toBeGreaterThanOrEqual(this.lastAcknowledged);
    expect(await this.harness.committed()).toBeLessThan(1_000_000);
  }

  /** Offsets always; the group when it is in a state that is written down. */
  async #storedState() {
    const offsets = (await this.harness.fetchAll()).groups![0]!.topics;
    const group = await this.harness.describe();
    const isStored =
      group.groupState === "Stable" || (group.groupState === "Empty" && group.protocolType !== "");
    return { offsets, group: isStored ? group : undefined };
  }

  /** Peace: everyone does what a healthy client does until all are stable in one generation. */
  async converge(): Promise<void> {
    this.harness.log.failures = [];
    this.harness.log.release();
    for (const member of this.members) member.giveUp();
    for (let round = 0; round < 600 && !(await this.#isConverged()); round++) {
      for (const member of this.members) void member.step(this.harness);
      await this.harness.clock.advance(1_000);
    }
    expect(this.members.map(({ phase, generationId }) => [phase, generationId])).toEqual(
      this.members.map(() => ["stable", this.members[0]!.generationId]),
    );
    const described = await this.harness.describe();
    expect(described.groupState).toBe("Stable");
    const ids = described.members!.map(({ memberId }) => memberId);
    expect(new Set(ids)).toEqual(new Set(this.members.map(({ memberId }) => memberId)));
  }

  /** Members alone cannot tell: one whose join answer was lost may still be in the group, for a while. */
  async #isConverged(): Promise<boolean> {
    const { generationId } = this.members[0]!;
    const agree = this.members.every(
      (member) => member.phase === "stable" && member.generationId === generationId,
    );
    if (!agree) return false;
    const { groupState, members } = await this.harness.describe();
    return groupState === "Stable" && members!.length === MEMBERS;
  }
}

test.each(seeds)(
  "members in trouble end up in one generation and lose nothing acknowledged (seed %i)",
  async (seed) => {
    const random = new SeededRandom(seed);
    const simulation = new Simulation(await GroupHarness.started({ seed }), random);
    for (let step = 0; step < STEPS; step++) await simulation.step();
    await simulation.converge();
    await simulation.restart();
    await simulation.converge();
  },
);
