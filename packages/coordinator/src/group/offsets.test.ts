import { describe, expect, test } from "vitest";
import { ZERO_UUID, buildControlBatch, RecordBatchBuilder } from "@ottla/protocol";
import { GroupHarness, isPending, subscription, topicIdOf } from "../../testing/group-harness.ts";
import { offsetRecord } from "./group-records.ts";

const DAY_MS = 24 * 60 * 60 * 1_000;

describe("a commit", () => {
  test("without generation makes a group that only stores offsets", async () => {
    const harness = await GroupHarness.started();
    expect(await harness.commit(42)).toBe(0);
    expect(await harness.committed()).toBe(42);
    expect(await harness.describe()).toMatchObject({ groupState: "Empty", protocolType: "" });
  });

  test.each([
    [8, 22],
    [9, 69],
  ])(
    "in version %i to a group that does not exist, with a generation, gets %i",
    async (apiVersion, code) => {
      const harness = await GroupHarness.started();
      expect(
        await harness.commit(1, { apiVersion, generationIdOrMemberEpoch: 3, memberId: "m" }),
      ).toBe(code);
    },
  );

  test("of a member is accepted in Stable and while a rebalance is prepared", async () => {
    const harness = await GroupHarness.started();
    const { leaderId } = await harness.stableGroup(1);
    const asMember = { memberId: leaderId, generationIdOrMemberEpoch: 1 };
    expect(await harness.commit(1, asMember)).toBe(0);
    void harness.join();
    expect(await harness.commit(2, asMember)).toBe(0);
    expect(await harness.committed()).toBe(2);
  });

  test("gets 27 while the group waits for the leader's assignment", async () => {
    const harness = await GroupHarness.started();
    const joined = harness.join();
    await harness.clock.advance(3_000);
    const { memberId } = await joined;
    expect(await harness.commit(1, { memberId: memberId!, generationIdOrMemberEpoch: 1 })).toBe(27);
  });

  test("gets 22 with another generation, and 25 with another member, of which 25 comes first", async () => {
    const harness = await GroupHarness.started();
    const { leaderId } = await harness.stableGroup(1);
    expect(await harness.commit(1, { memberId: leaderId, generationIdOrMemberEpoch: 0 })).toBe(22);
    expect(await harness.commit(1, { memberId: "made-up", generationIdOrMemberEpoch: 0 })).toBe(25);
  });

  test("that names nobody gets 25 while the group has members", async () => {
    const harness = await GroupHarness.started();
    await harness.stableGroup(1);
    expect(await harness.commit(1)).toBe(25);
  });

  test("is refused per partition: 12 for long metadata, 3 for what does not exist", async () => {
    const harness = await GroupHarness.started();
    expect(await harness.commit(1, { metadata: "x".repeat(4_096) })).toBe(0);
    expect(await harness.commit(1, { metadata: "x".repeat(4_097) })).toBe(12);
    expect(await harness.commit(1, { topic: "nowhere" })).toBe(3);
    expect(await harness.commit(1, { partition: 3 })).toBe(3);
    expect(await harness.commit(1, { partition: -1 })).toBe(3);
  });

  test("names topics by id in version 10, and gets 100 for one that is unknown", async () => {
    const harness = await GroupHarness.started();
    const partitions = [
      { partitionIndex: 0, committedOffset: 7n, committedLeaderEpoch: 5, committedMetadata: "m" },
    ];
    const commit = (topicId: string) =>
      harness.coordinator.commitOffsets(
        {
          groupId: "group",
          generationIdOrMemberEpoch: -1,
          memberId: "",
          groupInstanceId: null,
          retentionTimeMs: -1n,
          topics: [{ name: "", topicId, partitions }],
        },
        10,
      );
    expect((await commit("unknown")).topics![0]!.partitions).toEqual([
      { partitionIndex: 0, errorCode: 100 },
    ]);
    expect((await commit(topicIdOf("orders"))).topics![0]).toMatchObject({
      topicId: topicIdOf("orders"),
    });
    expect(await harness.committed()).toBe(7);
  });

  test("is answered only when it is committed, and cannot be read before", async () => {
    const harness = await GroupHarness.started();
    await harness.commit(1);
    harness.log.isHolding = true;
    const commit = harness.commit(2);
    const fetch = harness.committed();
    expect(await isPending(commit)).toBe(true);
    expect(await isPending(fetch)).toBe(true);
    harness.log.release();
    expect(await commit).toBe(0);
    expect(await fetch).toBe(2);
  });

  test("keeps its leader epoch, metadata and any int64 offset", async () => {
    const harness = await GroupHarness.started();
    const huge = 2n ** 63n - 1n;
    await harness.coordinator.commitOffsets(
      {
        groupId: "__proto__",
        generationIdOrMemberEpoch: -1,
        memberId: "",
        groupInstanceId: null,
        retentionTimeMs: -1n,
        topics: [
          {
            name: "orders",
            topicId: ZERO_UUID,
            partitions: [
              {
                partitionIndex: 2,
                committedOffset: huge,
                committedLeaderEpoch: 9,
                committedMetadata: "ü",
              },
            ],
          },
        ],
      },
      9,
    );
    const restarted = await harness.restarted();
    const fetched = (await restarted.fetchAll("__proto__")).groups![0]!.topics![0]!.partitions![0];
    expect(fetched).toEqual({
      partitionIndex: 2,
      committedOffset: huge,
      committedLeaderEpoch: 9,
      metadata: "ü",
      errorCode: 0,
    });
  });
});

