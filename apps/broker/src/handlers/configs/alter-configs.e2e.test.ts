import { Api, ErrorCode, type IncrementalAlterConfigsRequest } from "@ottla/protocol";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { startOttla, type Ottla } from "../../start-ottla.ts";
import { createTopic } from "../../test/requests.ts";
import { WireClient } from "../../test/wire-client.ts";

let ottla: Ottla;
let client: WireClient;
let topic = "";
let topics = 0;

beforeAll(async () => {
  ottla = await startOttla();
  client = await WireClient.connect(ottla.port);
});

afterAll(async () => {
  await client[Symbol.asyncDispose]();
  await ottla.close();
});

beforeEach(async () => {
  topic = `t${(topics += 1)}`;
  await createTopic(client, topic);
});

const [SET, DELETE, APPEND, SUBTRACT] = [0, 1, 2, 3];
const TOPIC = 2;
type Change = readonly [name: string, operation: number | undefined, value: string | null];

function resource(
  name: string,
  changes: readonly Change[],
  resourceType = TOPIC,
): IncrementalAlterConfigsRequest["resources"][number] {
  return {
    resourceType,
    resourceName: name,
    configs: changes.map(([setting, operation, value]) => ({
      name: setting,
      configOperation: operation ?? SET!,
      value,
    })),
  };
}

interface SendOptions {
  readonly validateOnly?: boolean;
  readonly version?: number;
}

async function alterAll(
  resources: IncrementalAlterConfigsRequest["resources"],
  options: SendOptions = {},
) {
  const { validateOnly = false, version = 1 } = options;
  const { responses } = await client.send(Api.IncrementalAlterConfigs, version, {
    resources,
    validateOnly,
  });
  return responses;
}

async function alter(changes: readonly Change[], options: SendOptions = {}) {
  const [answer] = await alterAll([resource(topic, changes)], options);
  return [answer!.errorCode, answer!.errorMessage];
}

async function replace(
  settings: Readonly<Record<string, string | null>>,
  options: SendOptions = {},
) {
  const { validateOnly = false, version = 2 } = options;
  const configs = Object.entries(settings).map(([name, value]) => ({ name, value }));
  const resources = [{ resourceType: TOPIC, resourceName: topic, configs }];
  const { responses } = await client.send(Api.AlterConfigs, version, { resources, validateOnly });
  return [responses[0]!.errorCode, responses[0]!.errorMessage];
}

/** What the topic sets itself. */
async function own(name = topic): Promise<Record<string, string | null>> {
  const { results } = await client.send(Api.DescribeConfigs, 4, {
    resources: [{ resourceType: TOPIC, resourceName: name, configurationKeys: null }],
  });
  const entries = results[0]!.configs.filter(({ configSource }) => configSource === 1);
  return Object.fromEntries(entries.map((entry) => [entry.name, entry.value]));
}

const DONE = [0, null];

