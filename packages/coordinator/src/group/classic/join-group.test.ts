import { describe, expect, test } from "vitest";
import {
  GroupHarness,
  JOIN_WITHOUT_ID,
  NEWEST_JOIN,
  isPending,
  subscription,
} from "../../../testing/group-harness.ts";
import { settle } from "../../../testing/virtual-clock.ts";

const range = (...topics: string[]) => [{ name: "range", metadata: subscription(...topics) }];

describe("a join is refused", () => {
  test("with 24 when the group id is empty", async () => {
    const harness = await GroupHarness.started();
    expect(await harness.join({ groupId: "" })).toMatchObject({ errorCode: 24 });
  });

  test.each([5_999, 1_800_001])(
    "with 26 when the session timeout is %i ms",
    async (sessionTimeoutMs) => {
      const harness = await GroupHarness.started();
      expect(await harness.join({ sessionTimeoutMs })).toMatchObject({ errorCode: 26 });
    },
  );

  test("with 23 when it names no protocol, and leaves no group behind", async () => {
    const harness = await GroupHarness.started();
    expect(await harness.join({ protocols: [] })).toMatchObject({ errorCode: 23 });
    expect((await harness.describe()).groupState).toBe("Dead");
  });

  test("with 23 when the protocol type is not the group's", async () => {
    const harness = await GroupHarness.started();
    await harness.stableGroup(1);
    expect(await harness.join({ protocolType: "connect" })).toMatchObject({ errorCode: 23 });
  });

  test("with 23 when no protocol is known to every member", async () => {
    const harness = await GroupHarness.started();
    await harness.stableGroup(2);
    const protocols = [{ name: "sticky", metadata: subscription("orders") }];
    expect(await harness.join({ protocols })).toMatchObject({ errorCode: 23 });
  });

  test("with 25 when it brings a member id to a group that does not exist", async () => {
    const harness = await GroupHarness.started();
    expect(await harness.join({ memberId: "made-up" })).toMatchObject({
      errorCode: 25,
      memberId: "made-up",
    });
  });

  test("with 25 when it brings a member id that the group does not know", async () => {
    const harness = await GroupHarness.started();
    await harness.stableGroup(1);
    expect(await harness.join({ memberId: "made-up" })).toMatchObject({ errorCode: 25 });
  });

  test("with 81 when the group is full, while its own members may join again", async () => {
    const harness = await GroupHarness.started({ config: { maxSize: 2 } });
    const { followerIds } = await harness.stableGroup(2);
    expect(await harness.join()).toMatchObject({ errorCode: 81, memberId: "" });
    expect(await harness.join({ memberId: followerIds[0]! })).toMatchObject({ generationId: 1 });
  });

  test("with 81 during a rebalance when enough members are back", async () => {
    const harness = await GroupHarness.started({ config: { maxSize: 2 } });
    const waiting = [harness.join(), harness.join()];
    expect(await harness.join()).toMatchObject({ errorCode: 81 });
    await harness.clock.advance(9_000);
    expect((await Promise.all(waiting)).map(({ errorCode }) => errorCode ?? 0)).toEqual([0, 0]);
  });

  test("with an empty protocol name before version 7, where it cannot be null", async () => {
    const harness = await GroupHarness.started();
    expect(await harness.join({ memberId: "x", apiVersion: 6 })).toMatchObject({
      protocolName: "",
    });
    expect(await harness.join({ memberId: "x", apiVersion: 7 })).toMatchObject({
      protocolName: null,
    });
  });
});

describe("a member without id", () => {
  test("is given one with error 79 from version 4 on, and is in once it comes back with it", async () => {
    const harness = await GroupHarness.started();
    const first = await harness.join({ apiVersion: 4 });
    expect(first).toMatchObject({ errorCode: 79 });
    expect(first.memberId).toMatch(/^test-client-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab]/);
    const second = harness.join({ apiVersion: 4, memberId: first.memberId! });
    await harness.clock.advance(3_000);
    expect(await second).toMatchObject({
      memberId: first.memberId,
      leader: first.memberId,
      generationId: 1,
    });
  });

  test("is taken in at once before version 4", async () => {
    const harness = await GroupHarness.started();
    const joined = harness.join({ apiVersion: JOIN_WITHOUT_ID });
    await harness.clock.advance(3_000);
    expect(await joined).toMatchObject({ generationId: 1, protocolName: "range" });
  });

  test("loses the id that it was given when the session timeout passes", async () => {
    const harness = await GroupHarness.started();
    const { memberId } = await harness.join({ apiVersion: 4 });
    await harness.clock.advance(10_000);
    expect(await harness.join({ apiVersion: 4, memberId: memberId! })).toMatchObject({
      errorCode: 25,
    });
    expect((await harness.describe()).groupState).toBe("Dead");
  });

  test("holds up a running rebalance until it comes back or its id expires", async () => {
    const harness = await GroupHarness.started();
    const { leaderId } = await harness.stableGroup(1);
    await harness.join({ apiVersion: 4, sessionTimeoutMs: 8_000 });
    const rejoin = harness.join({ memberId: leaderId });
    expect(await isPending(rejoin)).toBe(true);
    await harness.clock.advance(8_000);
    expect(await rejoin).toMatchObject({ generationId: 2 });
  });
});

