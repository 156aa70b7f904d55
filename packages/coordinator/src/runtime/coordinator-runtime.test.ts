import { describe, expect, test } from "vitest";
import { GroupHarness, isPending } from "../../testing/group-harness.ts";
import { settle } from "../../testing/virtual-clock.ts";
import { javaStringHash, partitionForId } from "./java-hash.ts";

describe("the partition of a group", () => {
  test("is Java's string hash, made positive, modulo the partition count", () => {
    expect(javaStringHash("hello")).toBe(99_162_322);
    expect(partitionForId("hello", 50)).toBe(22);
    expect(javaStringHash("polygenelubricants")).toBe(-(2 ** 31));
    expect(partitionForId("polygenelubricants", 50)).toBe(0);
    expect(partitionForId("", 50)).toBe(0);
  });

  test("follows the topic's real partition count, not the configuration", async () => {
    const harness = await GroupHarness.started({ partitions: 50 });
    expect(harness.coordinator.partitionFor("hello")).toBe(22);
    harness.topics.set("__consumer_offsets", 7);
    expect(harness.coordinator.partitionFor("hello")).toBe(99_162_322 % 7);
  });
});

describe("a partition", () => {
  test("that is not led here gets 16", async () => {
    const harness = new GroupHarness();
    expect(await harness.join()).toMatchObject({ errorCode: 16 });
    expect(await harness.commit(1)).toBe(16);
    expect(await harness.heartbeat("m", 1)).toBe(16);
    expect(await harness.describe()).toMatchObject({ errorCode: 16 });
  });

  test("that is being loaded gets 14, but heartbeats are let through", async () => {
    const harness = new GroupHarness();
    const load = Promise.withResolvers<void>();
    const election = harness.coordinator.onElection(0, { load: () => load.promise });
    expect(await harness.join()).toMatchObject({ errorCode: 14 });
    expect(await harness.commit(1)).toBe(14);
    expect(await harness.heartbeat("m", 1)).toBe(0);
    load.resolve();
    await election;
    expect(await harness.commit(1)).toBe(0);
  });

  test("that moves away answers whoever waits with 16", async () => {
    const harness = await GroupHarness.started();
    const { leaderId } = await harness.stableGroup(2);
    const join = harness.join({ memberId: leaderId });
    harness.log.isHolding = true;
    const commit = harness.commit(1, { memberId: leaderId, generationIdOrMemberEpoch: 1 });
    await settle();
    harness.coordinator.onResignation(0);
    expect(await join).toMatchObject({ errorCode: 16 });
    harness.log.release();
    expect(await commit).toBe(16);
  });

  test("that cannot be read is tried again", async () => {
    const harness = new GroupHarness();
    harness.log.failingLoads = 2;
    const election = harness.coordinator.onElection(0, harness.log);
    await harness.clock.advance(100);
    expect(await harness.commit(1)).toBe(14);
    await harness.clock.advance(200);
    await election;
    expect(await harness.commit(1)).toBe(0);
  });
});

describe("appends", () => {
  test("of operations that come together share a batch", async () => {
    const harness = await GroupHarness.started();
    const commits = Array.from({ length: 500 }, (_, at) =>
      harness.commit(at, { groupId: `group-${at}` }),
    );
    expect(await Promise.all(commits)).toEqual(commits.map(() => 0));
    expect(harness.log.appendCount).toBe(1);
    expect(harness.log.records(0)).toHaveLength(500);
  });

  test("go one batch at a time, the next with all that came meanwhile", async () => {
    const harness = await GroupHarness.started();
    harness.log.isHolding = true;
    const first = harness.commit(1);
    await settle();
    const others = Array.from({ length: 20 }, (_, at) => harness.commit(at));
    await settle();
    expect(harness.log.appendCount).toBe(1);
    harness.log.release();
    await Promise.all([first, ...others]);
    expect(harness.log.appendCount).toBe(2);
  });

  test.each([
    [3, 15],
    [7, 15],
    [19, 15],
    [20, 15],
    [6, 16],
    [56, 16],
    [10, -1],
    [-1, -1],
  ])(
    "that fail with %i are answered with %i, and the log decides what is remembered",
    async (failure, code) => {
      const harness = await GroupHarness.started();
      await harness.commit(1);
      harness.log.failures = [failure];
      const failed = harness.commit(2);
      await settle();
      expect(await failed).toBe(code);
      await settle();
      expect(await harness.committed()).toBe(1);
      expect(await harness.commit(3)).toBe(0);
      expect(await harness.committed()).toBe(3);
    },
  );

  test("behind a failed one fail too, and are not written", async () => {
    const harness = await GroupHarness.started();
    harness.log.isHolding = true;
    const first = harness.commit(1);
    await settle();
    const second = harness.commit(2);
    harness.log.failures = [19];
    harness.log.release();
    expect(await Promise.all([first, second])).toEqual([15, 15]);
    expect(harness.log.records(0)).toHaveLength(0);
  });

  test("that fail in a leader's sync leave the group at its last stored generation", async () => {
    const harness = await GroupHarness.started();
    const { leaderId } = await harness.stableGroup(1);
    const { generationId } = await harness.join({ memberId: leaderId });
    expect(generationId).toBe(2);
    harness.log.failures = [19];
    expect(await harness.sync({ memberId: leaderId, generationId: 2 })).toMatchObject({
      errorCode: 15,
    });
    await settle();
    expect(await harness.heartbeat(leaderId, 1)).toBe(0);
    expect(await harness.heartbeat(leaderId, 2)).toBe(22);
  });
});

describe("shutting down", () => {
  test("answers whoever waits with 15, finishes what is being written, and leaves no timer", async () => {
    const harness = await GroupHarness.started();
    const { leaderId } = await harness.stableGroup(2);
    const join = harness.join({ memberId: leaderId });
    harness.log.isHolding = true;
    const commit = harness.commit(1, { memberId: leaderId, generationIdOrMemberEpoch: 1 });
    await settle();
    const shutdown = harness.coordinator.shutdown();
    expect(await join).toMatchObject({ errorCode: 15 });
    expect(await isPending(shutdown)).toBe(true);
    harness.log.release();
    await shutdown;
    expect(await commit).toBe(0);
    expect(await harness.join()).toMatchObject({ errorCode: 15 });
    expect(harness.clock.timerCount).toBe(0);
  });
});
