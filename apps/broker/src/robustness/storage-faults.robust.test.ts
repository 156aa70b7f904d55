import { Api, ErrorCode } from "@ottla/protocol";
import { MemoryFileSystem } from "@ottla/testkit";
import { afterEach, describe, expect, test } from "vitest";
import { startOttla, type Ottla } from "../start-ottla.ts";
import { batchOf, createTopic, fetchFrom, produceTo, valuesOf } from "../test/requests.ts";
import { WireClient } from "../test/wire-client.ts";
import { RecordingLogger } from "./attack.ts";

const started: AsyncDisposable[] = [];

afterEach(async () => {
  for (const one of started.splice(0).reverse()) await one[Symbol.asyncDispose]();
});

interface Setup {
  readonly fileSystem: MemoryFileSystem;
  readonly ottla: Ottla;
  readonly client: WireClient;
  /** Directories that were reported offline. */
  readonly offline: string[];
}

async function start(fileSystem = new MemoryFileSystem()): Promise<Setup> {
  const ottla = await startOttla({
    fileSystem,
    logger: new RecordingLogger(),
    settings: { "offsets.topic.num.partitions": 1 },
  });
  const client = await WireClient.connect(ottla.port);
  started.push(ottla, client);
  const offline: string[] = [];
  ottla.broker.services.engine.onDirectoryOffline = (directory) => offline.push(directory);
  return { fileSystem, ottla, client, offline };
}

describe("a sync that fails", () => {
  test.each([1, 2, 3, 5, 8, 13])(
    "(the %ith) ends all acknowledgements with 56, and takes the directory offline",
    async (nth) => {
      const { fileSystem, client, offline } = await start();
      await createTopic(client, "one", { numPartitions: 2 });
      for (const value of ["a", "b"])
        expect((await produceTo(client, { topic: "one" }, batchOf([value]))).errorCode).toBe(0);
      fileSystem.faults.add({ call: "dataSync", path: "/one-", nth, code: "EIO" });
      const outcomes: { errorCode: number; afterFault: boolean }[] = [];
      for (let i = 0; i < 20; i++) {
        const pending = Array.from({ length: 5 }, (_, j) =>
          produceTo(client, { topic: "one", partition: j % 2 }, batchOf([`${i}-${j}`])),
        );
        const afterFault = fileSystem.faults.hits > 0;
        for (const { errorCode } of await Promise.all(pending))
          outcomes.push({ errorCode, afterFault });
      }
      expect(fileSystem.faults.hits).toBe(1);
      const firstFailure = outcomes.findIndex(({ errorCode }) => errorCode !== 0);
      expect(firstFailure).toBeGreaterThanOrEqual(0);
      expect(new Set(outcomes.map(({ errorCode }) => errorCode))).toEqual(
        new Set(nth === 1 ? [56] : [0, 56]),
      );
      expect(
        outcomes
          .filter(({ afterFault }) => afterFault)
          .every(({ errorCode }) => errorCode === ErrorCode.KAFKA_STORAGE_ERROR),
      ).toBe(true);
      expect(offline).toHaveLength(1);
    },
  );

  test("leaves nothing readable that was not acknowledged, and answers clearly for the rest", async () => {
    const { fileSystem, client, offline } = await start();
    await createTopic(client, "two");
    expect((await produceTo(client, { topic: "two" }, batchOf(["durable"]))).errorCode).toBe(0);
    fileSystem.faults.add({ call: "dataSync", path: "/two-0", nth: 1, code: "EIO" });
    expect((await produceTo(client, { topic: "two" }, batchOf(["lost"]))).errorCode).toBe(
      ErrorCode.KAFKA_STORAGE_ERROR,
    );
    const fetched = await fetchFrom(client, "two", 0);
    expect([ErrorCode.NONE, ErrorCode.KAFKA_STORAGE_ERROR]).toContain(fetched.errorCode);
    expect(valuesOf(fetched)).toEqual(fetched.errorCode === 0 ? ["0:durable"] : []);
    // Whatever creating a topic says now, nothing that is sent to it may be acknowledged.
    await client.send(Api.CreateTopics, 7, {
      topics: [{ name: "three", numPartitions: 1, replicationFactor: 1 }],
      timeoutMs: 2_000,
    });
    expect((await produceTo(client, { topic: "three" }, batchOf(["lost"]))).errorCode).not.toBe(0);
    expect((await client.send(Api.ApiVersions, 0, {})).errorCode).toBe(0);
    expect(offline).toHaveLength(1);
  });

  test("answers a waiting long poll, instead of letting it wait for what will not come", async () => {
    const { fileSystem, ottla, client } = await start();
    await createTopic(client, "poll");
    await using consumer = await WireClient.connect(ottla.port);
    const poll = fetchFrom(consumer, "poll", 0, { maxWaitMs: 5_000 });
    fileSystem.faults.add({ call: "dataSync", path: "/poll-0", nth: 1, code: "EIO" });
    expect((await produceTo(client, { topic: "poll" }, batchOf(["x"]))).errorCode).toBe(
      ErrorCode.KAFKA_STORAGE_ERROR,
    );
    const startedMs = performance.now();
    expect((await poll).errorCode).toBe(ErrorCode.KAFKA_STORAGE_ERROR);
    expect(performance.now() - startedMs).toBeLessThan(4_000);
  });

  test("in the offsets topic refuses the commit", async () => {
    const { fileSystem, client } = await start();
    await createTopic(client, "four");
    const commit = async () => {
      const partitions = [
        { partitionIndex: 0, committedOffset: 1n, committedLeaderEpoch: -1, committedMetadata: "" },
      ];
      const answer = await client.send(Api.OffsetCommit, 8, {
        groupId: "g",
        generationIdOrMemberEpoch: -1,
        topics: [{ name: "four", partitions }],
      });
      return answer.topics[0]!.partitions[0]!.errorCode;
    };
    await client.send(Api.FindCoordinator, 4, { keyType: 0, coordinatorKeys: ["g"] });
    await expect.poll(commit).toBe(0);
    fileSystem.faults.add({
      call: "dataSync",
      path: "__consumer_offsets",
      nth: 1,
      code: "EIO",
      forever: true,
    });
    expect(await commit()).not.toBe(0);
    expect(await commit()).not.toBe(0);
  });
});

