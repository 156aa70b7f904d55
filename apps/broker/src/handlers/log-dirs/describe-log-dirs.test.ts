import { Api, ErrorCode } from "@ottla/protocol";
import { MemoryFileSystem } from "@ottla/testkit";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { startOttla, type Ottla } from "../../start-ottla.ts";
import { batchOf, createTopic, produceTo } from "../../test/requests.ts";
import { WireClient } from "../../test/wire-client.ts";

const CAPACITY_BYTES = 1024 ** 3;

let fileSystem: MemoryFileSystem;
let ottla: Ottla;
let client: WireClient;

beforeEach(async () => {
  fileSystem = new MemoryFileSystem({ capacityBytes: CAPACITY_BYTES });
  ottla = await startOttla({ fileSystem, settings: { "log.dirs": "/a,/b" } });
  client = await WireClient.connect(ottla.port);
});

afterEach(async () => {
  await client[Symbol.asyncDispose]();
  await ottla.close();
});

async function describeAll(
  version = 5,
  topics: { topic: string; partitions: number[] }[] | null = null,
) {
  return client.send(Api.DescribeLogDirs, version, { topics });
}

const partitionsOf = ({ results }: Awaited<ReturnType<typeof describeAll>>): string[][] =>
  results.map(({ topics }) =>
    topics
      .flatMap(({ name, partitions }) =>
        partitions.map(({ partitionIndex }) => `${name}-${partitionIndex}`),
      )
      .sort(),
  );

describe("DescribeLogDirs", () => {
  test.each([1, 2, 3, 4, 5])(
    "version %i tells each directory, and the size of each log",
    async (version) => {
      await createTopic(client, "sized", { numPartitions: 2 });
      const batch = batchOf(["x".repeat(1_000)]);
      await produceTo(client, { topic: "sized", partition: 1 }, batch);
      const answer = await describeAll(version);
      expect(answer.errorCode).toBe(0);
      expect(
        answer.results.map(({ errorCode, logDir, isCordoned }) => [errorCode, logDir, isCordoned]),
      ).toEqual([
        [0, "/a", false],
        [0, "/b", false],
      ]);
      expect(partitionsOf(answer)).toEqual([["sized-0"], ["sized-1"]]);
      expect(answer.results[1]!.topics[0]!.partitions[0]).toEqual({
        partitionIndex: 1,
        partitionSize: BigInt(batch.length),
        offsetLag: 0n,
        isFutureKey: false,
      });
      const [{ totalBytes, usableBytes }] = answer.results as [(typeof answer.results)[0]];
      if (version < 4) expect([totalBytes, usableBytes]).toEqual([-1n, -1n]);
      else
        expect([totalBytes, usableBytes > 0n && usableBytes <= totalBytes]).toEqual([
          BigInt(CAPACITY_BYTES),
          true,
        ]);
    },
  );

  test("leaves out partitions that were not asked for, never a directory", async () => {
    await createTopic(client, "one", { numPartitions: 4 });
    await createTopic(client, "two");
    const asked = await describeAll(5, [
      { topic: "one", partitions: [0, 1, 9] },
      { topic: "two", partitions: [] },
      { topic: "missing", partitions: [0] },
    ]);
    expect(partitionsOf(asked)).toEqual([["one-0"], ["one-1"]]);
    expect(partitionsOf(await describeAll(5, []))).toEqual([[], []]);
    expect(partitionsOf(await describeAll()).flat()).toHaveLength(5);
  });

  test("answers a directory that failed with 56 and nothing else", async () => {
    await createTopic(client, "lost", { numPartitions: 2 });
    fileSystem.faults.add({ call: "dataSync", path: "/b/", nth: 1, code: "EIO" });
    expect(
      (await produceTo(client, { topic: "lost", partition: 1 }, batchOf(["x"]))).errorCode,
    ).toBe(56);
    const { results } = await describeAll();
    expect(results[1]).toEqual({
      errorCode: ErrorCode.KAFKA_STORAGE_ERROR,
      logDir: "/b",
      topics: [],
      totalBytes: -1n,
      usableBytes: -1n,
      isCordoned: false,
    });
    expect(results[0]).toMatchObject({ errorCode: 0, topics: [{ name: "lost" }] });
  });
});
