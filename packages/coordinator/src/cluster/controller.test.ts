import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ErrorCode } from "@ottla/protocol";
import { NodeFileSystem, SystemRandom, silentLogger } from "@ottla/runtime";
import type { TopicConfigAlteration } from "./alter-topic-configs.ts";
import { Controller } from "./controller.ts";
import type { CreateTopicResult, NewTopic } from "./create-topics.ts";
import { EmbeddedStore } from "./embedded-store.ts";
import type { MetadataDelta } from "./metadata-image.ts";
import type { TopicRules } from "./topic-plan.ts";

const rules: TopicRules = {
  defaultNumPartitions: 3,
  defaultReplicationFactor: 1,
  topicDeletionEnabled: true,
  configProblem: (configs) => {
    for (const [name, value] of configs) {
      if (name !== "retention.ms") return "unknown topic setting";
      if (value === null) return "null";
    }
    return undefined;
  },
};

let directory: string;
let store: EmbeddedStore;
let controller: Controller;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "ottla-controller-"));
  await start();
});

afterEach(async () => {
  await stop();
  rmSync(directory, { recursive: true, force: true });
});

async function start(
  overrides: { rules?: TopicRules; brokers?: number; clusterId?: string } = {},
): Promise<void> {
  store = await EmbeddedStore.open({
    fileSystem: new NodeFileSystem(),
    directory,
    logger: silentLogger,
  });
  const { brokers = 1, rules: given = rules, ...rest } = overrides;
  controller = await Controller.open({
    store,
    rules: given,
    random: new SystemRandom(),
    logger: silentLogger,
    ...rest,
  });
  for (let brokerId = 1; brokerId <= brokers; brokerId++) {
    await controller.registerBroker({
      brokerId,
      rack: null,
      endpoints: [{ listenerName: "PLAINTEXT", host: "h", port: brokerId }],
    });
  }
}

async function stop(): Promise<void> {
  controller.close();
  await store.close();
}

const topic = (name: string, more: Partial<NewTopic> = {}): NewTopic => ({
  name,
  numPartitions: 1,
  replicationFactor: 1,
  ...more,
});

async function createOne(more: Partial<NewTopic>, name = "t"): Promise<CreateTopicResult> {
  const [result] = await controller.createTopics([topic(name, more)]);
  if (!result) throw new Error("no result");
  return result;
}

const codesOf = (results: readonly { ok: boolean; errorCode?: number }[]): number[] =>
  results.map((result) => (result.ok ? 0 : (result.errorCode ?? 0)));