describe("the first rebalance of a group", () => {
  test("waits for the initial delay, and again while new members come", async () => {
    const harness = await GroupHarness.started();
    const first = harness.join();
    await harness.clock.advance(2_000);
    const second = harness.join();
    await harness.clock.advance(2_000);
    expect(await isPending(first)).toBe(true);
    await harness.clock.advance(2_000);
    expect((await first).generationId).toBe(1);
    expect((await second).generationId).toBe(1);
  });

  test("waits no longer than the rebalance timeout, however many members come", async () => {
    const harness = await GroupHarness.started();
    const first = harness.join({ rebalanceTimeoutMs: 6_000 });
    for (let count = 0; count < 5; count++) {
      await harness.clock.advance(1_100);
      void harness.join({ rebalanceTimeoutMs: 6_000 });
    }
    await harness.clock.advance(500);
    expect((await first).members).toHaveLength(6);
  });

  test("comes at once when the delay is 0", async () => {
    const harness = await GroupHarness.started({ config: { initialRebalanceDelayMs: 0 } });
    const joined = harness.join();
    await harness.clock.advance(0);
    expect((await joined).generationId).toBe(1);
  });
});

describe("a generation", () => {
  test("has one leader, who alone is told of the members and their metadata", async () => {
    const harness = await GroupHarness.started();
    const joins = [harness.join(), harness.join(), harness.join()];
    await harness.clock.advance(6_000);
    const joined = await Promise.all(joins);
    const leaders = joined.filter(({ memberId, leader }) => memberId === leader);
    expect(leaders).toHaveLength(1);
    expect(leaders[0]!.members!.map(({ memberId }) => memberId).sort()).toEqual(
      joined.map((j) => j.memberId).sort(),
    );
    expect(leaders[0]!.members![0]!.metadata).toEqual(subscription("orders"));
    for (const follower of joined.filter((j) => j !== leaders[0]))
      expect(follower.members).toEqual([]);
  });

  test("uses the protocol that all support and most prefer", async () => {
    const harness = await GroupHarness.started();
    const named = (...names: string[]) => ({
      protocols: names.map((name) => ({ name, metadata: subscription("orders") })),
    });
    const joins = [
      harness.join(named("range", "sticky", "roundrobin")),
      harness.join(named("sticky", "range")),
      harness.join(named("sticky", "range", "other")),
    ];
    await harness.clock.advance(6_000);
    for (const { protocolName } of await Promise.all(joins)) expect(protocolName).toBe("sticky");
  });

  test("starts without those who did not join again within the longest rebalance timeout", async () => {
    const harness = await GroupHarness.started();
    const { leaderId, followerIds } = await harness.stableGroup(2, {
      rebalanceTimeoutMs: 20_000,
      sessionTimeoutMs: 30_000,
    });
    const newcomer = harness.join({ rebalanceTimeoutMs: 5_000 });
    const follower = harness.join({
      memberId: followerIds[0]!,
      rebalanceTimeoutMs: 5_000,
      sessionTimeoutMs: 30_000,
    });
    await harness.clock.advance(19_999);
    expect(await isPending(newcomer)).toBe(true);
    await harness.clock.advance(1);
    const joined = await Promise.all([newcomer, follower]);
    expect(joined.map(({ generationId }) => generationId)).toEqual([2, 2]);
    expect(joined[0]!.leader).not.toBe(leaderId);
    expect(await harness.heartbeat(leaderId, 1)).toBe(25);
  });

  test("takes the session timeout for the rebalance timeout in version 0", async () => {
    const harness = await GroupHarness.started();
    await harness.stableGroup(1, {
      apiVersion: 0,
      rebalanceTimeoutMs: -1,
      sessionTimeoutMs: 7_000,
    });
    const newcomer = harness.join({ rebalanceTimeoutMs: 1 });
    await harness.clock.advance(7_000);
    expect((await newcomer).generationId).toBe(2);
  });

  test("is persisted as empty when its last member leaves", async () => {
    const harness = await GroupHarness.started();
    const { leaderId } = await harness.stableGroup(1);
    await harness.leave([{ memberId: leaderId }]);
    expect(await harness.describe()).toMatchObject({
      groupState: "Empty",
      protocolType: "consumer",
      members: [],
    });
    const restarted = await harness.restarted();
    expect(await restarted.describe()).toMatchObject({
      groupState: "Empty",
      protocolType: "consumer",
    });
  });
});

