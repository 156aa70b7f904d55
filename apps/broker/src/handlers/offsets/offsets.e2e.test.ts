import { Api, ErrorCode } from "@ottla/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startOttla, type Ottla } from "../../start-ottla.ts";
import { batchOf, createTopic, produceTo } from "../../test/requests.ts";
import { WireClient } from "../../test/wire-client.ts";

let ottla: Ottla;
let client: WireClient;

/** Within the hour that the broker lets timestamps lie ahead of its clock. */
const T = Date.now() - 60_000;

beforeAll(async () => {
  ottla = await startOttla();
  client = await WireClient.connect(ottla.port);
  await createTopic(client, "times");
  for (const timestamp of [T, T + 20, T + 10])
    await produceTo(client, { topic: "times" }, batchOf(["a", "b"], { timestamp }));
  await createTopic(client, "empty");
});

afterAll(async () => {
  await client[Symbol.asyncDispose]();
  await ottla.close();
});

async function list(
  topic: string,
  timestamp: number,
  options: { version?: number; currentLeaderEpoch?: number; partition?: number } = {},
) {
  const { version = 10, currentLeaderEpoch = -1, partition = 0 } = options;
  const { topics } = await client.send(Api.ListOffsets, version, {
    replicaId: -1,
    topics: [
      {
        name: topic,
        partitions: [
          { partitionIndex: partition, timestamp: BigInt(timestamp), currentLeaderEpoch },
        ],
      },
    ],
  });
  const { errorCode, offset, timestamp: found, leaderEpoch } = topics[0]!.partitions[0]!;
  return { errorCode, offset: Number(offset), timestamp: Number(found), leaderEpoch };
}

describe("ListOffsets", () => {
  test.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])(
    "version %i finds the latest and the earliest offset",
    async (version) => {
      expect(await list("times", -1, { version })).toMatchObject({
        errorCode: 0,
        offset: 6,
        timestamp: -1,
      });
      expect(await list("times", -2, { version })).toMatchObject({
        errorCode: 0,
        offset: 0,
        timestamp: -1,
      });
    },
  );

  test("finds the first record at or after a time, by record, not by batch", async () => {
    expect(await list("times", T)).toMatchObject({ offset: 0, timestamp: T });
    expect(await list("times", T + 1)).toMatchObject({ offset: 2, timestamp: T + 20 });
    expect(await list("times", T + 20)).toMatchObject({ offset: 2, timestamp: T + 20 });
  });

  test("finds nothing after the last timestamp: -1, without error", async () => {
    expect(await list("times", T + 21)).toEqual({
      errorCode: 0,
      offset: -1,
      timestamp: -1,
      leaderEpoch: -1,
    });
  });

  test("finds the record with the largest timestamp", async () => {
    expect(await list("times", -3)).toMatchObject({ offset: 2, timestamp: T + 20 });
    expect(await list("empty", -3)).toMatchObject({ errorCode: 0, offset: -1, timestamp: -1 });
  });

  test("tells that nothing is tiered, and that the local log starts where the log does", async () => {
    expect(await list("times", -4)).toMatchObject({ offset: 0 });
    expect(await list("times", -5)).toMatchObject({ errorCode: 0, offset: -1 });
    expect(await list("times", -6, { version: 11 })).toMatchObject({ errorCode: 0, offset: -1 });
  });

  test.each([
    [-3, 6],
    [-4, 7],
    [-5, 8],
    [-6, 10],
    [-7, 11],
  ])("timestamp %i is unknown to version %i", async (timestamp, version) => {
    expect((await list("times", timestamp, { version })).errorCode).toBe(
      ErrorCode.UNSUPPORTED_VERSION,
    );
  });

  test("compares leader epochs, and knows no other partitions", async () => {
    expect((await list("times", -1, { currentLeaderEpoch: 9 })).errorCode).toBe(
      ErrorCode.UNKNOWN_LEADER_EPOCH,
    );
    expect((await list("times", -1, { partition: 5 })).errorCode).toBe(
      ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
    );
    expect((await list("nowhere", -1)).errorCode).toBe(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
  });

  test("the same partition twice in a request is invalid", async () => {
    const partition = { partitionIndex: 0, timestamp: -1n };
    const { topics } = await client.send(Api.ListOffsets, 5, {
      replicaId: -1,
      topics: [{ name: "times", partitions: [partition, partition] }],
    });
    expect(topics[0]!.partitions.map(({ errorCode }) => errorCode)).toContain(
      ErrorCode.INVALID_REQUEST,
    );
  });
});

describe("OffsetForLeaderEpoch", () => {
  async function endOf(leaderEpoch: number, version: number) {
    const { topics } = await client.send(Api.OffsetForLeaderEpoch, version, {
      replicaId: -1,
      topics: [
        { topic: "times", partitions: [{ partition: 0, currentLeaderEpoch: -1, leaderEpoch }] },
      ],
    });
    return topics[0]!.partitions[0]!;
  }

  test.each([2, 3, 4])(
    "version %i: the current epoch ends at the log end, an unknown one nowhere",
    async (version) => {
      const { partitions } = ottla.broker.services;
      const current = partitions.get("times", 0)!.leaderEpoch;
      expect(await endOf(current, version)).toMatchObject({
        errorCode: 0,
        leaderEpoch: current,
        endOffset: 6n,
      });
      expect(await endOf(current + 1, version)).toMatchObject({
        errorCode: 0,
        leaderEpoch: -1,
        endOffset: -1n,
      });
    },
  );
});