describe("a fetch", () => {
  const ask = (harness: GroupHarness, apiVersion: number, name = "orders", topicId = ZERO_UUID) => {
    const topics = [{ name, topicId, partitionIndexes: [0, 1] }];
    const groups = [{ groupId: "group", memberId: null, memberEpoch: -1, topics }];
    const request = { groupId: "group", topics, groups, requireStable: false };
    return harness.coordinator.fetchOffsets(request, apiVersion);
  };
  const none = (partitionIndex: number, errorCode = 0) => ({
    partitionIndex,
    committedOffset: -1n,
    committedLeaderEpoch: -1,
    metadata: "",
    errorCode,
  });

  test("of what was never committed is -1 without an error, also for groups that do not exist", async () => {
    const harness = await GroupHarness.started();
    expect((await ask(harness, 1)).topics![0]!.partitions).toEqual([none(0), none(1)]);
    expect((await ask(harness, 8)).groups![0]!.topics![0]!.partitions).toEqual([none(0), none(1)]);
  });

  test("of all topics lists what the group has committed, and nothing for an unknown group", async () => {
    const harness = await GroupHarness.started();
    await harness.commit(5, { partition: 2 });
    await harness.commit(6, { topic: "payments" });
    const topics = (await harness.fetchAll()).groups![0]!.topics!;
    expect(topics.map(({ name, partitions }) => [name, partitions!.length])).toEqual([
      ["orders", 1],
      ["payments", 1],
    ]);
    expect((await harness.fetchAll("other")).groups![0]).toMatchObject({ topics: [] });
    const old = { groupId: "group", topics: null, groups: [], requireStable: false };
    expect((await harness.coordinator.fetchOffsets(old, 2)).topics).toHaveLength(2);
  });

  test("asks for several groups from version 8 on, and each has its own answer", async () => {
    const harness = await GroupHarness.started({ partitions: 5 });
    await harness.commit(5, { groupId: "first" });
    harness.coordinator.onResignation(harness.coordinator.partitionFor("second"));
    const groups = ["first", "second"].map((groupId) => ({
      groupId,
      memberId: null,
      memberEpoch: -1,
      topics: null,
    }));
    const answer = await harness.coordinator.fetchOffsets(
      { groupId: "", topics: [], groups, requireStable: false },
      8,
    );
    expect(answer.groups!.map(({ groupId, errorCode }) => [groupId, errorCode ?? 0])).toEqual([
      ["first", 0],
      ["second", 16],
    ]);
  });

  test("names topics by id in version 10, and gets 100 for one that is unknown", async () => {
    const harness = await GroupHarness.started();
    await harness.commit(5);
    const known = await ask(harness, 10, "", topicIdOf("orders"));
    expect(known.groups![0]!.topics![0]!.partitions![0]!.committedOffset).toBe(5n);
    const unknown = await ask(harness, 10, "", "unknown");
    expect(unknown.groups![0]!.topics![0]!.partitions).toEqual([none(0, 100), none(1, 100)]);
  });

  test("says an error per partition in version 1, and at the top in versions 2 to 7", async () => {
    const harness = new GroupHarness();
    expect((await ask(harness, 1)).topics![0]!.partitions).toEqual([none(0, 16), none(1, 16)]);
    expect(await ask(harness, 7)).toMatchObject({ topics: [], errorCode: 16 });
    expect((await ask(harness, 8)).groups![0]).toMatchObject({
      groupId: "group",
      topics: [],
      errorCode: 16,
    });
  });

  test("that requires stable offsets gets 88 while a transaction is open, and the old offset without", async () => {
    const before = await GroupHarness.started();
    await before.commit(1);
    const producerId = 7n;
    const transaction = { producerId, producerEpoch: 0 };
    const committed = {
      offset: 9n,
      leaderEpoch: -1,
      metadata: "",
      commitTimestampMs: 0,
      expireTimestampMs: null,
    };
    const builder = new RecordBatchBuilder({
      ...transaction,
      baseSequence: 0,
      transactional: true,
      baseOffset: before.log.nextOffset(0),
    });
    builder.append({
      timestamp: 0,
      ...offsetRecord(
        { groupId: "group", topic: "orders", partition: 0 },
        committed,
        topicIdOf("orders"),
      ),
    });
    before.log.appendBatch(0, builder.build());
    const open = await before.restarted();
    expect(await open.committed()).toBe(1);
    const stable = (await open.fetchAll("group", true)).groups![0]!.topics![0]!.partitions;
    expect(stable).toEqual([none(0, 88)]);
    const baseOffset = before.log.nextOffset(0);
    before.log.appendBatch(
      0,
      buildControlBatch({
        ...transaction,
        type: "commit",
        coordinatorEpoch: 0,
        timestamp: 0,
        baseOffset,
      }),
    );
    expect(await (await before.restarted()).committed()).toBe(9);
  });
});

