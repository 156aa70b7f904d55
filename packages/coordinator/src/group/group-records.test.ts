import { ZERO_UUID, decodeVersioned, offsetCommitValue } from "@ottla/protocol";
import { describe, expect, it } from "vitest";
import { GroupHarness, topicIdOf } from "../../testing/group-harness.ts";
import { offsetRecord, readGroupRecord } from "./group-records.ts";

const position = { groupId: "group", topic: "orders", partition: 2 };
const committed = {
  offset: 42n,
  leaderEpoch: 7,
  metadata: "m",
  commitTimestampMs: 1_000,
  expireTimestampMs: null,
};

const versionOf = (value: Uint8Array): number => (value[0]! << 8) | value[1]!;

describe("a committed offset in __consumer_offsets", () => {
  it("is written in version 4, which names the topic id", () => {
    const { value } = offsetRecord(position, committed, topicIdOf("orders"));
    expect(versionOf(value!)).toBe(4);
    expect(decodeVersioned(offsetCommitValue, value!).value).toMatchObject({
      offset: 42n,
      leaderEpoch: 7,
      topicId: topicIdOf("orders"),
    });
  });

  it("names the id of the topic also when the client committed by name", async () => {
    const harness = await GroupHarness.started();
    await harness.commit(5, { apiVersion: 9, topic: "payments" });
    const { value } = harness.log.records(0).at(-1)!;
    expect(decodeVersioned(offsetCommitValue, value!).value).toMatchObject({
      offset: 5n,
      topicId: topicIdOf("payments"),
    });
  });

  it("is written in version 1 when the client set an expiry time, because no other has one", () => {
    const record = offsetRecord(position, { ...committed, expireTimestampMs: 5_000 }, ZERO_UUID);
    expect(versionOf(record.value!)).toBe(1);
    expect(readGroupRecord(record)).toMatchObject({
      type: "offset",
      committed: { offset: 42n, leaderEpoch: -1, expireTimestampMs: 5_000 },
    });
  });

  it("reads back as it was committed", () => {
    const record = offsetRecord(position, committed, topicIdOf("orders"));
    expect(readGroupRecord(record)).toEqual({ type: "offset", position, committed });
  });
});