describe("creating topics", () => {
  it("makes a topic with one leader, replica and ISR member per partition, at epoch 0", async () => {
    const result = await createOne({
      numPartitions: 2,
      configs: [{ name: "retention.ms", value: "5" }],
    });
    const created = controller.image.topicsByName.get("t");
    expect(result).toMatchObject({
      ok: true,
      topicId: created?.topicId,
      numPartitions: 2,
      replicationFactor: 1,
    });
    expect(created?.topicId).toMatch(/^[\w-]{22}$/);
    expect(created?.configs).toEqual(new Map([["retention.ms", "5"]]));
    expect(created?.partitions).toEqual(
      [0, 1].map((partition) => ({
        partition,
        leader: 1,
        leaderEpoch: 0,
        partitionEpoch: 0,
        replicas: [1],
        isr: [1],
        offlineReplicas: [],
      })),
    );
    expect(controller.image.topicsById.get(created?.topicId ?? "")).toBe(created);
  });

  it("takes the broker's defaults for counts of -1", async () => {
    expect(await createOne({ numPartitions: -1, replicationFactor: -1 })).toMatchObject({
      numPartitions: 3,
      replicationFactor: 1,
    });
  });

  it("answers TOPIC_ALREADY_EXISTS for a name that is taken", async () => {
    await createOne({});
    expect(await createOne({})).toMatchObject({ errorCode: ErrorCode.TOPIC_ALREADY_EXISTS });
  });

  it.each(["", ".", "..", "a/b", "a b", "a\0", "a\r\nb", "ü", "x".repeat(250)])(
    "answers INVALID_TOPIC_EXCEPTION for the name %j",
    async (name) => {
      expect(await createOne({}, name)).toMatchObject({
        errorCode: ErrorCode.INVALID_TOPIC_EXCEPTION,
      });
    },
  );

  it.each(["x".repeat(249), "__proto__", "constructor", "-", "A.b-C_9"])(
    "accepts the name %j",
    async (name) => {
      expect(await createOne({}, name)).toMatchObject({ ok: true });
      expect(controller.image.topicsByName.get(name)?.name).toBe(name);
    },
  );

  it("refuses a name that differs from another only in dots and underscores", async () => {
    await createOne({}, "a.b_c");
    expect(await createOne({}, "a_b.c")).toMatchObject({
      errorCode: ErrorCode.INVALID_TOPIC_EXCEPTION,
    });
    expect(await createOne({}, "a.b.c.d")).toMatchObject({ ok: true });
    expect(codesOf(await controller.createTopics([topic("m.n"), topic("m_n")]))).toEqual([
      0,
      ErrorCode.INVALID_TOPIC_EXCEPTION,
    ]);
  });

  it("refuses the name of the cluster's own log", async () => {
    expect(await createOne({}, "__cluster_metadata")).toMatchObject({
      errorCode: ErrorCode.INVALID_REQUEST,
    });
  });

  it.each([0, -2])("answers INVALID_PARTITIONS for %i partitions", async (numPartitions) => {
    expect(await createOne({ numPartitions })).toMatchObject({
      errorCode: ErrorCode.INVALID_PARTITIONS,
    });
  });

  it.each([0, -2, 2])(
    "answers INVALID_REPLICATION_FACTOR for %i replicas on one broker",
    async (replicationFactor) => {
      expect(await createOne({ replicationFactor })).toMatchObject({
        errorCode: ErrorCode.INVALID_REPLICATION_FACTOR,
      });
    },
  );

  it.each([
    ["an unknown name", { name: "nope", value: "1" }],
    ["a null value", { name: "retention.ms", value: null }],
  ])(
    "answers INVALID_CONFIG for a setting with %s, before it looks at the counts",
    async (_, config) => {
      expect(await createOne({ configs: [config], numPartitions: 0 })).toMatchObject({
        errorCode: ErrorCode.INVALID_CONFIG,
      });
    },
  );

  it("answers INVALID_REQUEST for a topic named twice, and creates the others", async () => {
    const results = await controller.createTopics([topic("twice"), topic("twice"), topic("once")]);
    expect(results.map(({ name }) => name)).toEqual(["twice", "once"]);
    expect(codesOf(results)).toEqual([ErrorCode.INVALID_REQUEST, 0]);
    expect([...controller.image.topicsByName.keys()]).toEqual(["once"]);
  });

  it("answers POLICY_VIOLATION for every topic of a request for more than 10,000 partitions", async () => {
    const results = await controller.createTopics([
      topic("big", { numPartitions: 10_000 }),
      topic("small"),
    ]);
    expect(codesOf(results)).toEqual([ErrorCode.POLICY_VIOLATION, ErrorCode.POLICY_VIOLATION]);
    expect(controller.image.topicsByName.size).toBe(0);
    expect(
      codesOf(await controller.createTopics([topic("most", { numPartitions: 10_000 })])),
    ).toEqual([0]);
  });

  it("writes nothing when it only validates", async () => {
    const { revision } = controller.image;
    const results = await controller.createTopics([topic("t")], { validateOnly: true });
    expect(codesOf(results)).toEqual([0]);
    expect(controller.image.revision).toBe(revision);
    expect(controller.image.topicsByName.size).toBe(0);
  });

  it("lets one of many concurrent requests for a name win", async () => {
    const all = await Promise.all(Array.from({ length: 20 }, () => createOne({})));
    expect(all.filter(({ ok }) => ok)).toHaveLength(1);
    expect(codesOf(all.filter(({ ok }) => !ok))).toEqual(
      Array(19).fill(ErrorCode.TOPIC_ALREADY_EXISTS),
    );
  });
});

