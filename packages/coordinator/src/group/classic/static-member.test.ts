import { describe, expect, test } from "vitest";
import {
  GroupHarness,
  NEWEST_JOIN,
  isPending,
  subscription,
  textOf,
  type JoinInput,
} from "../../../testing/group-harness.ts";

const asStatic = (groupInstanceId: string, input: JoinInput = {}): JoinInput => ({
  apiVersion: NEWEST_JOIN,
  groupInstanceId,
  ...input,
});

/** A stable group of static members "a" and "b"; "a" leads. */
async function staticPair(harness: GroupHarness) {
  const joins = [harness.join(asStatic("a")), harness.join(asStatic("b"))];
  await harness.clock.advance(6_000);
  const joined = await Promise.all(joins);
  const group = await harness.completeSync(joined);
  return { ...group, a: group.memberIds[0]!, b: group.memberIds[1]! };
}

describe("a static member that starts again", () => {
  test("takes the place of its old self without a rebalance, and its assignment", async () => {
    const harness = await GroupHarness.started();
    const { b, a } = await staticPair(harness);
    const joined = await harness.join(asStatic("b"));
    expect(joined).toMatchObject({
      generationId: 1,
      leader: a,
      members: [],
      skipAssignment: false,
    });
    expect(joined.memberId).not.toBe(b);
    expect(joined.memberId).toMatch(/^b-/);
    const synced = await harness.sync({ memberId: joined.memberId!, groupInstanceId: "b" });
    expect(textOf(synced.assignment)).toBe(`to ${b}`);
    expect(await harness.heartbeat(a, 1, "a")).toBe(0);
  });

  test("as the leader of version 9 keeps the lead, and is told to skip the assignment", async () => {
    const harness = await GroupHarness.started();
    const { b } = await staticPair(harness);
    const joined = await harness.join(asStatic("a"));
    expect(joined).toMatchObject({ leader: joined.memberId, skipAssignment: true });
    expect(joined.members!.map(({ memberId }) => memberId).sort()).toEqual(
      [b, joined.memberId].sort(),
    );
  });

  test("as the leader before version 9 is told the old leader's id, so that it assigns nothing", async () => {
    const harness = await GroupHarness.started();
    const { a } = await staticPair(harness);
    const joined = await harness.join(asStatic("a", { apiVersion: 8 }));
    expect(joined).toMatchObject({ leader: a, members: [] });
  });

  test("fences its old id with 82 in heartbeat, sync, commit, join and leave", async () => {
    const harness = await GroupHarness.started();
    const { b } = await staticPair(harness);
    await harness.join(asStatic("b"));
    expect(await harness.heartbeat(b, 1, "b")).toBe(82);
    expect(await harness.sync({ memberId: b, groupInstanceId: "b" })).toMatchObject({
      errorCode: 82,
    });
    expect(await harness.join(asStatic("b", { memberId: b }))).toMatchObject({ errorCode: 82 });
    const commit = { memberId: b, groupInstanceId: "b", generationIdOrMemberEpoch: 1 };
    expect(await harness.commit(1, commit)).toBe(82);
    expect(
      (await harness.leave([{ memberId: b, groupInstanceId: "b" }])).members![0]!.errorCode,
    ).toBe(82);
  });

  test("fences a join that its old self has waiting", async () => {
    const harness = await GroupHarness.started();
    const { a } = await staticPair(harness);
    const old = harness.join(asStatic("a", { memberId: a }));
    void harness.join(asStatic("a"));
    expect(await old).toMatchObject({ errorCode: 82 });
  });

  test("rebalances when the protocol would change", async () => {
    const harness = await GroupHarness.started();
    const joined = harness.join(
      asStatic("a", { protocols: [{ name: "range", metadata: subscription("orders") }] }),
    );
    await harness.clock.advance(3_000);
    await harness.completeSync([await joined]);
    const again = await harness.join(
      asStatic("a", {
        protocols: [
          { name: "sticky", metadata: subscription("orders") },
          { name: "range", metadata: subscription("orders") },
        ],
      }),
    );
    expect(again).toMatchObject({ generationId: 2, protocolName: "sticky" });
  });

  test("while the leader assigns starts the rebalance again", async () => {
    const harness = await GroupHarness.started();
    const joins = [harness.join(asStatic("a")), harness.join(asStatic("b"))];
    await harness.clock.advance(6_000);
    const [a] = await Promise.all(joins);
    void harness.join(asStatic("b"));
    expect(await harness.sync({ memberId: a!.memberId!, groupInstanceId: "a" })).toMatchObject({
      errorCode: 27,
    });
  });

  test("is still known after a restart of the broker", async () => {
    const before = await GroupHarness.started();
    const { b } = await staticPair(before);
    const { memberId } = await before.join(asStatic("b"));
    const harness = await before.restarted();
    expect(await harness.heartbeat(b, 1, "b")).toBe(82);
    expect(await harness.heartbeat(memberId!, 1, "b")).toBe(0);
  });

  test("gets no answer before the replacement is committed", async () => {
    const harness = await GroupHarness.started();
    await staticPair(harness);
    harness.log.isHolding = true;
    const joined = harness.join(asStatic("b"));
    expect(await isPending(joined)).toBe(true);
    harness.log.release();
    expect(await joined).toMatchObject({ generationId: 1 });
  });
});

