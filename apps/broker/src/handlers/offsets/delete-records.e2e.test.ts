import { Api, ErrorCode, type DeleteRecordsRequest } from "@ottla/protocol";
import { MemoryFileSystem, SeededRandom, buildCrashState } from "@ottla/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startOttla, type Ottla } from "../../start-ottla.ts";
import { batchOf, createTopic, fetchFrom, produceTo, valuesOf } from "../../test/requests.ts";
import { WireClient } from "../../test/wire-client.ts";

let ottla: Ottla;
let client: WireClient;

beforeAll(async () => {
  ottla = await startOttla();
  client = await WireClient.connect(ottla.port);
});

afterAll(async () => {
  await client[Symbol.asyncDispose]();
  await ottla.close();
});

type AskedTopic = DeleteRecordsRequest["topics"][number];

async function deleteIn(topics: readonly AskedTopic[], version = 2, by = client) {
  const response = await by.send(Api.DeleteRecords, version, {
    topics: [...topics],
    timeoutMs: 5000,
  });
  return response.topics.map(({ name, partitions }) => ({
    name,
    partitions: partitions.map(({ partitionIndex, lowWatermark, errorCode }) => [
      partitionIndex,
      Number(lowWatermark),
      errorCode,
    ]),
  }));
}

/** Low watermark and error code of one partition. */
async function deleteBefore(
  name: string,
  offset: number | bigint,
  options: { version?: number; partition?: number; by?: WireClient } = {},
) {
  const { version = 2, partition = 0, by = client } = options;
  const asked = [{ name, partitions: [{ partitionIndex: partition, offset: BigInt(offset) }] }];
  const [topic] = await deleteIn(asked, version, by);
  const [, lowWatermark, errorCode] = topic!.partitions[0]!;
  return [lowWatermark, errorCode];
}

async function earliest(topic: string, by = client): Promise<number> {
  const { topics } = await by.send(Api.ListOffsets, 7, {
    replicaId: -1,
    topics: [
      { name: topic, partitions: [{ partitionIndex: 0, timestamp: -2n, currentLeaderEpoch: -1 }] },
    ],
  });
  return Number(topics[0]!.partitions[0]!.offset);
}

async function topicWith(
  name: string,
  records: number,
  configs: Readonly<Record<string, string>> = {},
): Promise<void> {
  await createTopic(client, name, { configs });
  for (let i = 0; i < records; i++) await produceTo(client, { topic: name }, batchOf([`v${i}`]));
}