describe("a write that fails", () => {
  test.each([
    ["with an error", undefined],
    ["half way", 10],
    ["after the header", 61],
  ])("%s is refused, leaves no trace, and the next one is taken", async (_how, shortBytes) => {
    const { fileSystem, client, offline } = await start();
    await createTopic(client, "five");
    expect((await produceTo(client, { topic: "five" }, batchOf(["first"]))).errorCode).toBe(0);
    fileSystem.faults.add({
      call: "write",
      path: "/five-0",
      nth: 1,
      code: "EIO",
      ...(shortBytes === undefined ? {} : { shortBytes }),
    });
    expect((await produceTo(client, { topic: "five" }, batchOf(["failed"]))).errorCode).toBe(
      ErrorCode.KAFKA_STORAGE_ERROR,
    );
    expect((await produceTo(client, { topic: "five" }, batchOf(["second"]))).errorCode).toBe(0);
    expect(valuesOf(await fetchFrom(client, "five", 0))).toEqual(["0:first", "1:second"]);
    expect(offline).toEqual([]);
  });

  test("and cannot be undone takes the directory offline", async () => {
    const { fileSystem, client, offline } = await start();
    await createTopic(client, "six");
    expect((await produceTo(client, { topic: "six" }, batchOf(["first"]))).errorCode).toBe(0);
    fileSystem.faults.add({ call: "write", path: "/six-0", nth: 1, code: "EIO", shortBytes: 10 });
    fileSystem.faults.add({ call: "truncate", path: "/six-0", nth: 1, code: "EIO", forever: true });
    for (const value of ["failed", "after"]) {
      expect((await produceTo(client, { topic: "six" }, batchOf([value]))).errorCode).toBe(
        ErrorCode.KAFKA_STORAGE_ERROR,
      );
    }
    expect(offline).toHaveLength(1);
  });

  test("for want of space is refused, fetches go on, and writes resume without a restart when there is space", async () => {
    const { fileSystem, client, offline } = await start();
    await createTopic(client, "seven");
    expect((await produceTo(client, { topic: "seven" }, batchOf(["before"]))).errorCode).toBe(0);
    fileSystem.capacityBytes = fileSystem.disk.usedBytes;
    for (const value of ["full", "still full"]) {
      expect((await produceTo(client, { topic: "seven" }, batchOf([value]))).errorCode).toBe(
        ErrorCode.KAFKA_STORAGE_ERROR,
      );
    }
    expect(valuesOf(await fetchFrom(client, "seven", 0))).toEqual(["0:before"]);
    fileSystem.capacityBytes = Number.POSITIVE_INFINITY;
    expect((await produceTo(client, { topic: "seven" }, batchOf(["after"]))).errorCode).toBe(0);
    expect(valuesOf(await fetchFrom(client, "seven", 0))).toEqual(["0:before", "1:after"]);
    expect(offline).toEqual([]);
  });
});

