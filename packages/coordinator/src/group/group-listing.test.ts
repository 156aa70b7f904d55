import { describe, expect, test } from "vitest";
import { GroupHarness, subscription, text } from "../../testing/group-harness.ts";

describe("describing a group", () => {
  test("that does not exist says Dead, from version 6 on with 69", async () => {
    const harness = await GroupHarness.started();
    expect(await harness.describe("nobody", 5)).toEqual({ groupId: "nobody", groupState: "Dead" });
    expect(await harness.describe("nobody", 6)).toMatchObject({
      groupState: "Dead",
      errorCode: 69,
    });
  });

  test("that is stable shows protocol, metadata and assignments", async () => {
    const harness = await GroupHarness.started();
    const { leaderId } = await harness.stableGroup(1, { groupInstanceId: "i", apiVersion: 5 });
    expect(await harness.describe()).toEqual({
      groupId: "group",
      groupState: "Stable",
      protocolType: "consumer",
      protocolData: "range",
      members: [
        {
          memberId: leaderId,
          groupInstanceId: "i",
          clientId: "test-client",
          clientHost: "/127.0.0.1",
          memberMetadata: subscription("orders"),
          memberAssignment: text(`to ${leaderId}`),
        },
      ],
    });
  });

  test("between generations shows the members without protocol and metadata", async () => {
    const harness = await GroupHarness.started();
    await harness.stableGroup(1);
    void harness.join();
    const described = await harness.describe();
    expect(described).toMatchObject({ groupState: "PreparingRebalance", protocolData: "" });
    expect(described.members![0]!.memberMetadata).toHaveLength(0);
  });
});

describe("listing groups", () => {
  const list = async (
    harness: GroupHarness,
    statesFilter: string[] = [],
    typesFilter: string[] = [],
  ) =>
    (await harness.coordinator.listGroups({ statesFilter, typesFilter }))
      .groups!.map(({ groupId }) => groupId)
      .sort();

  async function withGroups(): Promise<GroupHarness> {
    const harness = await GroupHarness.started({ partitions: 4 });
    await harness.commit(1, { groupId: "empty" });
    await harness.stableGroup(1, { groupId: "stable" });
    return harness;
  }

  test("finds those of every partition", async () => {
    const harness = await withGroups();
    expect(await list(harness)).toEqual(["empty", "stable"]);
    const { groups } = await harness.coordinator.listGroups({ statesFilter: [], typesFilter: [] });
    expect(groups).toContainEqual({
      groupId: "stable",
      protocolType: "consumer",
      groupState: "Stable",
      groupType: "Classic",
    });
  });

  test("filters by state and type, whatever the case", async () => {
    const harness = await withGroups();
    expect(await list(harness, ["sTABLE"])).toEqual(["stable"]);
    expect(await list(harness, ["Empty", "Stable"], ["CLASSIC"])).toEqual(["empty", "stable"]);
    expect(await list(harness, ["nonsense"])).toEqual([]);
    expect(await list(harness, [], ["consumer"])).toEqual([]);
  });

  test("says 14 while a partition is being loaded, rather than a part of the list", async () => {
    const harness = new GroupHarness();
    const load = Promise.withResolvers<void>();
    void harness.coordinator.onElection(0, { load: () => load.promise });
    const listed = await harness.coordinator.listGroups({ statesFilter: [], typesFilter: [] });
    expect(listed).toEqual({ errorCode: 14 });
    load.resolve();
  });
});

describe("deleting groups", () => {
  const remove = async (harness: GroupHarness, ...groupsNames: string[]) =>
    (await harness.coordinator.deleteGroups({ groupsNames })).results!.map(
      ({ errorCode }) => errorCode,
    );

  test("gets 68 with members, 69 when unknown, and takes the offsets along", async () => {
    const harness = await GroupHarness.started({ partitions: 3 });
    await harness.stableGroup(1, { groupId: "full" });
    await harness.commit(1, { groupId: "empty" });
    expect(await remove(harness, "full", "nobody", "empty")).toEqual([68, 69, 0]);
    expect(await harness.committed("orders", 0, "empty")).toBe(-1);
    const restarted = await harness.restarted();
    expect((await restarted.describe("empty")).groupState).toBe("Dead");
    expect(await restarted.committed("orders", 0, "empty")).toBe(-1);
  });

  test("with more offsets than a batch takes writes several", async () => {
    const harness = await GroupHarness.started({ config: { maxBatchBytes: 1_000 } });
    harness.topics.set("wide", 100);
    for (let partition = 0; partition < 100; partition++)
      await harness.commit(1, { topic: "wide", partition });
    expect(await remove(harness, "group")).toEqual([0]);
    for (const batch of harness.log.batches(0)) expect(batch.length).toBeLessThan(1_200);
    expect((await (await harness.restarted()).describe()).groupState).toBe("Dead");
  });
});