describe("DeleteRecords", () => {
  test.each([0, 1, 2])(
    "version %i moves the log start, which fetches and ListOffsets follow",
    async (version) => {
      const topic = `moves-${version}`;
      await topicWith(topic, 5);
      expect(await deleteBefore(topic, 2, { version })).toEqual([2, 0]);
      expect(await earliest(topic)).toBe(2);
      expect((await fetchFrom(client, topic, 1)).errorCode).toBe(ErrorCode.OFFSET_OUT_OF_RANGE);
      const rest = await fetchFrom(client, topic, 2);
      expect(rest.logStartOffset).toBe(2n);
      expect(valuesOf(rest)).toEqual(["2:v2", "3:v3", "4:v4"]);
    },
  );

  test("-1 stands for the high watermark", async () => {
    await topicWith("all", 5);
    expect(await deleteBefore("all", -1)).toEqual([5, 0]);
    expect(await fetchFrom(client, "all", 5)).toMatchObject({
      errorCode: 0,
      highWatermark: 5n,
      logStartOffset: 5n,
    });
    await produceTo(client, { topic: "all" }, batchOf(["next"]));
    expect(valuesOf(await fetchFrom(client, "all", 5))).toEqual(["5:next"]);
  });

  test("an offset below the log start changes nothing and is told where the log starts", async () => {
    await topicWith("below", 3);
    await deleteBefore("below", 2);
    expect(await deleteBefore("below", 1)).toEqual([2, 0]);
  });

  test("an offset in the middle of a batch hides its first records", async () => {
    await createTopic(client, "middle");
    await produceTo(client, { topic: "middle" }, batchOf(["a", "b", "c"]));
    expect(await deleteBefore("middle", 1)).toEqual([1, 0]);
    expect((await fetchFrom(client, "middle", 0)).errorCode).toBe(ErrorCode.OFFSET_OUT_OF_RANGE);
    expect((await fetchFrom(client, "middle", 1)).errorCode).toBe(0);
  });

  test.each([[6], [-2], [2n ** 60n]])(
    "offset %s outside of the log is out of range",
    async (offset) => {
      const topic = `outside-${offset}`;
      await topicWith(topic, 5);
      expect(await deleteBefore(topic, offset)).toEqual([-1, ErrorCode.OFFSET_OUT_OF_RANGE]);
      expect(await earliest(topic)).toBe(0);
    },
  );

  test.each([
    ["compact", -1, ErrorCode.POLICY_VIOLATION],
    ["compact,delete", 1, 0],
    ["", 1, 0],
  ])("with cleanup.policy=%j the answer is %i, %i", async (policy, lowWatermark, errorCode) => {
    const topic = `policy-${policy.replace(",", "-")}`;
    await createTopic(client, topic, { configs: { "cleanup.policy": policy } });
    const keyed = batchOf(["v"], { key: "k" });
    await produceTo(client, { topic }, keyed);
    expect(await deleteBefore(topic, 1)).toEqual([lowWatermark, errorCode]);
  });

  test("what does not exist is unknown, and an internal topic is not to be touched", async () => {
    await topicWith("exists", 1);
    const unknown = [-1, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION];
    expect(await deleteBefore("absent", 0)).toEqual(unknown);
    expect(await deleteBefore("bad name!", 0)).toEqual(unknown);
    expect(await deleteBefore("exists", 0, { partition: 7 })).toEqual(unknown);
    expect(await deleteBefore("exists", 0, { partition: -1 })).toEqual(unknown);
    await client.send(Api.FindCoordinator, 4, { keyType: 0, coordinatorKeys: ["g"] });
    expect(await deleteBefore("__consumer_offsets", 0)).toEqual([
      -1,
      ErrorCode.INVALID_TOPIC_EXCEPTION,
    ]);
  });

  test("a partition that is named twice is answered once, for the last offset", async () => {
    await topicWith("twice", 3);
    const partitions = [2n, 9n].map((offset) => ({ partitionIndex: 0, offset }));
    const [answer] = await deleteIn([{ name: "twice", partitions }]);
    expect(answer!.partitions).toEqual([[0, -1, ErrorCode.OFFSET_OUT_OF_RANGE]]);
    expect(await earliest("twice")).toBe(0);
  });

  test("a consumer that waits at the end is not disturbed, one below the new start is told at once", async () => {
    await topicWith("waiting", 3);
    await using other = await WireClient.connect(ottla.port);
    const atEnd = fetchFrom(other, "waiting", 3, { maxWaitMs: 20_000 });
    await deleteBefore("waiting", 3);
    await produceTo(client, { topic: "waiting" }, batchOf(["new"]));
    expect(valuesOf(await atEnd)).toEqual(["3:new"]);
  });

  test("segments that lie wholly below the log start go with the next retention pass", async () => {
    await topicWith("segments", 0, { "segment.bytes": "1048576", "retention.ms": "-1" });
    for (let i = 0; i < 4; i++) {
      await produceTo(client, { topic: "segments" }, batchOf(["x".repeat(700_000)]));
    }
    const log = ottla.broker.services.engine.partition("segments", 0)!;
    const before = log.sizeBytes;
    await deleteBefore("segments", 3);
    await ottla.broker.services.engine.runRetention();
    expect(log.sizeBytes).toBeLessThan(before / 2);
    expect(await earliest("segments")).toBe(3);
  });
});

describe("the log start offset", () => {
  test.each([
    ["group", "none-kept"],
    ["group", "all-kept"],
    ["none", "none-kept"],
  ] as const)(
    "outlives a power loss after the answer: ottla.flush=%s, unsynced writes %s",
    async (flush, lost) => {
      const disk = new MemoryFileSystem();
      const settings = { "ottla.flush": flush };
      const first = await startOttla({ fileSystem: disk, settings });
      await using by = await WireClient.connect(first.port);
      await createTopic(by, "kept");
      for (const value of ["a", "b", "c"]) await produceTo(by, { topic: "kept" }, batchOf([value]));
      expect(await deleteBefore("kept", -1, { by })).toEqual([3, 0]);
      const operations = disk.trace.length;
      await first.close();
      const random = new SeededRandom(1);
      const left = buildCrashState(disk.trace, { operations, writes: lost, names: lost, random });
      await using second = await startOttla({ fileSystem: left, settings });
      await using reader = await WireClient.connect(second.port);
      expect(await earliest("kept", reader)).toBe(3);
      expect((await fetchFrom(reader, "kept", 2)).errorCode).toBe(ErrorCode.OFFSET_OUT_OF_RANGE);
      await produceTo(reader, { topic: "kept" }, batchOf(["d"]));
      expect(valuesOf(await fetchFrom(reader, "kept", 3))).toEqual(["3:d"]);
    },
  );
});
