import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Api, ErrorCode } from "@ottla/protocol";
import { silentLogger } from "@ottla/runtime";
import { MemoryFileSystem } from "@ottla/testkit";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { runServer, StartError, type RunningServer, type ServerOptions } from "./server.ts";
import { startOttla } from "./start-ottla.ts";
import { DiskSwitch } from "./test/failing-file-system.ts";
import { batchOf, createTopic, fetchFrom, produceTo, valuesOf } from "./test/requests.ts";
import { WireClient } from "./test/wire-client.ts";

const STORAGE_ERROR = ErrorCode.KAFKA_STORAGE_ERROR;

let root: string;
const started: AsyncDisposable[] = [];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "ottla-log-dirs-"));
});

afterEach(async () => {
  for (const one of started.splice(0).reverse()) await one[Symbol.asyncDispose]();
  rmSync(root, { recursive: true, force: true });
});

async function metadataOf(client: WireClient, topic: string) {
  const { topics } = await client.send(Api.Metadata, 12, {
    topics: [{ name: topic }],
    allowAutoTopicCreation: false,
  });
  return topics[0]!.partitions
    .toSorted((a, b) => a.partitionIndex - b.partitionIndex)
    .map(({ errorCode, leaderId, isrNodes, offlineReplicas }) => ({
      errorCode,
      leaderId,
      isrNodes,
      offlineReplicas,
    }));
}

const SERVED = { errorCode: 0, leaderId: 1, isrNodes: [1], offlineReplicas: [] };
const OFFLINE = {
  errorCode: ErrorCode.LEADER_NOT_AVAILABLE,
  leaderId: -1,
  isrNodes: [1],
  offlineReplicas: [1],
};

async function createCode(client: WireClient, name: string): Promise<number> {
  const request = { topics: [{ name, numPartitions: 1, replicationFactor: 1 }], timeoutMs: 5_000 };
  return (await client.send(Api.CreateTopics, 7, request)).topics[0]!.errorCode;
}