describe("deleting offsets", () => {
  const remove = (harness: GroupHarness, name = "orders", partition = 0) =>
    harness.coordinator.deleteOffsets({
      groupId: "group",
      topics: [{ name, partitions: [{ partitionIndex: partition }] }],
    });
  const codeOf = async (answer: ReturnType<typeof remove>) =>
    (await answer).topics![0]!.partitions![0]!.errorCode;

  test("removes them, also after a restart", async () => {
    const harness = await GroupHarness.started();
    await harness.commit(5);
    expect(await codeOf(remove(harness))).toBe(0);
    expect(await harness.committed()).toBe(-1);
    expect(await (await harness.restarted()).committed()).toBe(-1);
  });

  test("gets 86 for a topic that a member subscribes to, and works for another", async () => {
    const harness = await GroupHarness.started();
    const { leaderId } = await harness.stableGroup(1);
    await harness.commit(5, {
      memberId: leaderId,
      generationIdOrMemberEpoch: 1,
      topic: "payments",
    });
    expect(await codeOf(remove(harness))).toBe(86);
    expect(await codeOf(remove(harness, "payments"))).toBe(0);
  });

  test("gets 86 for every topic when the members' subscriptions cannot be read", async () => {
    const harness = await GroupHarness.started();
    await harness.stableGroup(1, {
      protocols: [{ name: "odd", metadata: Uint8Array.of(0, 0, 255, 255, 255, 255) }],
    });
    expect(await codeOf(remove(harness, "payments"))).toBe(86);
  });

  test("gets 69 for an unknown group, 68 for members of another protocol type, 3 for an unknown topic", async () => {
    const harness = await GroupHarness.started();
    expect(await remove(harness)).toMatchObject({ errorCode: 69 });
    await harness.commit(1);
    expect(await codeOf(remove(harness, "nowhere"))).toBe(3);
    await harness.stableGroup(1, { protocolType: "connect" });
    expect(await remove(harness)).toMatchObject({ errorCode: 68 });
  });
});

