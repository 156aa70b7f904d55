import { describe, expect, test } from "vitest";
import { GroupHarness, isPending } from "../../../testing/group-harness.ts";

describe("a heartbeat", () => {
  test("is answered 0 in Stable and while the leader assigns", async () => {
    const harness = await GroupHarness.started();
    const joined = harness.join();
    await harness.clock.advance(3_000);
    const { memberId } = await joined;
    expect(await harness.heartbeat(memberId!, 1)).toBe(0);
    await harness.completeSync([await joined]);
    expect(await harness.heartbeat(memberId!, 1)).toBe(0);
  });

  test("is answered 27 while the group prepares a rebalance, and keeps the member in", async () => {
    const harness = await GroupHarness.started();
    const { leaderId } = await harness.stableGroup(1, { sessionTimeoutMs: 6_000 });
    void harness.join();
    for (let beat = 0; beat < 5; beat++) {
      await harness.clock.advance(5_000);
      expect(await harness.heartbeat(leaderId, 1)).toBe(27);
    }
  });

  test("is answered 22 with another generation, 25 by strangers, 24 without a group id", async () => {
    const harness = await GroupHarness.started();
    const { leaderId } = await harness.stableGroup(1);
    expect(await harness.heartbeat(leaderId, 0)).toBe(22);
    expect(await harness.heartbeat("made-up", 1)).toBe(25);
    const request = { groupId: "", memberId: "", generationId: 1, groupInstanceId: null };
    expect(await harness.coordinator.heartbeat(request)).toMatchObject({ errorCode: 24 });
  });

  test("is answered 25 in a group that is empty or does not exist", async () => {
    const harness = await GroupHarness.started();
    expect(await harness.heartbeat("x", 1)).toBe(25);
    const { leaderId } = await harness.stableGroup(1);
    await harness.leave([{ memberId: leaderId }]);
    expect(await harness.heartbeat(leaderId, 2)).toBe(25);
  });
});

describe("a member", () => {
  test("is removed when its session times out, and the others rebalance", async () => {
    const harness = await GroupHarness.started();
    const { leaderId, followerIds } = await harness.stableGroup(2, { sessionTimeoutMs: 6_000 });
    await harness.clock.advance(5_999);
    expect(await harness.heartbeat(leaderId, 1)).toBe(0);
    await harness.clock.advance(1);
    expect(await harness.heartbeat(leaderId, 1)).toBe(27);
    expect(await harness.heartbeat(followerIds[0]!, 1)).toBe(25);
  });

  test("whose join waits needs no heartbeats", async () => {
    const harness = await GroupHarness.started();
    const { leaderId, followerIds } = await harness.stableGroup(2, { sessionTimeoutMs: 20_000 });
    const rejoin = harness.join({ memberId: leaderId, sessionTimeoutMs: 6_000 });
    for (let beat = 0; beat < 4; beat++) {
      await harness.clock.advance(10_000);
      expect(await harness.heartbeat(followerIds[0]!, 1)).toBe(27);
    }
    expect(await isPending(rejoin)).toBe(true);
  });

  test("that commits offsets is alive", async () => {
    const harness = await GroupHarness.started();
    const { leaderId } = await harness.stableGroup(1, { sessionTimeoutMs: 6_000 });
    for (let round = 0; round < 4; round++) {
      await harness.clock.advance(5_000);
      expect(
        await harness.commit(round, { memberId: leaderId, generationIdOrMemberEpoch: 1 }),
      ).toBe(0);
    }
    expect(await harness.heartbeat(leaderId, 1)).toBe(0);
  });

  test("gets its session timeout anew after a restart", async () => {
    const before = await GroupHarness.started();
    const { leaderId } = await before.stableGroup(1, { sessionTimeoutMs: 6_000 });
    const harness = await before.restarted();
    await harness.clock.advance(5_999);
    expect(await harness.heartbeat(leaderId, 1)).toBe(0);
    await harness.clock.advance(6_000);
    expect(await harness.heartbeat(leaderId, 1)).toBe(25);
    expect((await harness.describe()).groupState).toBe("Empty");
  });
});

describe("leaving", () => {
  test("makes the others rebalance, and frees the id", async () => {
    const harness = await GroupHarness.started();
    const { leaderId, followerIds } = await harness.stableGroup(2);
    expect((await harness.leave([{ memberId: leaderId }])).members![0]!.errorCode).toBe(0);
    expect(await harness.heartbeat(leaderId, 1)).toBe(25);
    expect(await harness.heartbeat(followerIds[0]!, 1)).toBe(27);
  });

  test("several at once answers each, and rebalances once", async () => {
    const harness = await GroupHarness.started();
    const { memberIds } = await harness.stableGroup(3);
    const left = await harness.leave([
      { memberId: memberIds[0]! },
      { memberId: "made-up" },
      { memberId: memberIds[1]! },
    ]);
    expect(left.members!.map(({ errorCode }) => errorCode)).toEqual([0, 25, 0]);
    expect((await harness.join({ memberId: memberIds[2]! })).generationId).toBe(2);
  });

  test("in versions 0 to 2 is answered at the top, 25 for a stranger", async () => {
    const harness = await GroupHarness.started();
    const { leaderId } = await harness.stableGroup(1);
    const leave = (memberId: string) =>
      harness.coordinator.leaveGroup({ groupId: "group", memberId, members: [] }, 2);
    expect(await leave("made-up")).toEqual({ errorCode: 25 });
    expect(await leave(leaderId)).toEqual({ errorCode: 0 });
  });

  test("is refused with 24 without a group id, and per member with 25 without the group", async () => {
    const harness = await GroupHarness.started();
    const empty = await harness.coordinator.leaveGroup(
      { groupId: "", memberId: "", members: [] },
      5,
    );
    expect(empty).toMatchObject({ errorCode: 24 });
    expect((await harness.leave([{ memberId: "x" }])).members![0]!.errorCode).toBe(25);
  });

  test("works for a member that was only given an id", async () => {
    const harness = await GroupHarness.started();
    const { memberId } = await harness.join({ apiVersion: 4 });
    expect((await harness.leave([{ memberId: memberId! }])).members![0]!.errorCode).toBe(0);
    expect((await harness.describe()).groupState).toBe("Dead");
  });

  test("answers a join that the member has waiting with 25", async () => {
    const harness = await GroupHarness.started();
    const { leaderId } = await harness.stableGroup(2);
    const rejoin = harness.join({ memberId: leaderId });
    await harness.leave([{ memberId: leaderId }]);
    expect(await rejoin).toMatchObject({ errorCode: 25 });
  });
});