describe("joining again", () => {
  test("gives a follower with unchanged protocols the current generation without a rebalance", async () => {
    const harness = await GroupHarness.started();
    const { followerIds, leaderId } = await harness.stableGroup(2);
    expect(await harness.join({ memberId: followerIds[0]! })).toMatchObject({
      generationId: 1,
      leader: leaderId,
      members: [],
    });
    expect((await harness.describe()).groupState).toBe("Stable");
  });

  test("starts a rebalance when the leader does it", async () => {
    const harness = await GroupHarness.started();
    const { leaderId } = await harness.stableGroup(2);
    void harness.join({ memberId: leaderId });
    await settle();
    expect((await harness.describe()).groupState).toBe("PreparingRebalance");
  });

  test("starts a rebalance when a follower's metadata changed", async () => {
    const harness = await GroupHarness.started();
    const { followerIds } = await harness.stableGroup(2);
    void harness.join({ memberId: followerIds[0]!, protocols: range("orders", "payments") });
    await settle();
    expect((await harness.describe()).groupState).toBe("PreparingRebalance");
  });

  test("repeats the answer while the group waits for the leader's assignment", async () => {
    const harness = await GroupHarness.started();
    const joins = [harness.join(), harness.join()];
    await harness.clock.advance(6_000);
    const [first] = await Promise.all(joins);
    const again = await harness.join({ memberId: first!.memberId! });
    expect(again).toEqual(first);
  });

  test("with other protocols while the leader assigns starts the rebalance again, and syncs get 27", async () => {
    const harness = await GroupHarness.started();
    const joins = [harness.join(), harness.join()];
    await harness.clock.advance(6_000);
    const joined = await Promise.all(joins);
    const follower = joined.find(({ memberId, leader }) => memberId !== leader)!;
    const sync = harness.sync({ memberId: follower.memberId! });
    void harness.join({ memberId: joined[0]!.leader!, protocols: range("payments") });
    expect(await sync).toMatchObject({ errorCode: 27 });
  });

  test("twice answers the earlier request, whose client has given up on it", async () => {
    const harness = await GroupHarness.started();
    const { leaderId } = await harness.stableGroup(2);
    const first = harness.join({ memberId: leaderId });
    void harness.join({ memberId: leaderId });
    expect(await first).toMatchObject({ errorCode: 27 });
  });

  test("carries cooperative subscriptions as they are", async () => {
    const harness = await GroupHarness.started();
    const metadata = Uint8Array.of(0, 3, 255, 1, 2, 3);
    const joined = harness.join({
      protocols: [{ name: "cooperative-sticky", metadata }],
      apiVersion: JOIN_WITHOUT_ID,
    });
    await harness.clock.advance(3_000);
    expect((await joined).members![0]!.metadata).toEqual(metadata);
  });
});

test("hostile names are names like any other", async () => {
  const harness = await GroupHarness.started();
  const groupId = "__proto__";
  const joined = harness.join({
    groupId,
    protocols: [{ name: "constructor", metadata: subscription("orders") }],
  });
  await harness.clock.advance(3_000);
  expect(await joined).toMatchObject({ protocolName: "constructor", generationId: 1 });
  expect((await harness.describe("toString")).groupState).toBe("Dead");
  expect((await harness.describe(groupId)).groupState).toBe("CompletingRebalance");
});

test("a newcomer that never comes back is dropped from the rebalance after five minutes", async () => {
  const harness = await GroupHarness.started();
  const { leaderId } = await harness.stableGroup(1, {
    rebalanceTimeoutMs: 1_000_000,
    sessionTimeoutMs: 1_800_000,
  });
  const ghost = harness.join({
    rebalanceTimeoutMs: 1_000_000,
    apiVersion: NEWEST_JOIN,
    groupInstanceId: "ghost",
  });
  await harness.clock.advance(300_000);
  expect(await ghost).toMatchObject({ errorCode: 25 });
  expect((await harness.join({ memberId: leaderId })).generationId).toBe(2);
});