describe("IncrementalAlterConfigs", () => {
  test.each([0, 1])(
    "version %i sets and unsets single settings; the others stay",
    async (version) => {
      expect(await alter([["retention.ms", SET, "1000"]], { version })).toEqual(DONE);
      expect(await alter([["segment.bytes", SET, "2000000"]], { version })).toEqual(DONE);
      expect(await own()).toEqual({ "retention.ms": "1000", "segment.bytes": "2000000" });
      expect(await alter([["retention.ms", DELETE, null]], { version })).toEqual(DONE);
      expect(await own()).toEqual({ "segment.bytes": "2000000" });
    },
  );

  test("unsetting what is not set, or does not exist, does nothing", async () => {
    expect(await alter([["retention.ms", DELETE, null]])).toEqual(DONE);
    expect(await alter([["no.such", DELETE, null]])).toEqual(DONE);
  });

  test("appends to and subtracts from lists, starting from Kafka's default", async () => {
    expect(await alter([["cleanup.policy", APPEND, "compact"]])).toEqual(DONE);
    expect(await own()).toEqual({ "cleanup.policy": "delete,compact" });
    expect(await alter([["cleanup.policy", APPEND, "compact, delete"]])).toEqual(DONE);
    expect(await own()).toEqual({ "cleanup.policy": "delete,compact" });
    expect(await alter([["cleanup.policy", SUBTRACT, "delete"]])).toEqual(DONE);
    expect(await own()).toEqual({ "cleanup.policy": "compact" });
    expect(await alter([["cleanup.policy", SUBTRACT, "delete"]])).toEqual(DONE);
    expect(await own()).toEqual({ "cleanup.policy": "compact" });
  });

  test("only asked what would happen, it changes nothing", async () => {
    expect(await alter([["retention.ms", SET, "55"]], { validateOnly: true })).toEqual(DONE);
    const [code] = await alter([["retention.ms", SET, "x"]], { validateOnly: true });
    expect(code).toBe(ErrorCode.INVALID_CONFIG);
    expect(await own()).toEqual({});
  });

  test.each<[Change, RegExp]>([
    [["no.such", SET, "1"], /^Unknown topic config name: no\.such$/],
    [["retention.mx", SET, "1"], /did you mean retention\.ms/],
    [["retention.ms", SET, "soon"], /^Invalid value soon for configuration retention\.ms/],
    [["min.cleanable.dirty.ratio", SET, "2"], /at most 1$/],
    [["segment.bytes", SET, "10"], /at least 1048576$/],
    [["cleanup.policy", APPEND, "shred"], /cleanup\.policy/],
    [["retention.ms", APPEND, "1"], /APPEND to key retention\.ms .* not LIST/],
    [["retention.ms", SUBTRACT, "1"], /SUBTRACT to key retention\.ms .* not LIST/],
    [["no.such", APPEND, "1"], /APPEND to key no\.such/],
    [["constructor", APPEND, "1"], /APPEND to key constructor/],
    [["max.compaction.lag.ms", SET, "1"], /./],
  ])("%j is an invalid setting", async (change, message) => {
    await alter([["min.compaction.lag.ms", SET, "2"]]);
    const [code, text] = await alter([["segment.ms", SET, "1000"], change]);
    expect(code).toBe(ErrorCode.INVALID_CONFIG);
    expect(text).toMatch(message);
    expect(await own(), "all or nothing").toEqual({ "min.compaction.lag.ms": "2" });
  });

  test.each<[readonly Change[], string]>([
    [[["retention.ms", SET, null]], "Null value not supported for : retention.ms"],
    [
      [
        ["retention.ms", SET, null],
        ["segment.ms", APPEND, null],
      ],
      "Null value not supported for : retention.ms, segment.ms",
    ],
    [
      [
        ["retention.ms", SET, "1"],
        ["retention.ms", SET, "2"],
      ],
      "Error due to duplicate config keys",
    ],
    [[["retention.ms", 9, "1"]], "Unknown operations type 9"],
  ])("%j is an invalid request", async (changes, message) => {
    expect(await alter(changes)).toEqual([ErrorCode.INVALID_REQUEST, message]);
    expect(await own()).toEqual({});
  });

  test("a topic that does not exist is unknown, a setting that is wrong anyway comes first", async () => {
    const [absent, wrong, bad, empty] = await alterAll([
      resource("absent", [["retention.ms", SET, "1"]]),
      resource("absent-too", [["retention.ms", SET, "x"]]),
      resource("a b", [["retention.ms", SET, "x"]]),
      resource("", [["retention.ms", SET, "1"]]),
    ]);
    expect(absent!.errorCode).toBe(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
    expect(wrong!.errorCode).toBe(ErrorCode.INVALID_CONFIG);
    expect(bad!.errorCode).toBe(ErrorCode.INVALID_TOPIC_EXCEPTION);
    expect(empty!.errorCode).toBe(ErrorCode.INVALID_REQUEST);
  });

  test("one resource that is refused does not keep another from being done; one named twice is refused twice", async () => {
    const good = await alterAll([
      resource("absent", [["retention.ms", SET, "1"]]),
      resource(topic, [["retention.ms", SET, "7"]]),
    ]);
    expect(good.map(({ errorCode }) => errorCode)).toEqual([
      ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
      0,
    ]);
    expect(await own()).toEqual({ "retention.ms": "7" });
    const twice = await alterAll([
      resource(topic, [["retention.ms", SET, "8"]]),
      resource(topic, [["segment.ms", SET, "8"]]),
    ]);
    expect(twice.map(({ errorCode }) => errorCode)).toEqual([
      ErrorCode.INVALID_REQUEST,
      ErrorCode.INVALID_REQUEST,
    ]);
    expect(await own()).toEqual({ "retention.ms": "7" });
  });

  test.each([
    [
      4,
      "1",
      "log.cleaner.threads",
      /^Cannot update these configs dynamically: \[log\.cleaner\.threads\]/,
    ],
    [4, "", "log.cleaner.threads", /^Cannot update these configs dynamically/],
    [4, "77", "log.cleaner.threads", /expected 1, but received 77/],
    [4, "x", "log.cleaner.threads", /must be an integer/],
    [8, "1", "kafka", /log levels/],
    [16, "m", "interval.ms", /client metrics/],
    [32, "g", "consumer.session.timeout.ms", /groups/],
    [99, "x", "a", /^Unknown resource type 99$/],
    [0, "x", "a", /^Unknown resource type 0$/],
  ])(
    "resource type %i, named %j, cannot be changed while the broker runs",
    async (type, name, setting, message) => {
      const [answer] = await alterAll([resource(name, [[setting, SET, "2"]], type)]);
      expect(answer).toMatchObject({
        errorCode: ErrorCode.INVALID_REQUEST,
        resourceType: type,
        resourceName: name,
      });
      expect(answer!.errorMessage).toMatch(message);
    },
  );

  test.each([0, 1])(
    "version %i: what is far too long is refused with a short message",
    async (version) => {
      const long = "9".repeat(30_000);
      for (const change of [
        [long, SET, "1"],
        [long, APPEND, "1"],
        [long, SET, null],
        ["cleanup.policy", APPEND, long],
        ["retention.ms", SET, long],
      ] as const) {
        const [code, message] = await alter([change], { version });
        expect([ErrorCode.INVALID_CONFIG, ErrorCode.INVALID_REQUEST]).toContain(code);
        expect(String(message).length).toBeLessThan(600);
      }
    },
  );

  test("a list does not grow beyond what DescribeConfigs can tell", async () => {
    const name = "leader.replication.throttled.replicas";
    const replicas = (from: number) =>
      Array.from({ length: 3_000 }, (_, i) => `${from + i}:1`).join(",");
    expect(await alter([[name, SET, replicas(10_000)]])).toEqual(DONE);
    expect((await alter([[name, APPEND, replicas(20_000)]]))[0]).toBe(ErrorCode.INVALID_CONFIG);
    expect((await own())[name]).toBe(replicas(10_000));
  });

  test("changes at once do not lose each other", async () => {
    const names = ["retention.ms", "segment.ms", "file.delete.delay.ms", "delete.retention.ms"];
    await Promise.all(names.map((name) => alter([[name, SET, "5000"]])));
    expect(Object.keys(await own()).sort()).toEqual([...names].sort());
  });
});

describe("AlterConfigs", () => {
  test.each([0, 1, 2])("version %i replaces all settings", async (version) => {
    await alter([["retention.ms", SET, "1000"]]);
    expect(await replace({ "segment.ms": "5000" }, { version })).toEqual(DONE);
    expect(await own()).toEqual({ "segment.ms": "5000" });
    expect(await replace({}, { version, validateOnly: true })).toEqual(DONE);
    expect(await own()).toEqual({ "segment.ms": "5000" });
    expect(await replace({}, { version })).toEqual(DONE);
    expect(await own()).toEqual({});
  });

  test("refuses what is wrong and keeps what was set", async () => {
    await alter([["retention.ms", SET, "1000"]]);
    expect((await replace({ "segment.ms": "x" }))[0]).toBe(ErrorCode.INVALID_CONFIG);
    expect((await replace({ "no.such": "x" }))[0]).toBe(ErrorCode.INVALID_CONFIG);
    expect((await replace({ "segment.ms": null }))[0]).toBe(ErrorCode.INVALID_REQUEST);
    expect(await own()).toEqual({ "retention.ms": "1000" });
  });

  test("does not know loggers", async () => {
    const resources = [
      { resourceType: 8, resourceName: "1", configs: [{ name: "kafka", value: "INFO" }] },
    ];
    const { responses } = await client.send(Api.AlterConfigs, 2, {
      resources,
      validateOnly: false,
    });
    expect(responses[0]).toMatchObject({
      errorCode: ErrorCode.INVALID_REQUEST,
      errorMessage: "Unknown resource type 8",
    });
  });
});
