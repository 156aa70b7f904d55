import { describe, expect, test } from "vitest";
import { GroupHarness, isPending, text, textOf } from "../../../testing/group-harness.ts";

async function joinedPair(harness: GroupHarness) {
  const joins = [harness.join(), harness.join()];
  await harness.clock.advance(6_000);
  const joined = await Promise.all(joins);
  const leaderId = joined[0]!.leader!;
  return {
    joined,
    leaderId,
    followerId: joined.find(({ memberId }) => memberId !== leaderId)!.memberId!,
  };
}

describe("the leader's sync", () => {
  test("hands every member its assignment, also one that asked before", async () => {
    const harness = await GroupHarness.started();
    const { leaderId, followerId } = await joinedPair(harness);
    const early = harness.sync({ memberId: followerId });
    expect(await isPending(early)).toBe(true);
    const assignments = [{ memberId: followerId, assignment: text("for the follower") }];
    const own = await harness.sync({ memberId: leaderId, assignments });
    expect(textOf((await early).assignment)).toBe("for the follower");
    expect(own.assignment).toHaveLength(0);
    expect(await early).toMatchObject({ protocolType: "consumer", protocolName: "range" });
    expect((await harness.describe()).groupState).toBe("Stable");
  });

  test("is told nothing before its record is committed", async () => {
    const harness = await GroupHarness.started();
    const { leaderId, followerId } = await joinedPair(harness);
    harness.log.isHolding = true;
    const leader = harness.sync({ memberId: leaderId });
    const late = harness.sync({ memberId: followerId });
    expect(await isPending(leader)).toBe(true);
    expect(await isPending(late)).toBe(true);
    harness.log.release();
    expect(await leader).not.toHaveProperty("errorCode");
    expect(await late).not.toHaveProperty("errorCode");
  });

  test("ignores assignments for strangers", async () => {
    const harness = await GroupHarness.started();
    const { leaderId } = await joinedPair(harness);
    await harness.sync({
      memberId: leaderId,
      assignments: [{ memberId: "__proto__", assignment: text("x") }],
    });
    expect((await harness.describe()).members).toHaveLength(2);
  });

  test("fails with -1 and a new rebalance when the group is too large for a batch", async () => {
    const harness = await GroupHarness.started({ config: { maxBatchBytes: 1_000 } });
    const { leaderId, followerId } = await joinedPair(harness);
    const assignments = [{ memberId: followerId, assignment: new Uint8Array(2_000) }];
    expect(await harness.sync({ memberId: leaderId, assignments })).toMatchObject({
      errorCode: -1,
    });
    expect((await harness.describe()).groupState).toBe("PreparingRebalance");
  });
});

describe("a sync is refused", () => {
  test("with 24 when the group id is empty", async () => {
    const harness = await GroupHarness.started();
    expect(await harness.sync({ groupId: "" })).toMatchObject({ errorCode: 24 });
  });

  test("with 25 when the group or the member does not exist", async () => {
    const harness = await GroupHarness.started();
    expect(await harness.sync({ memberId: "made-up" })).toMatchObject({ errorCode: 25 });
    await harness.stableGroup(1);
    expect(await harness.sync({ memberId: "made-up" })).toMatchObject({ errorCode: 25 });
  });

  test("with 22 when the generation is not the current one", async () => {
    const harness = await GroupHarness.started();
    const { leaderId } = await joinedPair(harness);
    expect(await harness.sync({ memberId: leaderId, generationId: 0 })).toMatchObject({
      errorCode: 22,
    });
    expect(await harness.sync({ memberId: leaderId, generationId: 2 })).toMatchObject({
      errorCode: 22,
    });
  });

  test.each([{ protocolType: "connect" }, { protocolName: "sticky" }])(
    "with 23 when it expects %o",
    async (expected) => {
      const harness = await GroupHarness.started();
      const { leaderId } = await joinedPair(harness);
      expect(await harness.sync({ memberId: leaderId, ...expected })).toMatchObject({
        errorCode: 23,
      });
    },
  );

  test("with 27 while the group prepares a rebalance", async () => {
    const harness = await GroupHarness.started();
    const { followerIds } = await harness.stableGroup(2);
    void harness.join();
    expect(await harness.sync({ memberId: followerIds[0]! })).toMatchObject({ errorCode: 27 });
  });
});

test("a follower that asks again in Stable gets its assignment again", async () => {
  const harness = await GroupHarness.started();
  const { followerIds } = await harness.stableGroup(2);
  const again = await harness.sync({ memberId: followerIds[0]! });
  expect(textOf(again.assignment)).toBe(`to ${followerIds[0]!}`);
});

test("members that never sync are removed after the rebalance timeout, and the others rebalance", async () => {
  const harness = await GroupHarness.started();
  const joins = [1, 2].map(() =>
    harness.join({ rebalanceTimeoutMs: 8_000, sessionTimeoutMs: 60_000 }),
  );
  await harness.clock.advance(6_000);
  const joined = await Promise.all(joins);
  const leaderId = joined[0]!.leader!;
  const followerId = joined.find(({ memberId }) => memberId !== leaderId)!.memberId!;
  const sync = harness.sync({ memberId: followerId });
  await harness.clock.advance(8_000);
  expect(await sync).toMatchObject({ errorCode: 27 });
  expect(await harness.heartbeat(leaderId, 1)).toBe(25);
  expect(await harness.heartbeat(followerId, 1)).toBe(27);
});
