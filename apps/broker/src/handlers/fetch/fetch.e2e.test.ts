import { Api, CompressionType, ErrorCode, ZERO_UUID, iterateBatches } from "@ottla/protocol";
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

async function topicWith(name: string, batches: readonly (readonly string[])[]): Promise<string> {
  const topicId = await createTopic(client, name);
  for (const values of batches) await produceTo(client, { topic: name }, batchOf(values));
  return topicId;
}

function partitionOf(fetchOffset: number, partitionMaxBytes = 1_000_000, partition = 0) {
  return { partition, fetchOffset: BigInt(fetchOffset), partitionMaxBytes };
}

describe("Fetch", () => {
  test("returns whole batches, also the one that began before the offset", async () => {
    await topicWith("middle", [["a", "b", "c"], ["d"]]);
    expect(valuesOf(await fetchFrom(client, "middle", 1))).toEqual(["0:a", "1:b", "2:c", "3:d"]);
  });

  test("an offset beyond the log end or below its start is out of range, and positions are not told", async () => {
    await topicWith("range", [["a"]]);
    const beyond = await fetchFrom(client, "range", 2);
    expect(beyond).toMatchObject({
      errorCode: ErrorCode.OFFSET_OUT_OF_RANGE,
      highWatermark: -1n,
      logStartOffset: -1n,
    });
    expect((await fetchFrom(client, "range", -5)).errorCode).toBe(ErrorCode.OFFSET_OUT_OF_RANGE);
  });

  test("at the log end the answer is empty, without error, and carries the positions", async () => {
    await topicWith("end", [["a", "b"]]);
    expect(await fetchFrom(client, "end", 2)).toMatchObject({
      errorCode: 0,
      highWatermark: 2n,
      lastStableOffset: 2n,
      logStartOffset: 0n,
    });
  });

  test("a first batch larger than every limit is sent all the same, the next is not", async () => {
    await topicWith("limits", [["x".repeat(1000)], ["y".repeat(1000)]]);
    const one = await fetchFrom(client, "limits", 0, { partitionMaxBytes: 10 });
    expect([...iterateBatches(one.records!)]).toHaveLength(1);
    const both = await fetchFrom(client, "limits", 0, { partitionMaxBytes: 5000 });
    expect([...iterateBatches(both.records!)]).toHaveLength(2);
  });

  test("answers are cut at the end of a batch", async () => {
    await topicWith("cut", [["x".repeat(500)], ["y".repeat(500)], ["z".repeat(500)]]);
    const { records } = await fetchFrom(client, "cut", 0, { partitionMaxBytes: 1300 });
    const batches = [...iterateBatches(records!)];
    expect(batches).toHaveLength(2);
    expect(batches.reduce((sum, batch) => sum + batch.sizeBytes, 0)).toBe(records!.length);
  });

  test("max bytes of the request count over all partitions, in request order", async () => {
    await createTopic(client, "total", { numPartitions: 2 });
    for (const partition of [0, 1])
      await produceTo(client, { topic: "total", partition }, batchOf(["x".repeat(800)]));
    const { responses } = await client.send(Api.Fetch, 12, {
      maxWaitMs: 0,
      minBytes: 1,
      maxBytes: 900,
      sessionEpoch: -1,
      topics: [
        { topic: "total", partitions: [partitionOf(0, 10_000, 1), partitionOf(0, 10_000, 0)] },
      ],
    });
    expect(
      responses[0]!.partitions.map(({ partitionIndex, records }) => [
        partitionIndex,
        records!.length > 0,
      ]),
    ).toEqual([
      [1, true],
      [0, false],
    ]);
  });

  test.each([1_000, 2_500, 4_000, 6_000, 8_500, 20_000])(
    "partitions that are read at the same time get what they would get one after the other, of %i bytes",
    async (maxBytes) => {
      const topic = `wave-${maxBytes}`;
      const partitions = [3, 0, 5, 1, 4, 2];
      const perPartition = 2_000;
      await createTopic(client, topic, { numPartitions: partitions.length });
      const batch = batchOf(["x".repeat(800)]);
      // Partition 0 stays empty, and partition 5 has less than it may give.
      const batches = [0, 4, 4, 4, 4, 1];
      for (const [partition, count] of batches.entries())
        for (let sent = 0; sent < count; sent++)
          await produceTo(client, { topic, partition }, batch);
      const { responses } = await client.send(Api.Fetch, 12, {
        maxWaitMs: 0,
        minBytes: 1,
        maxBytes,
        sessionEpoch: -1,
        topics: [{ topic, partitions: partitions.map((one) => partitionOf(0, perPartition, one)) }],
      });
      let leftBytes = maxBytes;
      const expected = partitions.map((partition) => {
        const room = Math.floor(Math.min(perPartition, leftBytes) / batch.length);
        const sizeBytes = Math.min(room, batches[partition]!) * batch.length;
        leftBytes -= sizeBytes;
        return [partition, sizeBytes];
      });
      expect(
        responses[0]!.partitions.map((one) => [one.partitionIndex, one.records!.length]),
      ).toEqual(expected);
    },
  );

  test("waits until min bytes are there, and is woken by a produce", async () => {
    await topicWith("wait", []);
    const waiting = fetchFrom(client, "wait", 0, { maxWaitMs: 20_000 });
    await using other = await WireClient.connect(ottla.port);
    await produceTo(other, { topic: "wait" }, batchOf(["now"]));
    expect(valuesOf(await waiting)).toEqual(["0:now"]);
  });

  test("one small record does not satisfy a large min bytes, enough of them do", async () => {
    await topicWith("enough", []);
    const waiting = fetchFrom(client, "enough", 0, { maxWaitMs: 20_000, minBytes: 1500 });
    await using other = await WireClient.connect(ottla.port);
    for (const letter of ["a", "b", "c"])
      await produceTo(other, { topic: "enough" }, batchOf([letter.repeat(600)]));
    expect(valuesOf(await waiting).length).toBeGreaterThanOrEqual(2);
  });

  test("gives up waiting after max wait, with an empty answer", async () => {
    await topicWith("patience", []);
    expect(await fetchFrom(client, "patience", 0, { maxWaitMs: 50 })).toMatchObject({
      errorCode: 0,
      highWatermark: 0n,
    });
  });

  test("an error is told at once, not after max wait", async () => {
    await topicWith("no-wait", []);
    const { responses } = await client.send(Api.Fetch, 12, {
      maxWaitMs: 600_000,
      minBytes: 1,
      sessionEpoch: -1,
      topics: [{ topic: "no-wait", partitions: [partitionOf(0), partitionOf(0, 1000, 9)] }],
    });
    expect(responses[0]!.partitions.map(({ errorCode }) => errorCode)).toEqual([
      0,
      ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
    ]);
  });

  test("deleting the topic ends the wait for it", async () => {
    await topicWith("doomed", []);
    const waiting = fetchFrom(client, "doomed", 0, { maxWaitMs: 600_000 });
    await using other = await WireClient.connect(ottla.port);
    await other.send(Api.DeleteTopics, 5, { topicNames: ["doomed"], timeoutMs: 5000 });
    expect((await waiting).errorCode).toBe(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
  });

  test("the leader epoch of the client is compared with ours", async () => {
    await topicWith("epochs", [["a"]]);
    expect((await fetchFrom(client, "epochs", 0, { currentLeaderEpoch: 99 })).errorCode).toBe(
      ErrorCode.UNKNOWN_LEADER_EPOCH,
    );
    expect((await fetchFrom(client, "epochs", 0, { currentLeaderEpoch: 0 })).errorCode).toBe(
      ErrorCode.NONE,
    );
  });

  test("a client that read from an epoch we never had is out of range", async () => {
    await topicWith("diverged", [["a", "b"]]);
    expect((await fetchFrom(client, "diverged", 1, { lastFetchedEpoch: 50 })).errorCode).toBe(
      ErrorCode.OFFSET_OUT_OF_RANGE,
    );
  });

  test("aborted transactions are null for read_uncommitted and a list for read_committed", async () => {
    await topicWith("isolation", [["a"]]);
    expect((await fetchFrom(client, "isolation", 0)).abortedTransactions).toBeNull();
    expect(
      (await fetchFrom(client, "isolation", 0, { isolationLevel: 1 })).abortedTransactions,
    ).toEqual([]);
  });

  test.each([13, 15, 16, 17, 18])(
    "version %i names topics by id; an id nobody has is told so",
    async (version) => {
      const topicId = await topicWith(`ids-${version}`, [["a"]]);
      const { responses } = await client.send(Api.Fetch, version, {
        maxWaitMs: 0,
        minBytes: 1,
        sessionEpoch: -1,
        topics: [
          { topicId, partitions: [partitionOf(0)] },
          { topicId: "AAAAAAAAAAAAAAAAAAAAAg", partitions: [partitionOf(0)] },
        ],
      });
      expect(responses.map((topic) => topic.partitions[0]!.errorCode)).toEqual([
        0,
        ErrorCode.UNKNOWN_TOPIC_ID,
      ]);
      expect(valuesOf(responses[0]!.partitions[0]!)).toEqual(["0:a"]);
    },
  );

  test.each([4, 5, 6, 7, 8, 9, 10, 11])("version %i returns the records", async (version) => {
    await topicWith(`old-${version}`, [["a", "b"]]);
    const { responses } = await client.send(Api.Fetch, version, {
      maxWaitMs: 0,
      minBytes: 1,
      topics: [{ topic: `old-${version}`, partitions: [partitionOf(0)] }],
    });
    expect(valuesOf(responses[0]!.partitions[0]!)).toEqual(["0:a", "1:b"]);
  });

  test("a topic that compresses with zstd is refused to versions that do not know it", async () => {
    await createTopic(client, "zstd", { configs: { "compression.type": "zstd" } });
    await produceTo(
      client,
      { topic: "zstd" },
      batchOf(["a"], { compression: CompressionType.ZSTD }),
    );
    const fetch = (version: number) =>
      client.send(Api.Fetch, version, {
        maxWaitMs: 0,
        minBytes: 1,
        topics: [{ topic: "zstd", partitions: [partitionOf(0)] }],
      });
    expect((await fetch(9)).responses[0]!.partitions[0]!.errorCode).toBe(
      ErrorCode.UNSUPPORTED_COMPRESSION_TYPE,
    );
    expect(valuesOf((await fetch(10)).responses[0]!.partitions[0]!)).toEqual(["0:a"]);
  });
});

describe("an incremental fetch", () => {
  test("leaves out partitions without news and remembers the others", async () => {
    await createTopic(client, "session", { numPartitions: 2 });
    const full = await client.send(Api.Fetch, 12, {
      maxWaitMs: 0,
      minBytes: 1,
      sessionEpoch: 0,
      topics: [
        {
          topic: "session",
          topicId: ZERO_UUID,
          partitions: [partitionOf(0, 1000, 0), partitionOf(0, 1000, 1)],
        },
      ],
    });
    expect(full.sessionId).toBeGreaterThan(0);
    expect(full.responses[0]!.partitions).toHaveLength(2);
    const next = (sessionEpoch: number) =>
      client.send(Api.Fetch, 12, {
        maxWaitMs: 0,
        minBytes: 1,
        sessionId: full.sessionId,
        sessionEpoch,
        topics: [],
      });
    expect((await next(1)).responses).toEqual([]);
    await produceTo(client, { topic: "session", partition: 1 }, batchOf(["news"]));
    const second = await next(2);
    expect(second.responses[0]!.partitions.map(({ partitionIndex }) => partitionIndex)).toEqual([
      1,
    ]);
    expect((await next(2)).errorCode).toBe(ErrorCode.INVALID_FETCH_SESSION_EPOCH);
  });

  test("a topic created anew under the same name is not mistaken for the old one", async () => {
    const topicId = await topicWith("again", [["old"]]);
    const full = await client.send(Api.Fetch, 13, {
      maxWaitMs: 0,
      minBytes: 1,
      sessionEpoch: 0,
      topics: [{ topicId, partitions: [partitionOf(1)] }],
    });
    await client.send(Api.DeleteTopics, 5, { topicNames: ["again"], timeoutMs: 5000 });
    await topicWith("again", [["new"]]);
    const incremental = await client.send(Api.Fetch, 13, {
      maxWaitMs: 0,
      minBytes: 1,
      sessionId: full.sessionId,
      sessionEpoch: 1,
      topics: [],
    });
    expect(incremental.responses[0]!.partitions[0]!.errorCode).toBe(
      ErrorCode.INCONSISTENT_TOPIC_ID,
    );
    const fresh = await client.send(Api.Fetch, 13, {
      maxWaitMs: 0,
      minBytes: 1,
      sessionEpoch: -1,
      topics: [{ topicId, partitions: [partitionOf(1)] }],
    });
    expect(fresh.responses[0]!.partitions[0]!.errorCode).toBe(ErrorCode.UNKNOWN_TOPIC_ID);
  });
});