describe("assigning replicas by hand", () => {
  const assigned = (
    assignments: NewTopic["assignments"],
    more: Partial<NewTopic> = {},
  ): Partial<NewTopic> => ({
    numPartitions: -1,
    replicationFactor: -1,
    ...(assignments ? { assignments } : {}),
    ...more,
  });

  it("places partitions as told, with the first replica leading", async () => {
    await stop();
    await start({ brokers: 3 });
    await createOne(
      assigned([
        { partition: 1, brokerIds: [3, 1] },
        { partition: 0, brokerIds: [2, 3] },
      ]),
    );
    const partitions = controller.image.topicsByName.get("t")?.partitions;
    expect(partitions?.map(({ leader, replicas, isr }) => ({ leader, replicas, isr }))).toEqual([
      { leader: 2, replicas: [2, 3], isr: [2, 3] },
      { leader: 3, replicas: [3, 1], isr: [3, 1] },
    ]);
  });

  it.each([
    ["a gap in the partitions", [{ partition: 1, brokerIds: [1] }]],
    [
      "a partition given twice",
      [
        { partition: 0, brokerIds: [1] },
        { partition: 0, brokerIds: [1] },
      ],
    ],
    ["a broker given twice", [{ partition: 0, brokerIds: [1, 1] }]],
    ["an unknown broker", [{ partition: 0, brokerIds: [9] }]],
    ["no replica", [{ partition: 0, brokerIds: [] }]],
    [
      "unequal numbers of replicas",
      [
        { partition: 0, brokerIds: [1, 2] },
        { partition: 1, brokerIds: [1] },
      ],
    ],
  ])("answers INVALID_REPLICA_ASSIGNMENT for %s", async (_, assignments) => {
    await stop();
    await start({ brokers: 2 });
    expect(await createOne(assigned(assignments))).toMatchObject({
      errorCode: ErrorCode.INVALID_REPLICA_ASSIGNMENT,
    });
  });

  it.each([{ numPartitions: 1 }, { replicationFactor: 1 }])(
    "answers INVALID_REQUEST together with %j",
    async (counts) => {
      const given = assigned([{ partition: 0, brokerIds: [1] }], counts);
      expect(await createOne(given)).toMatchObject({ errorCode: ErrorCode.INVALID_REQUEST });
    },
  );
});

describe("deleting topics", () => {
  const byName = (name: string) => ({ name, topicId: null });
  const byId = (topicId: string) => ({ name: null, topicId });

  it("deletes by name and by id, and gives a new topic of that name a new id", async () => {
    await controller.createTopics([topic("a"), topic("b")]);
    const idOfA = controller.image.topicsByName.get("a")?.topicId ?? "";
    const idOfB = controller.image.topicsByName.get("b")?.topicId ?? "";
    const results = await controller.deleteTopics([byName("a"), byId(idOfB)]);
    expect(results).toEqual([
      { name: "a", topicId: idOfA, ok: true },
      { name: "b", topicId: idOfB, ok: true },
    ]);
    expect(controller.image.topicsByName.size + controller.image.topicsById.size).toBe(0);
    await createOne({ numPartitions: 2 }, "a");
    expect(controller.image.topicsByName.get("a")?.topicId).not.toBe(idOfA);
    expect(controller.image.topicsByName.get("a")?.partitions).toHaveLength(2);
  });

  it("deletes a topic once that is named by name and by id", async () => {
    await createOne({});
    const { topicId = "" } = controller.image.topicsByName.get("t") ?? {};
    expect(codesOf(await controller.deleteTopics([byName("t"), byId(topicId)]))).toEqual([0, 0]);
  });

  it.each([
    ["an unknown name", { name: "nope", topicId: null }, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION],
    [
      "an unknown id",
      { name: null, topicId: "AAAAAAAAAAAAAAAAAAABBA" },
      ErrorCode.UNKNOWN_TOPIC_ID,
    ],
    ["name and id", { name: "t", topicId: "AAAAAAAAAAAAAAAAAAABBA" }, ErrorCode.INVALID_REQUEST],
    ["neither", { name: null, topicId: null }, ErrorCode.INVALID_REQUEST],
  ])("answers for %s with the code of Kafka", async (_, reference, errorCode) => {
    await createOne({});
    expect(codesOf(await controller.deleteTopics([reference]))).toEqual([errorCode]);
    expect(controller.image.topicsByName.has("t")).toBe(true);
  });

  it("answers INVALID_REQUEST once for a topic named twice and keeps it", async () => {
    await createOne({});
    expect(codesOf(await controller.deleteTopics([byName("t"), byName("t")]))).toEqual([
      ErrorCode.INVALID_REQUEST,
    ]);
    expect(controller.image.topicsByName.has("t")).toBe(true);
  });

  it("answers TOPIC_DELETION_DISABLED when deletion is switched off", async () => {
    await createOne({});
    await stop();
    await start({ rules: { ...rules, topicDeletionEnabled: false } });
    expect(codesOf(await controller.deleteTopics([byName("t")]))).toEqual([
      ErrorCode.TOPIC_DELETION_DISABLED,
    ]);
  });
});