describe("an embedded broker over two directories", () => {
  async function setUp(fileSystem = new MemoryFileSystem()) {
    const ottla = await startOttla({ fileSystem, settings: { "log.dirs": "/a,/b" } });
    const client = await WireClient.connect(ottla.port);
    started.push(ottla, client);
    return { fileSystem, ottla, client };
  }

  test("loses the leaders of the one that fails, and serves the other in full", async () => {
    const { fileSystem, client } = await setUp();
    await createTopic(client, "t", { numPartitions: 2 });
    for (const partition of [0, 1])
      expect(
        (await produceTo(client, { topic: "t", partition }, batchOf(["kept"]))).errorCode,
      ).toBe(0);
    fileSystem.faults.add({ call: "dataSync", path: "/b/t-1", nth: 1, code: "EIO" });
    expect(
      (await produceTo(client, { topic: "t", partition: 1 }, batchOf(["lost"]))).errorCode,
    ).toBe(STORAGE_ERROR);
    expect(await metadataOf(client, "t")).toEqual([SERVED, OFFLINE]);
    const paged = await client.send(Api.DescribeTopicPartitions, 0, {
      topics: [{ name: "t" }],
      responsePartitionLimit: 10,
    });
    expect(paged.topics[0]!.partitions.map(({ leaderId }) => leaderId)).toEqual([1, -1]);
    expect(
      (await produceTo(client, { topic: "t", partition: 1 }, batchOf(["lost"]))).errorCode,
    ).toBe(STORAGE_ERROR);
    expect((await fetchFrom(client, "t", 0, { partition: 1 })).errorCode).toBe(STORAGE_ERROR);
    for (const timestamp of [-1n, -2n, -3n, 5n]) {
      const topics = [{ name: "t", partitions: [{ partitionIndex: 1, timestamp }] }];
      const answer = await client.send(Api.ListOffsets, 7, { replicaId: -1, topics });
      expect(answer.topics[0]!.partitions[0]!.errorCode).toBe(STORAGE_ERROR);
    }
    expect((await produceTo(client, { topic: "t" }, batchOf(["more"]))).errorCode).toBe(0);
    expect(valuesOf(await fetchFrom(client, "t", 0))).toEqual(["0:kept", "1:more"]);
    // New topics go to the disk that works.
    await createTopic(client, "new", { numPartitions: 3 });
    expect(
      (await produceTo(client, { topic: "new", partition: 2 }, batchOf(["x"]))).errorCode,
    ).toBe(0);
    const deleted = await client.send(Api.DeleteTopics, 6, {
      topics: [{ name: "t" }],
      timeoutMs: 5_000,
    });
    expect(deleted.responses[0]!.errorCode).toBe(0);
    expect(await createCode(client, "t")).toBe(0);
  });

  test("after the next start has all but what was never synced", async () => {
    const { fileSystem, ottla, client } = await setUp();
    await createTopic(client, "t", { numPartitions: 2 });
    await produceTo(client, { topic: "t", partition: 1 }, batchOf(["kept"]));
    fileSystem.faults.add({ call: "dataSync", path: "/b/t-1", nth: 1, code: "EIO" });
    await produceTo(client, { topic: "t", partition: 1 }, batchOf(["lost"]));
    await ottla.close();
    fileSystem.faults.clear();
    const again = await setUp(fileSystem);
    expect(await metadataOf(again.client, "t")).toEqual([SERVED, SERVED]);
    expect(valuesOf(await fetchFrom(again.client, "t", 0, { partition: 1 }))).toEqual(["0:kept"]);
    expect(
      (await produceTo(again.client, { topic: "t", partition: 1 }, batchOf(["next"]))).baseOffset,
    ).toBe(1n);
  });

  test("with a disk that is away at the start keeps its partitions offline, and has them back with the disk", async () => {
    const { fileSystem, ottla, client } = await setUp();
    await createTopic(client, "t", { numPartitions: 2 });
    await produceTo(client, { topic: "t", partition: 1 }, batchOf(["kept"]));
    await ottla.close();
    fileSystem.faults.add({ call: "list", path: "/b", nth: 1, code: "EIO", forever: true });
    const without = await setUp(fileSystem);
    expect(await metadataOf(without.client, "t")).toEqual([SERVED, OFFLINE]);
    expect((await fetchFrom(without.client, "t", 0, { partition: 1 })).errorCode).toBe(
      STORAGE_ERROR,
    );
    expect((await produceTo(without.client, { topic: "t" }, batchOf(["x"]))).errorCode).toBe(0);
    await without.ottla.close();
    fileSystem.faults.clear();
    const again = await setUp(fileSystem);
    expect(valuesOf(await fetchFrom(again.client, "t", 0, { partition: 1 }))).toEqual(["0:kept"]);
  });

  test("has no coordinator for groups whose commits lie on the one that failed", async () => {
    const { fileSystem, client } = await setUp();
    await client.send(Api.FindCoordinator, 4, { keyType: 0, coordinatorKeys: ["g"] });
    await createTopic(client, "t", { numPartitions: 2 });
    fileSystem.faults.add({ call: "dataSync", path: "/b/", nth: 1, code: "EIO" });
    const find = async (): Promise<number[]> => {
      const coordinatorKeys = Array.from({ length: 40 }, (_, index) => `group-${index}`);
      const { coordinators } = await client.send(Api.FindCoordinator, 4, {
        keyType: 0,
        coordinatorKeys,
      });
      return [...new Set(coordinators.map(({ errorCode }) => errorCode))].sort((a, b) => a - b);
    };
    await produceTo(client, { topic: "t", partition: 0 }, batchOf(["x"]));
    await produceTo(client, { topic: "t", partition: 1 }, batchOf(["x"]));
    expect(await find()).toEqual([0, ErrorCode.COORDINATOR_NOT_AVAILABLE]);
  });
});

test("a broker whose only directory is offline creates no topic and says why", async () => {
  const fileSystem = new MemoryFileSystem();
  const ottla = await startOttla({ fileSystem });
  const client = await WireClient.connect(ottla.port);
  started.push(ottla, client);
  await createTopic(client, "t");
  fileSystem.faults.add({ call: "dataSync", path: "/t-0", nth: 1, code: "EIO" });
  expect((await produceTo(client, { topic: "t" }, batchOf(["x"]))).errorCode).toBe(STORAGE_ERROR);
  expect(await createCode(client, "refused")).toBe(STORAGE_ERROR);
  const more = await client.send(Api.CreatePartitions, 3, {
    topics: [{ name: "t", count: 2 }],
    timeoutMs: 5_000,
  });
  expect(more.results[0]!.errorCode).toBe(STORAGE_ERROR);
  const { topics } = await client.send(Api.Metadata, 12, {
    topics: [{ name: "auto" }],
    allowAutoTopicCreation: true,
  });
  expect(topics[0]!.errorCode).toBe(STORAGE_ERROR);
  expect([...ottla.broker.services.controller.image.topicsByName.keys()]).toEqual(["t"]);
});