describe("offsets expire", () => {
  test("seven days after the group became empty, and the group with them", async () => {
    const harness = await GroupHarness.started();
    const { leaderId } = await harness.stableGroup(1);
    await harness.commit(5, { memberId: leaderId, generationIdOrMemberEpoch: 1 });
    await harness.leave([{ memberId: leaderId }]);
    await harness.clock.advance(7 * DAY_MS - 1);
    expect(await harness.committed()).toBe(5);
    await harness.clock.advance(600_001);
    expect(await harness.committed()).toBe(-1);
    expect((await harness.describe()).groupState).toBe("Dead");
    expect((await (await harness.restarted()).describe()).groupState).toBe("Dead");
  });

  test("by their commit in a group that only stores offsets", async () => {
    const harness = await GroupHarness.started();
    await harness.commit(1, { partition: 0 });
    await harness.clock.advance(4 * DAY_MS);
    await harness.commit(2, { partition: 1 });
    await harness.clock.advance(3 * DAY_MS + 600_000);
    expect(await harness.committed("orders", 0)).toBe(-1);
    expect(await harness.committed("orders", 1)).toBe(2);
  });

  test("after the retention that a client of version 2 to 4 asked for", async () => {
    const harness = await GroupHarness.started();
    await harness.commit(1, { apiVersion: 4, retentionTimeMs: BigInt(DAY_MS) });
    const restarted = await harness.restarted();
    await harness.clock.advance(DAY_MS - 600_000);
    expect(await restarted.committed()).toBe(1);
    await harness.clock.advance(600_000);
    expect(await restarted.committed()).toBe(-1);
  });

  test("in a stable group only for topics that nobody subscribes to any more", async () => {
    const harness = await GroupHarness.started({ config: { maxSessionTimeoutMs: 2_147_483_647 } });
    const { leaderId } = await harness.stableGroup(1, { sessionTimeoutMs: 2_147_483_647 });
    const asMember = { memberId: leaderId, generationIdOrMemberEpoch: 1 };
    await harness.commit(1, { ...asMember, topic: "orders" });
    await harness.commit(2, { ...asMember, topic: "payments" });
    await harness.clock.advance(7 * DAY_MS + 600_000);
    expect(await harness.committed("orders")).toBe(1);
    expect(await harness.committed("payments")).toBe(-1);
  });
});

test("the offsets of a deleted topic go, those of others stay", async () => {
  const harness = await GroupHarness.started();
  await harness.commit(1, { topic: "orders" });
  await harness.commit(2, { topic: "payments" });
  harness.coordinator.onTopicsDeleted(["orders"]);
  expect(await harness.committed("orders")).toBe(-1);
  expect(await harness.committed("payments")).toBe(2);
  const restarted = await harness.restarted();
  expect(await restarted.committed("orders")).toBe(-1);
});

test("a consumer whose metadata has a newer version is still known to subscribe", async () => {
  const harness = await GroupHarness.started();
  const newer = Uint8Array.from([...subscription("payments"), 1, 2, 3]);
  newer.set([0, 99]);
  await harness.stableGroup(1, { protocols: [{ name: "range", metadata: newer }] });
  const topics = ["orders", "payments"].map((name) => ({
    name,
    partitions: [{ partitionIndex: 0 }],
  }));
  const answer = await harness.coordinator.deleteOffsets({ groupId: "group", topics });
  expect(answer.topics!.map(({ partitions }) => partitions![0]!.errorCode)).toEqual([0, 86]);
});
