import { connect, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  Api,
  ErrorCode,
  FrameSplitter,
  ZERO_UUID,
  decodeResponseFrame,
  encodeRequestFrame,
  type ApiDefinition,
  type MessageInput,
} from "@ottla/protocol";
import { MemoryFileSystem } from "@ottla/testkit";
import { startOttla, type Ottla, type StartOttlaOptions } from "../../start-ottla.ts";

/** Sends requests one after the other over a real socket. */
class WireClient {
  readonly #socket: Socket;
  readonly #splitter = new FrameSplitter({ maxFrameBytes: 64 * 1024 * 1024 });
  readonly #waiting: { resolve(frame: Uint8Array): void; reject(error: Error): void }[] = [];
  #correlationId = 0;

  constructor(host: string, port: number) {
    this.#socket = connect(port, host);
    this.#socket.on("data", (chunk: Buffer) => {
      for (const frame of this.#splitter.push(chunk)) this.#waiting.shift()?.resolve(frame);
    });
    const fail = (): void => {
      for (const { reject } of this.#waiting.splice(0)) reject(new Error("connection closed"));
    };
    this.#socket.on("close", fail).on("error", fail);
  }

  async call<Request, Response>(
    api: ApiDefinition<Request, Response>,
    version: number,
    body: MessageInput<Request>,
  ): Promise<Response> {
    const correlationId = ++this.#correlationId;
    const answer = new Promise<Uint8Array>((resolve, reject) =>
      this.#waiting.push({ resolve, reject }),
    );
    for (const chunk of encodeRequestFrame(api, version, { correlationId, clientId: "test" }, body))
      this.#socket.write(chunk);
    const response = decodeResponseFrame(api, version, await answer);
    expect(response.correlationId).toBe(correlationId);
    return response.body;
  }

  close(): void {
    this.#socket.destroy();
  }
}

let ottla: Ottla;
let client: WireClient;

beforeEach(() => start());
afterEach(stop);

async function start(options: StartOttlaOptions = {}): Promise<void> {
  ottla = await startOttla(options);
  client = new WireClient(ottla.host, ottla.port);
}

async function stop(): Promise<void> {
  client.close();
  await ottla.close();
}

async function restart(options: StartOttlaOptions): Promise<void> {
  await stop();
  await start(options);
}

const topic = (name: string, more: object = {}) => ({
  name,
  numPartitions: 1,
  replicationFactor: 1,
  ...more,
});

async function create(...topics: MessageInput<{ name: string }>[]) {
  const response = await client.call(Api.CreateTopics, 7, { topics, timeoutMs: 5000 });
  return response.topics;
}

const versionsOf = (min: number, max: number): number[] =>
  Array.from({ length: max - min + 1 }, (_, index) => min + index);