describe("adding partitions", () => {
  const increase = (count: number, assignments?: number[][], name = "t") => ({
    name,
    count,
    assignments,
  });

  it("adds partitions and leaves the existing ones as they are", async () => {
    await createOne({ numPartitions: 2 });
    const before = controller.image.topicsByName.get("t")?.partitions;
    expect(codesOf(await controller.createPartitions([increase(5)]))).toEqual([0]);
    const after = controller.image.topicsByName.get("t")?.partitions;
    expect(after).toHaveLength(5);
    expect(after?.slice(0, 2)).toEqual(before);
    expect(after?.map(({ partition }) => partition)).toEqual([0, 1, 2, 3, 4]);
  });

  it.each([
    ["as many as there are", increase(2), ErrorCode.INVALID_PARTITIONS],
    ["fewer", increase(1), ErrorCode.INVALID_PARTITIONS],
    ["a negative count", increase(-1), ErrorCode.INVALID_PARTITIONS],
    ["an unknown topic", increase(3, undefined, "nope"), ErrorCode.UNKNOWN_TOPIC_OR_PARTITION],
    ["too few assignments", increase(4, [[1]]), ErrorCode.INVALID_REPLICA_ASSIGNMENT],
    ["an empty list of assignments", increase(3, []), ErrorCode.INVALID_REPLICA_ASSIGNMENT],
    ["an unknown broker", increase(3, [[7]]), ErrorCode.INVALID_REPLICA_ASSIGNMENT],
    ["another number of replicas", increase(3, [[1, 2]]), ErrorCode.INVALID_REPLICA_ASSIGNMENT],
  ])("answers for %s with the code of Kafka", async (_, request, errorCode) => {
    await createOne({ numPartitions: 2 });
    expect(codesOf(await controller.createPartitions([request]))).toEqual([errorCode]);
    expect(controller.image.topicsByName.get("t")?.partitions).toHaveLength(2);
  });

  it("answers INVALID_REQUEST for a topic named twice", async () => {
    await createOne({});
    expect(codesOf(await controller.createPartitions([increase(3), increase(4)]))).toEqual([
      ErrorCode.INVALID_REQUEST,
    ]);
  });

  it("writes nothing when it only validates", async () => {
    await createOne({});
    expect(
      codesOf(await controller.createPartitions([increase(3)], { validateOnly: true })),
    ).toEqual([0]);
    expect(controller.image.topicsByName.get("t")?.partitions).toHaveLength(1);
  });
});