describe("a disk that is full", () => {
  test("refuses new topics and commits with an error, and takes both when there is space", async () => {
    const { fileSystem, client, offline } = await start();
    await createTopic(client, "nine");
    await client.send(Api.FindCoordinator, 4, { keyType: 0, coordinatorKeys: ["g"] });
    const commit = async (offset: bigint) => {
      const partitions = [
        {
          partitionIndex: 0,
          committedOffset: offset,
          committedLeaderEpoch: -1,
          committedMetadata: "",
        },
      ];
      const answer = await client.send(Api.OffsetCommit, 8, {
        groupId: "g",
        generationIdOrMemberEpoch: -1,
        topics: [{ name: "nine", partitions }],
      });
      return answer.topics[0]!.partitions[0]!.errorCode;
    };
    const create = async (name: string) => {
      const { topics } = await client.send(Api.CreateTopics, 7, {
        topics: [{ name, numPartitions: 1, replicationFactor: 1 }],
        timeoutMs: 5_000,
      });
      return topics[0]!.errorCode;
    };
    await expect.poll(() => commit(1n)).toBe(0);
    fileSystem.capacityBytes = fileSystem.disk.usedBytes;
    expect(await commit(2n)).not.toBe(0);
    expect(await create("refused")).not.toBe(0);
    const fetched = await client.send(Api.OffsetFetch, 8, {
      groups: [{ groupId: "g", topics: [{ name: "nine", partitionIndexes: [0] }] }],
    });
    expect(fetched.groups[0]!.topics[0]!.partitions[0]!.committedOffset).toBe(1n);
    fileSystem.capacityBytes = Number.POSITIVE_INFINITY;
    expect(await commit(3n)).toBe(0);
    expect(await create("taken")).toBe(0);
    expect((await produceTo(client, { topic: "taken" }, batchOf(["x"]))).errorCode).toBe(0);
    expect(offline).toEqual([]);
  });
});

describe("a segment that cannot be opened", () => {
  test.each(["EMFILE", "ENOSPC", "EIO"] as const)(
    "(%s) refuses the batch that needs it; later ones are taken and nothing is lost",
    async (code) => {
      const { fileSystem, client, offline } = await start();
      await createTopic(client, "ten", { configs: { "segment.bytes": "1048576" } });
      const large = "x".repeat(700_000);
      expect((await produceTo(client, { topic: "ten" }, batchOf([large]))).errorCode).toBe(0);
      fileSystem.faults.add({ call: "open", path: "/ten-0", nth: 1, code });
      const refused = await produceTo(client, { topic: "ten" }, batchOf([large]));
      expect(fileSystem.faults.hits).toBe(1);
      expect(refused.errorCode).toBe(ErrorCode.KAFKA_STORAGE_ERROR);
      expect(offline).toEqual([]);
      const next = await produceTo(client, { topic: "ten" }, batchOf(["small"]));
      expect(next.errorCode).toBe(0);
      const values = [
        ...valuesOf(await fetchFrom(client, "ten", 0)),
        ...valuesOf(await fetchFrom(client, "ten", 1)),
      ];
      expect(values).toContain(`${next.baseOffset}:small`);
      expect(next.baseOffset).toBe(1n);
    },
  );
});

test("the next start trusts nothing beyond the last sync that succeeded, though the page cache still shows it", async () => {
  const { fileSystem, ottla, client } = await start();
  await createTopic(client, "eight");
  for (const value of ["a", "b"])
    expect((await produceTo(client, { topic: "eight" }, batchOf([value]))).errorCode).toBe(0);
  fileSystem.faults.add({ call: "dataSync", path: "/eight-0", nth: 1, code: "EIO" });
  expect((await produceTo(client, { topic: "eight" }, batchOf(["refused"]))).errorCode).toBe(
    ErrorCode.KAFKA_STORAGE_ERROR,
  );
  await ottla.close();
  fileSystem.faults.clear();
  const again = await start(fileSystem);
  expect(valuesOf(await fetchFrom(again.client, "eight", 0))).toEqual(["0:a", "1:b"]);
  expect((await produceTo(again.client, { topic: "eight" }, batchOf(["next"]))).baseOffset).toBe(
    2n,
  );
});