describe("static members", () => {
  test("need no id from version 4 on, for their instance id tells them apart", async () => {
    const harness = await GroupHarness.started();
    const joined = harness.join(asStatic("a"));
    await harness.clock.advance(3_000);
    expect(await joined).toMatchObject({ generationId: 1 });
  });

  test("stay when they miss a rebalance, until their session ends", async () => {
    const harness = await GroupHarness.started();
    const { a } = await staticPair(harness);
    const input = { sessionTimeoutMs: 1_000_000, rebalanceTimeoutMs: 7_000 };
    const stay = harness.join(asStatic("b", input));
    await stay;
    const rejoin = harness.join(asStatic("a", { memberId: a, ...input }));
    await harness.clock.advance(60_000);
    expect((await rejoin).members!.map(({ groupInstanceId }) => groupInstanceId).sort()).toEqual([
      "a",
      "b",
    ]);
  });

  test("can be removed by their instance id alone", async () => {
    const harness = await GroupHarness.started();
    const { a } = await staticPair(harness);
    const left = await harness.leave([{ groupInstanceId: "b" }, { groupInstanceId: "nobody" }, {}]);
    expect(left.members!.map(({ errorCode }) => errorCode)).toEqual([0, 25, 25]);
    expect(await harness.heartbeat(a, 1, "a")).toBe(27);
  });

  test("that the group does not know get 25", async () => {
    const harness = await GroupHarness.started();
    const { a } = await staticPair(harness);
    expect(await harness.heartbeat(a, 1, "nobody")).toBe(25);
    expect(await harness.join(asStatic("nobody", { memberId: a }))).toMatchObject({
      errorCode: 25,
    });
  });

  test("that come back before they synced must still sync within the rebalance timeout", async () => {
    const harness = await GroupHarness.started();
    const timeouts = { rebalanceTimeoutMs: 8_000, sessionTimeoutMs: 60_000 };
    const joins = [harness.join(asStatic("a", timeouts)), harness.join(asStatic("b", timeouts))];
    await harness.clock.advance(6_000);
    const [a] = await Promise.all(joins);
    await harness.sync({ memberId: a!.memberId!, groupInstanceId: "a" });
    const { memberId } = await harness.join(asStatic("b", timeouts));
    await harness.clock.advance(8_000);
    expect(await harness.heartbeat(memberId!, 1, "b")).toBe(25);
    expect(await harness.heartbeat(a!.memberId!, 1, "a")).toBe(27);
  });
});