describe("topic settings", () => {
  const put =
    (name: string, value: string): TopicConfigAlteration =>
    (before) => ({ ok: true, configs: new Map([...before, [name, value]]) });
  const clear: TopicConfigAlteration = () => ({ ok: true, configs: new Map() });

  it("sets and unsets single settings and refuses wrong ones", async () => {
    await createOne({ configs: [{ name: "retention.ms", value: "1" }] });
    expect(await controller.alterTopicConfigs("t", put("retention.ms", "2"))).toEqual({ ok: true });
    expect(controller.image.topicsByName.get("t")?.configs).toEqual(
      new Map([["retention.ms", "2"]]),
    );
    expect(await controller.alterTopicConfigs("t", put("nope", "2"))).toMatchObject({
      errorCode: ErrorCode.INVALID_CONFIG,
    });
    expect(await controller.alterTopicConfigs("t", clear)).toEqual({ ok: true });
    expect(controller.image.topicsByName.get("t")?.configs.size).toBe(0);
    expect(controller.image.topicsByName.get("t")?.partitions).toHaveLength(1);
  });

  it("looks at the name first, then at the settings, and at last whether there is such a topic", async () => {
    const codeOf = async (name: string, alteration: TopicConfigAlteration) => {
      const result = await controller.alterTopicConfigs(name, alteration);
      return result.ok ? 0 : result.errorCode;
    };
    expect(await codeOf("a b", put("nope", "2"))).toBe(ErrorCode.INVALID_TOPIC_EXCEPTION);
    expect(await codeOf("u", put("nope", "2"))).toBe(ErrorCode.INVALID_CONFIG);
    expect(await codeOf("u", clear)).toBe(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
  });

  it("writes nothing when nothing changes, or when it is only asked what would happen", async () => {
    await createOne({ configs: [{ name: "retention.ms", value: "1" }] });
    const { revision } = controller.image;
    await controller.alterTopicConfigs("t", put("retention.ms", "1"));
    await controller.alterTopicConfigs("t", put("retention.ms", "2"), { validateOnly: true });
    expect(controller.image.revision).toBe(revision);
    expect(controller.image.topicsByName.get("t")?.configs.get("retention.ms")).toBe("1");
  });

  it("two changes at once both hold", async () => {
    await createOne({});
    const grow: TopicConfigAlteration = (before) => ({
      ok: true,
      configs: new Map([["retention.ms", String(Number(before.get("retention.ms") ?? 0) + 1)]]),
    });
    await Promise.all([grow, grow, grow].map((one) => controller.alterTopicConfigs("t", one)));
    expect(controller.image.topicsByName.get("t")?.configs.get("retention.ms")).toBe("3");
  });
});

describe("the cluster", () => {
  it("survives a restart with its id, topics, ids and settings", async () => {
    await controller.createTopics([
      topic("a", { numPartitions: 4, configs: [{ name: "retention.ms", value: "9" }] }),
      topic("b"),
    ]);
    const { clusterId, topicsByName } = controller.image;
    expect(clusterId).toMatch(/^[\w-]{22}$/);
    await stop();
    await start();
    expect(controller.image.clusterId).toBe(clusterId);
    for (const [name, before] of topicsByName) {
      const after = controller.image.topicsByName.get(name);
      expect(after?.topicId).toBe(before.topicId);
      expect(after?.configs).toEqual(before.configs);
      expect(after?.partitions.length).toBe(before.partitions.length);
    }
  });

  it("refuses the data of another cluster with one line", async () => {
    await stop();
    await expect(start({ clusterId: "another" })).rejects.toThrow(
      /belongs to cluster .* but this broker to cluster another/,
    );
    await start();
  });

  it("gives a broker a new epoch and its partitions new leader epochs at every start", async () => {
    await createOne({});
    const [before] = controller.image.topicsByName.get("t")?.partitions ?? [];
    await stop();
    await start();
    const [after] = controller.image.topicsByName.get("t")?.partitions ?? [];
    expect(after).toEqual({ ...before, leaderEpoch: 1, partitionEpoch: 1 });
    expect(controller.image.brokers.get(1)?.brokerEpoch).toBe(2);
    expect(controller.image.controllerId).toBe(1);
  });

  it("changes leader and ISR only from the partition epoch that the leader knows", async () => {
    await stop();
    await start({ brokers: 2 });
    await createOne({ replicationFactor: 2 });
    const { topicId = "", partitions = [] } = controller.image.topicsByName.get("t") ?? {};
    const old = partitions[0]?.leader ?? 0;
    const other = 3 - old;
    const base = { topicId, partition: 0, leader: old };
    expect(
      await controller.changePartition({ ...base, expectedPartitionEpoch: 0, isr: [old] }),
    ).toEqual({ ok: true });
    const stale = { ...base, expectedPartitionEpoch: 0, isr: [old, other] };
    expect(await controller.changePartition(stale)).toMatchObject({
      errorCode: ErrorCode.INVALID_UPDATE_VERSION,
    });
    const moved = { ...base, expectedPartitionEpoch: 1, leader: other, isr: [other] };
    expect(await controller.changePartition(moved)).toEqual({ ok: true });
    expect(controller.image.topicsById.get(topicId)?.partitions[0]).toMatchObject({
      leader: other,
      leaderEpoch: 1,
      partitionEpoch: 2,
      isr: [other],
    });
  });

  it("never hands out a producer id twice, over restarts and under concurrency", async () => {
    const ids = new Set<bigint>();
    for (let round = 0; round < 3; round++) {
      const drawn = await Promise.all(
        Array.from({ length: 1500 }, () => controller.nextProducerId()),
      );
      for (const id of drawn) ids.add(id);
      await stop();
      await start();
    }
    expect(ids.size).toBe(4500);
    expect([...ids].every((id) => id >= 0n)).toBe(true);
  });
});

describe("images", () => {
  it("are never changed in place, and deltas say what is new", async () => {
    const deltas: MetadataDelta[] = [];
    const stopListening = controller.onImage((_image, delta) => deltas.push(delta));
    const empty = controller.image;
    await createOne({});
    const created = controller.image;
    await controller.createPartitions([{ name: "t", count: 2, assignments: undefined }]);
    const grown = controller.image;
    await controller.deleteTopics([{ name: "t", topicId: null }]);
    expect(empty.topicsByName.size).toBe(0);
    expect(created.topicsByName.get("t")?.partitions).toHaveLength(1);
    expect(grown.topicsByName.get("t")?.partitions).toHaveLength(2);
    expect(
      deltas.map(({ createdTopics, changedTopics, deletedTopics }) => [
        createdTopics.length,
        changedTopics.length,
        deletedTopics.length,
      ]),
    ).toEqual([
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ]);
    expect(deltas[1]?.changedTopics[0]?.before).toBe(created.topicsByName.get("t"));
    stopListening();
    await createOne({}, "later");
    expect(deltas).toHaveLength(3);
  });

  it("mark internal topics", async () => {
    await controller.createTopics([topic("__consumer_offsets"), topic("__mine")]);
    expect(controller.image.topicsByName.get("__consumer_offsets")?.internal).toBe(true);
    expect(controller.image.topicsByName.get("__mine")?.internal).toBe(false);
  });
});