describe("the standalone broker on storage workers", () => {
  const fatal: string[] = [];

  async function start(
    directories: readonly string[],
    options: Partial<ServerOptions> & { readonly overrides?: readonly string[] } = {},
  ): Promise<RunningServer> {
    fatal.length = 0;
    const { overrides = [], ...rest } = options;
    const server = await runServer({
      sources: {
        overrides: [
          "listeners=PLAINTEXT://127.0.0.1:0",
          `log.dirs=${directories.join(",")}`,
          "ottla.storage.workers=2",
          ...overrides,
        ],
      },
      logger: silentLogger,
      onFatal: (reason) => fatal.push(reason),
      ...rest,
    });
    started.push({ [Symbol.asyncDispose]: () => server.close() });
    return server;
  }

  async function connect({ port }: RunningServer): Promise<WireClient> {
    const client = await WireClient.connect(port);
    started.push(client);
    return client;
  }

  async function refusal(
    directories: readonly string[],
    overrides: readonly string[] = [],
  ): Promise<string> {
    const error = await start(directories, { overrides }).then(
      () => new Error("the broker started"),
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(StartError);
    const { message } = error as StartError;
    expect(message).not.toContain("\n");
    return message;
  }

  const dir = (name: string): string => join(root, name);

  test("gives each directory an identity of its own, a lock, and a clean stop", async () => {
    const server = await start([dir("a"), dir("b")]);
    const client = await connect(server);
    await createTopic(client, "t", { numPartitions: 4 });
    for (const partition of [0, 1, 2, 3])
      await produceTo(client, { topic: "t", partition }, batchOf(["x"]));
    for (const name of ["a", "b"]) {
      expect(readdirSync(dir(name))).toContain(".lock");
      expect(readdirSync(dir(name)).filter((entry) => entry.startsWith("t-"))).toHaveLength(2);
    }
    await server.close();
    const identities = ["a", "b"].map((name) =>
      readFileSync(join(dir(name), "meta.properties"), "utf8"),
    );
    const ids = identities.map((text) => /^directory.id=(\S{22})$/m.exec(text)?.[1]);
    expect(new Set(ids).size).toBe(2);
    expect(ids).not.toContain(undefined);
    expect(new Set(identities.map((text) => /^cluster.id=(\S+)$/m.exec(text)?.[1])).size).toBe(1);
    for (const name of ["a", "b"])
      expect(existsSync(join(dir(name), ".kafka_cleanshutdown"))).toBe(true);
    const again = await connect(await start([dir("a"), dir("b")]));
    for (const partition of [0, 1, 2, 3])
      expect(valuesOf(await fetchFrom(again, "t", 0, { partition }))).toEqual(["0:x"]);
  });

  test("goes on when another than the first directory fails, and stops with a clear line when the first does", async () => {
    const disk = new DiskSwitch();
    const server = await start([dir("a"), dir("b")], { fileSystemModule: disk.module });
    const client = await connect(server);
    await createTopic(client, "t", { numPartitions: 2 });
    const [where] = ["a", "b"].filter((name) => existsSync(join(dir(name), "t-1")));
    expect(where).toBe("b");
    disk.failSyncsUnder(dir("b"));
    expect((await produceTo(client, { topic: "t", partition: 1 }, batchOf(["x"]))).errorCode).toBe(
      STORAGE_ERROR,
    );
    disk.heal();
    expect((await produceTo(client, { topic: "t", partition: 1 }, batchOf(["x"]))).errorCode).toBe(
      STORAGE_ERROR,
    );
    expect((await produceTo(client, { topic: "t", partition: 0 }, batchOf(["x"]))).errorCode).toBe(
      0,
    );
    expect(fatal).toEqual([]);
    expect(await metadataOf(client, "t")).toEqual([SERVED, OFFLINE]);
    disk.failSyncsUnder(dir("a"));
    expect((await produceTo(client, { topic: "t", partition: 0 }, batchOf(["x"]))).errorCode).toBe(
      STORAGE_ERROR,
    );
    expect(fatal).toEqual([
      expect.stringMatching(/\/a is offline: .*; it holds the metadata, so the broker stops$/),
    ]);
  });

  test("starts without a directory that cannot be used, but not without the first", async () => {
    await (await start([dir("a"), dir("b")])).close();
    rmSync(dir("b"), { recursive: true });
    writeFileSync(dir("b"), "a file");
    const client = await connect(await start([dir("a"), dir("b")]));
    const { results } = await client.send(Api.DescribeLogDirs, 5, { topics: null });
    expect(results.map(({ errorCode }) => errorCode)).toEqual([0, STORAGE_ERROR]);
    expect(await createCode(client, "t")).toBe(0);
    expect(readFileSync(dir("b"), "utf8")).toBe("a file");
    expect(await refusal([dir("b"), dir("c")])).toContain("is not a directory");
    expect(existsSync(dir("c"))).toBe(false);
  });

  test.skipIf(process.getuid?.() === 0)("names a directory that it may not write", async () => {
    mkdirSync(dir("a"));
    chmodSync(dir("a"), 0o555);
    expect(await refusal([dir("a"), dir("b")])).toContain("cannot be written (EACCES");
  });

  test.each([
    ["of another cluster", "version=1\ncluster.id=other\nnode.id=1\n", "belongs to cluster"],
    [
      "of another node",
      "version=1\ncluster.id=x\nnode.id=9\n",
      "belongs to node 9, this is node 1",
    ],
    ["of a newer release", "version=2\ncluster.id=x\nnode.id=1\n", "format version 2"],
    [
      "of a newer Ottla",
      "version=1\ncluster.id=x\nnode.id=1\nottla.format=99\n",
      "written by a newer Ottla",
    ],
    ["with a damaged identity", "\0\0\0", "is not readable as an identity"],
  ])(
    "refuses to start with a second directory %s, and changes nothing",
    async (_what, identity, expected) => {
      await (await start([dir("a")])).close();
      const before = readdirSync(dir("a"));
      mkdirSync(dir("b"));
      writeFileSync(join(dir("b"), "meta.properties"), identity);
      expect(await refusal([dir("a"), dir("b")])).toContain(expected);
      expect(readdirSync(dir("b"))).toEqual(["meta.properties"]);
      expect(readdirSync(dir("a"))).toEqual(before);
    },
  );

  test("refuses a second directory that another broker holds, without making a third", async () => {
    await start([dir("x"), dir("b")]);
    expect(await refusal([dir("a"), dir("b")])).toContain(`process ${process.pid}`);
    expect(existsSync(dir("a"))).toBe(false);
  });

  test("refuses a copy of a directory, and the metadata in another place than the first", async () => {
    await (await start([dir("a"), dir("b")])).close();
    expect(await refusal([dir("b"), dir("a")])).toMatch(
      /the metadata of this broker lies in .*\/a: name that directory first/,
    );
    mkdirSync(dir("c"));
    writeFileSync(
      join(dir("c"), "meta.properties"),
      readFileSync(join(dir("b"), "meta.properties")),
    );
    expect(await refusal([dir("a"), dir("b"), dir("c")])).toContain("one is a copy of the other");
  });

  test("refuses a partition that lies in two directories", async () => {
    const server = await start([dir("a"), dir("b")]);
    await createTopic(await connect(server), "t", { numPartitions: 2 });
    await server.close();
    mkdirSync(join(dir("b"), "t-0"));
    expect(await refusal([dir("a"), dir("b")])).toMatch(
      /partition t-0 is found more than once: .*a\/t-0 and .*b\/t-0/,
    );
  });

  test("finds the partitions of a directory that was mounted elsewhere", async () => {
    const server = await start([dir("a"), dir("b")]);
    const first = await connect(server);
    await createTopic(first, "t", { numPartitions: 2 });
    await produceTo(first, { topic: "t", partition: 1 }, batchOf(["x"]));
    await server.close();
    renameSync(dir("b"), dir("elsewhere"));
    const client = await connect(await start([dir("a"), dir("elsewhere")]));
    expect(valuesOf(await fetchFrom(client, "t", 0, { partition: 1 }))).toEqual(["0:x"]);
  });
});
