/*
 * The engine on a fake disk that loses and tears what was not synced: random work of producers, retention,
 * failing calls, full disks, kills and power losses, compared with plain arrays. One seed is one run.
 */
import { expect, test } from "vitest";
import { simulate } from "../../test-support/simulation/simulate.ts";
import type { Statistic } from "../../test-support/simulation/world.ts";

const GIVEN_SEED = process.env["OTTLA_SEED"];
const FIRST_SEED = Number(GIVEN_SEED ?? 1);
const SEEDS = GIVEN_SEED === undefined ? Number(process.env["OTTLA_SEEDS"] ?? 1000) : 1;
const CONTROL_SEEDS = 40;

test(
  `${SEEDS} seeds keep every promise of the engine`,
  { timeout: 60_000 + SEEDS * 300 },
  async () => {
    const totals = new Map<Statistic, number>();
    const violations: string[] = [];
    for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS && violations.length < 5; seed++) {
      const { statistics, violation } = await simulate(seed);
      for (const [name, count] of statistics) totals.set(name, (totals.get(name) ?? 0) + count);
      if (violation !== undefined)
        violations.push(
          `seed ${seed}: ${violation}\n  replay: OTTLA_SEED=${seed} npx vitest run src/engine/simulation`,
        );
    }
    console.log(`simulation of the engine: ${JSON.stringify(Object.fromEntries(totals))}`);
    expect(violations.join("\n\n")).toBe("");
    if (SEEDS < 100) return;
    const rare: Statistic[] = [
      "duplicates",
      "refused",
      "storageErrors",
      "offline",
      "truncatedTails",
      "rebuiltIndexes",
      "adopted",
      "expired",
      "deletedPartitions",
      "crashesInRecovery",
    ];
    expect(rare.filter((name) => (totals.get(name) ?? 0) < SEEDS / 100)).toEqual([]);
  },
);

test("acknowledging before the sync loses records, so the simulation sees what it looks for", async () => {
  const violations: string[] = [];
  for (let seed = 1; seed <= CONTROL_SEEDS; seed++) {
    const { violation } = await simulate(seed, "none");
    if (violation?.includes("lost offset")) violations.push(violation);
  }
  expect(violations.length).toBeGreaterThan(0);
});