describe("Metadata", () => {
  it.each(versionsOf(0, 13))(
    "version %i shows brokers and a topic at the address that the client used",
    async (version) => {
      await create(topic("t", { numPartitions: 2 }));
      const response = await client.call(Api.Metadata, version, { topics: [{ name: "t" }] });
      expect(response.brokers).toEqual([
        { nodeId: 1, host: ottla.host, port: ottla.port, rack: null },
      ]);
      if (version >= 1) expect(response.controllerId).toBe(1);
      if (version >= 2) expect(response.clusterId).toMatch(/^[\w-]{22}$/);
      const [described] = response.topics;
      expect(described).toMatchObject({ errorCode: 0, name: "t", isInternal: false });
      expect(
        described?.partitions.map(({ partitionIndex, leaderId, replicaNodes, isrNodes }) => ({
          partitionIndex,
          leaderId,
          replicaNodes,
          isrNodes,
        })),
      ).toEqual([
        { partitionIndex: 0, leaderId: 1, replicaNodes: [1], isrNodes: [1] },
        { partitionIndex: 1, leaderId: 1, replicaNodes: [1], isrNodes: [1] },
      ]);
      expect(described?.partitions[0]?.leaderEpoch).toBe(version >= 7 ? 0 : -1);
      expect(described?.topicId === ZERO_UUID).toBe(version < 10);
      expect(response.errorCode).toBe(0);
    },
  );

  it("lists all topics for an empty list in version 0 and for null since version 1, none for an empty list since", async () => {
    await create(topic("a"), topic("b"));
    const names = async (version: number, topics: [] | null) => {
      const response = await client.call(Api.Metadata, version, { topics });
      return response.topics.map(({ name }) => name).sort();
    };
    expect(await names(0, [])).toEqual(["a", "b"]);
    expect(await names(1, null)).toEqual(["a", "b"]);
    expect(await names(1, [])).toEqual([]);
    expect(await names(12, null)).toEqual(["a", "b"]);
    expect(await names(12, [])).toEqual([]);
  });

  it("creates a missing topic within the call, when client and broker allow it", async () => {
    const [created] = (await client.call(Api.Metadata, 12, { topics: [{ name: "auto" }] })).topics;
    expect(created).toMatchObject({ errorCode: 0, name: "auto", partitions: [{ leaderId: 1 }] });
    const [older] = (await client.call(Api.Metadata, 1, { topics: [{ name: "auto1" }] })).topics;
    expect(older).toMatchObject({ errorCode: 0, name: "auto1" });
  });

  it("answers UNKNOWN_TOPIC_OR_PARTITION when the client does not want it created", async () => {
    const response = await client.call(Api.Metadata, 12, {
      topics: [{ name: "no" }],
      allowAutoTopicCreation: false,
    });
    expect(response.topics).toMatchObject([
      { errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, name: "no", partitions: [] },
    ]);
    expect((await client.call(Api.Metadata, 12, { topics: null })).topics).toEqual([]);
  });

  it("answers UNKNOWN_TOPIC_OR_PARTITION when the broker does not create topics", async () => {
    await restart({ settings: { "auto.create.topics.enable": false } });
    const response = await client.call(Api.Metadata, 12, { topics: [{ name: "no" }] });
    expect(response.topics[0]?.errorCode).toBe(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
  });

  it("creates with the broker's number of partitions", async () => {
    await restart({ settings: { "num.partitions": 6 } });
    const response = await client.call(Api.Metadata, 12, { topics: [{ name: "auto" }] });
    expect(response.topics[0]?.partitions).toHaveLength(6);
  });

  it.each(["a/b", "", "..", "x".repeat(250), "new\nline"])(
    "answers INVALID_TOPIC_EXCEPTION for the name %j",
    async (name) => {
      for (const allowAutoTopicCreation of [true, false]) {
        const response = await client.call(Api.Metadata, 12, {
          topics: [{ name }],
          allowAutoTopicCreation,
        });
        expect(response.topics).toMatchObject([
          { errorCode: ErrorCode.INVALID_TOPIC_EXCEPTION, name },
        ]);
      }
    },
  );

  it("tells the client at once that a name collides with another", async () => {
    await create(topic("a.b"));
    const response = await client.call(Api.Metadata, 12, { topics: [{ name: "a_b" }] });
    expect(response.topics[0]?.errorCode).toBe(ErrorCode.INVALID_TOPIC_EXCEPTION);
  });

  it("finds topics by id since version 12, and answers UNKNOWN_TOPIC_ID otherwise", async () => {
    const [created] = await create(topic("t"));
    const topicId = created?.topicId ?? "";
    const unknown = "AAAAAAAAAAAAAAAAAAABBA";
    const response = await client.call(Api.Metadata, 12, {
      topics: [
        { name: null, topicId },
        { name: null, topicId: unknown },
      ],
    });
    expect(response.topics).toMatchObject([
      { errorCode: 0, name: "t", topicId },
      { errorCode: ErrorCode.UNKNOWN_TOPIC_ID, name: null, topicId: unknown, partitions: [] },
    ]);
    const tooEarly = await client.call(Api.Metadata, 11, { topics: [{ name: "t", topicId }] });
    expect(tooEarly.topics).toMatchObject([{ errorCode: ErrorCode.INVALID_REQUEST, name: "t" }]);
  });

  it("answers a topic once that is asked for twice", async () => {
    const [created] = await create(topic("t"));
    const topicId = created?.topicId ?? "";
    const response = await client.call(Api.Metadata, 12, {
      topics: [{ name: "t" }, { name: "t" }, { name: null, topicId }],
    });
    expect(response.topics).toHaveLength(1);
  });

  it("shows authorized operations only when asked", async () => {
    await create(topic("t"));
    const asked = {
      includeClusterAuthorizedOperations: true,
      includeTopicAuthorizedOperations: true,
    };
    const told = await client.call(Api.Metadata, 8, { topics: [{ name: "t" }], ...asked });
    expect([told.clusterAuthorizedOperations, told.topics[0]?.topicAuthorizedOperations]).toEqual([
      8096, 3576,
    ]);
    const silent = await client.call(Api.Metadata, 8, { topics: [{ name: "t" }] });
    expect([
      silent.clusterAuthorizedOperations,
      silent.topics[0]?.topicAuthorizedOperations,
    ]).toEqual([-2_147_483_648, -2_147_483_648]);
  });

  it("gives the advertised address when one is configured", async () => {
    await restart({ settings: { "advertised.listeners": "PLAINTEXT://broker.example:19092" } });
    const response = await client.call(Api.Metadata, 12, { topics: [] });
    expect(response.brokers).toMatchObject([{ nodeId: 1, host: "broker.example", port: 19_092 }]);
  });
});

describe("DescribeTopicPartitions", () => {
  const describePage = (body: object) => client.call(Api.DescribeTopicPartitions, 0, body);
  const outline = async (body: object) => {
    const { topics, nextCursor } = await describePage(body);
    return {
      topics: topics.map(({ name, errorCode, partitions }) => [
        name,
        errorCode,
        partitions.map(({ partitionIndex }) => partitionIndex),
      ]),
      nextCursor: nextCursor && [nextCursor.topicName, nextCursor.partitionIndex],
    };
  };

  beforeEach(async () => {
    await create(topic("a", { numPartitions: 3 }), topic("b"));
  });

  it("shows whole topics in order of their names, with operations and no more pages", async () => {
    const { topics, nextCursor } = await describePage({ topics: [{ name: "b" }, { name: "a" }] });
    expect(topics.map(({ name }) => name)).toEqual(["a", "b"]);
    expect(topics[0]).toMatchObject({ topicAuthorizedOperations: 3576, isInternal: false });
    expect(topics[0]?.partitions[0]).toEqual({
      errorCode: 0,
      partitionIndex: 0,
      leaderId: 1,
      leaderEpoch: 0,
      replicaNodes: [1],
      isrNodes: [1],
      eligibleLeaderReplicas: [],
      lastKnownElr: [],
      offlineReplicas: [],
    });
    expect(nextCursor).toBeNull();
  });

  it.each([
    [
      "all topics without a list",
      { topics: [] },
      {
        topics: [
          ["a", 0, [0, 1, 2]],
          ["b", 0, [0]],
        ],
        nextCursor: null,
      },
    ],
    [
      "a page within a topic",
      { topics: [], responsePartitionLimit: 2 },
      { topics: [["a", 0, [0, 1]]], nextCursor: ["a", 2] },
    ],
    [
      "a page that ends with a topic",
      { topics: [], responsePartitionLimit: 3 },
      { topics: [["a", 0, [0, 1, 2]]], nextCursor: ["b", 0] },
    ],
    [
      "the page after a cursor",
      { topics: [], responsePartitionLimit: 2, cursor: { topicName: "a", partitionIndex: 2 } },
      {
        topics: [
          ["a", 0, [2]],
          ["b", 0, [0]],
        ],
        nextCursor: null,
      },
    ],
    [
      "a cursor on a topic deleted meanwhile",
      { topics: [], cursor: { topicName: "aa", partitionIndex: 2 } },
      { topics: [["b", 0, [0]]], nextCursor: null },
    ],
    [
      "at least one partition per page",
      { topics: [], responsePartitionLimit: 0 },
      { topics: [["a", 0, [0]]], nextCursor: ["a", 1] },
    ],
    [
      "missing and impossible topics",
      { topics: [{ name: "nope" }, { name: "a/" }, { name: "b" }] },
      {
        topics: [
          ["a/", ErrorCode.INVALID_TOPIC_EXCEPTION, []],
          ["b", 0, [0]],
          ["nope", ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, []],
        ],
        nextCursor: null,
      },
    ],
    [
      "INVALID_REQUEST for a cursor beside the list",
      { topics: [{ name: "b" }], cursor: { topicName: "a", partitionIndex: 0 } },
      { topics: [["b", ErrorCode.INVALID_REQUEST, []]], nextCursor: null },
    ],
    [
      "INVALID_REQUEST for a negative cursor",
      { topics: [{ name: "b" }], cursor: { topicName: "b", partitionIndex: -1 } },
      { topics: [["b", ErrorCode.INVALID_REQUEST, []]], nextCursor: null },
    ],
  ])("shows %s", async (_, request, expected) => {
    expect(await outline(request)).toEqual(expected);
  });

  it("obeys the broker's limit too", async () => {
    await restart({ settings: { "max.request.partition.size.limit": 1 } });
    await create(topic("a", { numPartitions: 3 }));
    expect(await outline({ topics: [] })).toEqual({
      topics: [["a", 0, [0]]],
      nextCursor: ["a", 1],
    });
  });
});

describe("CreateTopics", () => {
  it.each(versionsOf(2, 7))(
    "version %i creates a topic that can be used at once",
    async (version) => {
      const { topics } = await client.call(Api.CreateTopics, version, {
        topics: [topic("t", { numPartitions: 2 })],
        timeoutMs: 5000,
      });
      expect(topics).toMatchObject([{ name: "t", errorCode: 0, errorMessage: null }]);
      if (version >= 5)
        expect(topics[0]).toMatchObject({
          numPartitions: 2,
          replicationFactor: 1,
          topicConfigErrorCode: 0,
        });
      expect(topics[0]?.topicId === ZERO_UUID).toBe(version < 7);
      expect(ottla.broker.services.partitions.get("t", 1)?.isLeader).toBe(true);
    },
  );

  it("tells the settings of the new topic and where each comes from", async () => {
    const [created] = await create(
      topic("t", { configs: [{ name: "retention.ms", value: "77" }] }),
    );
    const setting = (name: string) => created?.configs?.find((one) => one.name === name);
    expect(setting("retention.ms")).toEqual({
      name: "retention.ms",
      value: "77",
      readOnly: false,
      configSource: 1,
      isSensitive: false,
    });
    expect(setting("segment.bytes")).toMatchObject({ value: "1073741824", configSource: 5 });
  });

  it("passes the settings on to the log", async () => {
    await create(topic("t", { configs: [{ name: "max.message.bytes", value: "1000" }] }));
    const image = ottla.broker.services.controller.image.topicsByName.get("t");
    expect(
      ottla.broker.config.effectiveTopicConfig(image?.configs ?? new Map()).log.maxMessageBytes,
    ).toBe(1000);
  });

  it.each([
    ["a taken name", [topic("taken")], ErrorCode.TOPIC_ALREADY_EXISTS],
    ["a wrong name", [topic("a/b")], ErrorCode.INVALID_TOPIC_EXCEPTION],
    ["no partitions", [topic("t", { numPartitions: 0 })], ErrorCode.INVALID_PARTITIONS],
    [
      "too many replicas",
      [topic("t", { replicationFactor: 2 })],
      ErrorCode.INVALID_REPLICATION_FACTOR,
    ],
    [
      "an unknown setting",
      [topic("t", { configs: [{ name: "nope", value: "1" }] })],
      ErrorCode.INVALID_CONFIG,
    ],
    [
      "a null setting",
      [topic("t", { configs: [{ name: "retention.ms", value: null }] })],
      ErrorCode.INVALID_CONFIG,
    ],
    [
      "a bad assignment",
      [
        {
          ...topic("t"),
          numPartitions: -1,
          replicationFactor: -1,
          assignments: [{ partitionIndex: 1, brokerIds: [1] }],
        },
      ],
      ErrorCode.INVALID_REPLICA_ASSIGNMENT,
    ],
    ["a name given twice", [topic("t"), topic("t")], ErrorCode.INVALID_REQUEST],
    [
      "more than 10,000 partitions",
      [topic("t", { numPartitions: 10_001 })],
      ErrorCode.POLICY_VIOLATION,
    ],
  ])("answers for %s with a message", async (_, topics, errorCode) => {
    await create(topic("taken"));
    const [result] = await create(...topics);
    expect(result).toMatchObject({
      errorCode,
      topicId: ZERO_UUID,
      numPartitions: -1,
      replicationFactor: -1,
    });
    expect(result?.errorMessage).toMatch(/^.{10,}$/);
    expect([...ottla.broker.services.controller.image.topicsByName.keys()]).toEqual(["taken"]);
  });

  it("creates nothing when it only validates, and REQUEST_TIMED_OUT without time", async () => {
    const validated = await client.call(Api.CreateTopics, 7, {
      topics: [topic("t")],
      timeoutMs: 5000,
      validateOnly: true,
    });
    expect(validated.topics).toMatchObject([{ errorCode: 0, numPartitions: 1 }]);
    const late = await client.call(Api.CreateTopics, 7, { topics: [topic("t")], timeoutMs: 0 });
    expect(late.topics).toMatchObject([{ errorCode: ErrorCode.REQUEST_TIMED_OUT }]);
    expect(ottla.broker.services.controller.image.topicsByName.size).toBe(0);
  });

  it("answers KAFKA_STORAGE_ERROR when the metadata cannot be written, and goes on when it can", async () => {
    const fileSystem = new MemoryFileSystem();
    await restart({ fileSystem });
    fileSystem.faults.add({ call: "write", nth: 1, code: "ENOSPC", path: "metadata.log" });
    expect(await create(topic("t"))).toMatchObject([{ errorCode: ErrorCode.KAFKA_STORAGE_ERROR }]);
    expect(await create(topic("t"))).toMatchObject([{ errorCode: 0 }]);
  });
});

describe("DeleteTopics", () => {
  it.each(versionsOf(1, 5))("version %i deletes by name", async (version) => {
    await create(topic("t"));
    const { responses } = await client.call(Api.DeleteTopics, version, {
      topicNames: ["t", "nope"],
      timeoutMs: 5000,
    });
    expect(responses.map(({ name, errorCode }) => [name, errorCode])).toEqual([
      ["t", 0],
      ["nope", ErrorCode.UNKNOWN_TOPIC_OR_PARTITION],
    ]);
    expect(ottla.broker.services.partitions.get("t", 0)).toBeUndefined();
  });

  it("version 6 deletes by name or id, and a topic created anew has another id and no data", async () => {
    const [first, second] = await create(topic("a"), topic("b"));
    const ids = [first?.topicId ?? "", second?.topicId ?? ""];
    const { responses } = await client.call(Api.DeleteTopics, 6, {
      topics: [
        { name: "a" },
        { name: null, topicId: ids[1] ?? "" },
        { name: null, topicId: "AAAAAAAAAAAAAAAAAAABBA" },
        { name: "b", topicId: ids[1] ?? "" },
        { name: null },
      ],
      timeoutMs: 5000,
    });
    expect(responses.map(({ name, topicId, errorCode }) => [name, topicId, errorCode])).toEqual([
      ["a", ids[0], 0],
      ["b", ids[1], 0],
      [null, "AAAAAAAAAAAAAAAAAAABBA", ErrorCode.UNKNOWN_TOPIC_ID],
      ["b", ids[1], ErrorCode.INVALID_REQUEST],
      [null, ZERO_UUID, ErrorCode.INVALID_REQUEST],
    ]);
    const [again] = await create(topic("a"));
    expect(ids).not.toContain(again?.topicId);
    expect(ottla.broker.services.partitions.get("a", 0)?.log.logEndOffset).toBe(0);
  });

  it("answers TOPIC_DELETION_DISABLED, or INVALID_REQUEST to clients that do not know it", async () => {
    await restart({ settings: { "delete.topic.enable": false } });
    await create(topic("t"));
    const codeIn = async (version: number) =>
      (await client.call(Api.DeleteTopics, version, { topicNames: ["t"], timeoutMs: 5000 }))
        .responses[0]?.errorCode;
    expect(await codeIn(5)).toBe(ErrorCode.TOPIC_DELETION_DISABLED);
    expect(await codeIn(2)).toBe(ErrorCode.INVALID_REQUEST);
  });
});

describe("CreatePartitions", () => {
  it.each(versionsOf(0, 3))(
    "version %i adds partitions that can be used at once",
    async (version) => {
      await create(topic("t"));
      const { results } = await client.call(Api.CreatePartitions, version, {
        topics: [{ name: "t", count: 3, assignments: null }],
        timeoutMs: 5000,
      });
      expect(results).toEqual([{ name: "t", errorCode: 0, errorMessage: null }]);
      expect(ottla.broker.services.partitions.get("t", 2)?.isLeader).toBe(true);
    },
  );

  it("refuses a count that is no increase and an assignment of the wrong size", async () => {
    await create(topic("t", { numPartitions: 2 }));
    const codeOf = async (more: object) =>
      (
        await client.call(Api.CreatePartitions, 3, {
          topics: [{ name: "t", assignments: null, ...more }],
          timeoutMs: 5000,
        })
      ).results[0]?.errorCode;
    expect(await codeOf({ count: 2 })).toBe(ErrorCode.INVALID_PARTITIONS);
    expect(await codeOf({ count: 4, assignments: [{ brokerIds: [1] }] })).toBe(
      ErrorCode.INVALID_REPLICA_ASSIGNMENT,
    );
    expect(await codeOf({ count: 4, assignments: [{ brokerIds: [1] }, { brokerIds: [1] }] })).toBe(
      0,
    );
  });
});

describe("DescribeConfigs", () => {
  const describeOne = async (version: number, resource: object, options: object = {}) => {
    const { results } = await client.call(Api.DescribeConfigs, version, {
      resources: [resource as { resourceType: number }],
      ...options,
    });
    return results[0];
  };
  const topicResource = (configurationKeys: string[] | null) => ({
    resourceType: 2,
    resourceName: "t",
    configurationKeys,
  });

  beforeEach(async () => {
    await restart({ settings: { "log.retention.hours": 2 } });
    await create(topic("t", { configs: [{ name: "cleanup.policy", value: "compact" }] }));
  });

  it.each(versionsOf(1, 4))("version %i tells values and where they come from", async (version) => {
    const result = await describeOne(
      version,
      topicResource(["cleanup.policy", "retention.ms", "segment.ms", "nope"]),
    );
    expect(result).toMatchObject({ errorCode: 0, resourceType: 2, resourceName: "t" });
    const configs = result?.configs.map(({ name, value, configSource }) => [
      name,
      value,
      configSource,
    ]);
    expect(configs).toEqual([
      ["cleanup.policy", "compact", 1],
      ["retention.ms", "7200000", 4],
      ["segment.ms", "604800000", 5],
    ]);
  });

  it("lists all settings for null and for an empty list", async () => {
    const all = (await describeOne(4, topicResource(null)))?.configs.length ?? 0;
    expect(all).toBeGreaterThan(30);
    expect((await describeOne(4, topicResource([])))?.configs).toHaveLength(all);
  });

  it("tells synonyms in order of priority, and documentation and types, when asked", async () => {
    const both = { includeSynonyms: true, includeDocumentation: true };
    const result = await describeOne(3, topicResource(["cleanup.policy", "retention.ms"]), both);
    const [policy, retention] = result?.configs ?? [];
    expect(policy?.synonyms).toEqual([
      { name: "cleanup.policy", value: "compact", source: 1 },
      { name: "log.cleanup.policy", value: "delete", source: 5 },
    ]);
    expect(retention?.synonyms).toEqual([{ name: "log.retention.hours", value: "2", source: 4 }]);
    expect([policy?.configType, retention?.configType]).toEqual([7, 5]);
    expect(policy?.documentation).toMatch(/old records/);
    const silent = await describeOne(3, topicResource(["cleanup.policy"]));
    expect(silent?.configs[0]).toMatchObject({ synonyms: [], documentation: null });
  });

  it("tells the settings of this broker, read-only", async () => {
    const result = await describeOne(
      4,
      {
        resourceType: 4,
        resourceName: "1",
        configurationKeys: ["log.retention.hours", "num.partitions", "log.retention.ms"],
      },
      { includeSynonyms: true },
    );
    expect(
      result?.configs.map(({ name, value, configSource, readOnly }) => [
        name,
        value,
        configSource,
        readOnly,
      ]),
    ).toEqual([
      ["num.partitions", "1", 5, true],
      ["log.retention.hours", "2", 4, true],
      ["log.retention.ms", null, 5, true],
    ]);
    expect(
      (await describeOne(4, { resourceType: 4, resourceName: "", configurationKeys: null }))
        ?.configs,
    ).toEqual([]);
  });

  it.each([
    [
      "an unknown topic",
      { resourceType: 2, resourceName: "nope" },
      ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
    ],
    [
      "an impossible topic",
      { resourceType: 2, resourceName: "a/b" },
      ErrorCode.INVALID_TOPIC_EXCEPTION,
    ],
    ["another broker", { resourceType: 4, resourceName: "2" }, ErrorCode.INVALID_REQUEST],
    ["no broker at all", { resourceType: 4, resourceName: "x" }, ErrorCode.INVALID_REQUEST],
    [
      "a kind of resource that is not served",
      { resourceType: 99, resourceName: "x" },
      ErrorCode.INVALID_REQUEST,
    ],
  ])("answers for %s", async (_, resource, errorCode) => {
    expect(await describeOne(4, { ...resource, configurationKeys: null })).toMatchObject({
      errorCode,
      configs: [],
    });
  });
});

describe("DescribeCluster", () => {
  it.each(versionsOf(0, 2))(
    "version %i shows the broker, the controller and the cluster",
    async (version) => {
      const { clusterId } = ottla.broker.services.controller.image;
      expect(
        await client.call(Api.DescribeCluster, version, {
          includeClusterAuthorizedOperations: true,
        }),
      ).toMatchObject({
        errorCode: 0,
        clusterId,
        controllerId: 1,
        brokers: [{ brokerId: 1, host: ottla.host, port: ottla.port, rack: null, isFenced: false }],
        clusterAuthorizedOperations: 8096,
      });
    },
  );

  it("refuses the endpoint type of controllers and unknown ones", async () => {
    const codeOf = async (endpointType: number) =>
      (await client.call(Api.DescribeCluster, 1, { endpointType })).errorCode;
    expect(await codeOf(2)).toBe(ErrorCode.MISMATCHED_ENDPOINT_TYPE);
    expect(await codeOf(3)).toBe(ErrorCode.UNSUPPORTED_ENDPOINT_TYPE);
  });
});

describe("InitProducerId", () => {
  const init = (version: number, more: object = {}) =>
    client.call(Api.InitProducerId, version, {
      transactionalId: null,
      transactionTimeoutMs: 1000,
      ...more,
    });

  it.each(versionsOf(0, 5))(
    "version %i gives every idempotent producer an id of its own at epoch 0",
    async (version) => {
      const [first, second] = [await init(version), await init(version)];
      expect(first).toMatchObject({ errorCode: 0, producerEpoch: 0 });
      expect(second.producerId).not.toBe(first.producerId);
    },
  );

  it("gives a new id to a producer that names the one it had, and no id twice over a restart", async () => {
    const fileSystem = new MemoryFileSystem();
    await restart({ fileSystem });
    const { producerId } = await init(4, { producerId: 5n, producerEpoch: 3 });
    await restart({ fileSystem });
    expect((await init(4)).producerId).toBeGreaterThan(producerId);
  });

  it.each([
    ["an empty transactional id", { transactionalId: "" }, ErrorCode.INVALID_REQUEST],
    ["an id without its epoch", { producerId: 5n, producerEpoch: -1 }, ErrorCode.INVALID_REQUEST],
    ["an epoch without its id", { producerId: -1n, producerEpoch: 1 }, ErrorCode.INVALID_REQUEST],
    [
      "a transaction timeout of nothing",
      { transactionalId: "tx", transactionTimeoutMs: 0 },
      ErrorCode.INVALID_TRANSACTION_TIMEOUT,
    ],
    [
      "a transactional id, as no coordinator is there",
      { transactionalId: "tx" },
      ErrorCode.COORDINATOR_NOT_AVAILABLE,
    ],
  ])("refuses %s", async (_, more, errorCode) => {
    expect(await init(4, more)).toMatchObject({ errorCode, producerId: -1n, producerEpoch: -1 });
  });
});

describe("a broker that starts again", () => {
  it("has its topics, ids and settings, with new leader epochs", async () => {
    const fileSystem = new MemoryFileSystem();
    await restart({ fileSystem });
    const [created] = await create(
      topic("t", { numPartitions: 3, configs: [{ name: "retention.ms", value: "5000" }] }),
    );
    await restart({ fileSystem });
    const { topics } = await client.call(Api.Metadata, 12, { topics: null });
    expect(topics).toMatchObject([
      {
        name: "t",
        topicId: created?.topicId,
        partitions: [{ leaderEpoch: 1 }, { leaderEpoch: 1 }, { leaderEpoch: 1 }],
      },
    ]);
    const resource = { resourceType: 2, resourceName: "t", configurationKeys: ["retention.ms"] };
    const { results } = await client.call(Api.DescribeConfigs, 4, { resources: [resource] });
    expect(results[0]?.configs).toMatchObject([{ value: "5000", configSource: 1 }]);
  });
});
