import { describe, expect, it } from "vitest";
import { loadBrokerConfig, type BrokerConfig } from "./broker-config.ts";
import { ConfigError } from "./config-error.ts";
import type { ConfigSources } from "./config-sources.ts";

const machine = { processors: 4 };

function load(sources: ConfigSources = {}): BrokerConfig {
  return loadBrokerConfig(sources, machine);
}

function loadFile(text: string): BrokerConfig {
  return load({ file: { path: "server.properties", text } });
}

/** The message of the refusal, which must be a single line. */
function refusal(sources: ConfigSources): string {
  try {
    load(sources);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    expect(error.message).not.toContain("\n");
    return error.message;
  }
  throw new Error("the configuration was accepted");
}

const refusedFile = (text: string): string =>
  refusal({ file: { path: "server.properties", text } });

describe("the sources of the configuration", () => {
  it("give a durable broker on loopback when nothing is set", () => {
    const config = load();
    expect(config).toMatchObject({
      nodeId: 1,
      rack: null,
      logDirectories: ["ottla-data"],
      flush: "group",
      storageWorkers: 3,
      autoCreateTopics: true,
      maxFrameBytes: 104_857_600,
      maxIdleMs: 600_000,
      warnings: [],
    });
    expect(config.listeners).toEqual([
      { name: "PLAINTEXT", host: "127.0.0.1", port: 9092, advertised: undefined },
    ]);
    expect(config.groups).toMatchObject({
      initialRebalanceDelayMs: 3000,
      offsetsTopicPartitions: 50,
      offsetsRetentionMs: 604_800_000,
    });
    expect(config.topicRules).toMatchObject({
      defaultNumPartitions: 1,
      defaultReplicationFactor: 1,
      topicDeletionEnabled: true,
    });
  });

  it("override each other: default, file, environment, command line", () => {
    const file = { path: "f", text: "num.partitions=2" };
    const environment = { OTTLA_NUM_PARTITIONS: "3", OTHER_NUM_PARTITIONS: "9" };
    const partitions = (sources: ConfigSources): number =>
      load(sources).topicRules.defaultNumPartitions;
    expect(partitions({})).toBe(1);
    expect(partitions({ file })).toBe(2);
    expect(partitions({ file, environment })).toBe(3);
    expect(partitions({ file, environment, overrides: ["num.partitions=4"] })).toBe(4);
  });

  it("read the file as Java reads properties", () => {
    const config = loadFile(
      "# comment\n! comment\nlog.dirs : /data \\\n  /kafka\nbroker.rack=r\\u0061ck\n\nnum.partitions 7\nnum.partitions=8\r\n",
    );
    expect(config.logDirectories).toEqual(["/data /kafka"]);
    expect(loadFile("log.dir=/c\nlog.dirs=/b , /a,/b").logDirectories).toEqual(["/b", "/a"]);
    expect(config.rack).toBe("rack");
    expect(config.topicRules.defaultNumPartitions).toBe(8);
  });

  it("reach our own settings in the environment with or without the prefix", () => {
    expect(load({ environment: { OTTLA_FLUSH: "none" } }).flush).toBe("none");
    expect(load({ environment: { OTTLA_OTTLA_FLUSH: "none" } }).flush).toBe("none");
    expect(load({ environment: { OTTLA_STORAGE_WORKERS: "0" } }).storageWorkers).toBe(0);
  });

  it("take broker.id for node.id", () => {
    expect(loadFile("broker.id=5").nodeId).toBe(5);
  });

  it("check a value even where a later source replaces it", () => {
    const sources = {
      file: { path: "f", text: "num.partitions=x" },
      overrides: ["num.partitions=1"],
    };
    expect(refusal(sources)).toBe("num.partitions=x must be a whole number (f)");
  });
});

describe("an unknown setting", () => {
  it.each([
    ["num.partition=3", "num.partitions"],
    ["listener=PLAINTEXT://:1", "listeners"],
    ["auto.create.topic.enable=true", "auto.create.topics.enable"],
    ["num_partitions=3", "num.partitions"],
    ["ottla.flsh=group", "ottla.flush"],
  ])("%s is refused with the name that was meant", (line, meant) => {
    expect(refusedFile(line)).toBe(
      `unknown setting ${JSON.stringify(line.split("=")[0])} (server.properties); did you mean ${meant}?`,
    );
  });

  it("that resembles nothing is refused without a guess, also on the command line", () => {
    expect(refusal({ overrides: ["my.own.thing=1"] })).toBe(
      'unknown setting "my.own.thing" (--override); remove it',
    );
  });

  it.each(["__proto__", "constructor", "toString"])(
    "called %s is refused like any other",
    (name) => {
      expect(refusal({ overrides: [`${name}=1`] })).toContain("unknown setting");
    },
  );

  it("in the environment is a warning", () => {
    expect(load({ environment: { OTTLA_NUM_PARTITION: "3" } }).warnings).toEqual([
      "environment variable OTTLA_NUM_PARTITION is not a setting; did you mean OTTLA_NUM_PARTITIONS?",
    ]);
    expect(load({ environment: { OTTLA_HOME: "/x" } }).warnings).toEqual([
      "environment variable OTTLA_HOME is not a setting",
    ]);
  });

  it("does not hide an override that is no assignment", () => {
    expect(refusal({ overrides: ["num.partitions"] })).toContain("is not name=value");
  });
});

describe("settings of Kafka that are not served", () => {
  it("let Kafka's stock server.properties start, and are named in the log", () => {
    const config = loadFile(STOCK_SERVER_PROPERTIES);
    expect(config.listeners).toEqual([
      { name: "PLAINTEXT", host: "", port: 9092, advertised: { host: "localhost", port: 9092 } },
    ]);
    expect(
      config.warnings.some((line) =>
        line.startsWith("num.io.threads (server.properties) has no effect: "),
      ),
    ).toBe(true);
    expect(config.warnings.some((line) => line.includes("num.partitions"))).toBe(false);
  });

  it.each([
    "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "process.roles=controller",
    "controller.quorum.voters=1@a:1,2@b:1",
    "zookeeper.connect=localhost:2181",
    "remote.log.storage.system.enable=true",
    "create.topic.policy.class.name=x.Y",
    "config.providers=file",
    "transaction.two.phase.commit.enable=true",
  ])("are refused when ignoring them would be dangerous: %s", (line) => {
    expect(refusedFile(line)).toMatch(
      /cannot be obeyed \(.+\) and must not be ignored; remove it from server.properties/,
    );
  });

  it.each([
    "authorizer.class.name=",
    "remote.log.storage.system.enable=false",
    "process.roles=broker,controller",
  ])("are accepted at values that change nothing: %s", (line) => {
    expect(loadFile(line).warnings).toHaveLength(1);
  });

  it.each([
    ["log.dirs=/a,,/b", /has an empty item/],
    ["log.dirs=", /names no directory/],
    ["default.replication.factor=3", /needs 3 brokers, this release runs one; set it to 1/],
    ["offsets.topic.replication.factor=3", /needs 3 brokers/],
    [
      "ottla.flush=sometimes",
      /ottla.flush=sometimes must be one of group, none \(server.properties\)/,
    ],
    ["ottla.flush=none\nlog.flush.interval.messages=1", /cannot be obeyed with ottla.flush=none/],
    ["group.min.session.timeout.ms=10\ngroup.max.session.timeout.ms=5", /is above/],
    ["node.id=-1", /must be at least 0/],
  ])("as values are refused with the way out: %s", (text, message) => {
    expect(refusedFile(text)).toMatch(message);
  });
});

describe("the settings of a topic", () => {
  const overrides = (pairs: Record<string, string>) => new Map(Object.entries(pairs));

  it("come from the topic, else the broker, else the table", () => {
    const config = loadFile("log.retention.bytes=500\nlog.segment.bytes=2097152");
    const { log, minInSyncReplicas } = config.effectiveTopicConfig(
      overrides({ "retention.bytes": "700", "cleanup.policy": "compact, delete" }),
    );
    expect(log).toMatchObject({
      retentionBytes: 700,
      segmentBytes: 2_097_152,
      retentionMs: 604_800_000,
      cleanupPolicy: ["compact", "delete"],
    });
    expect(log.messageTimestampBeforeMaxMs).toBe(Number.MAX_SAFE_INTEGER);
    expect(minInSyncReplicas).toBe(1);
  });

  it.each([
    ["log.retention.hours=2", 7_200_000],
    ["log.retention.hours=2\nlog.retention.minutes=3", 180_000],
    ["log.retention.hours=2\nlog.retention.minutes=3\nlog.retention.ms=4", 4],
    ["log.retention.hours=-1", -1],
  ])("take retention from the finest unit: %j", (text, retentionMs) => {
    expect(loadFile(text).effectiveTopicConfig(new Map()).log.retentionMs).toBe(retentionMs);
  });

  it.each([
    [{ nope: "1" }, "Unknown topic config name: nope"],
    [{ "retention.m": "1" }, "Unknown topic config name: retention.m; did you mean retention.ms?"],
    [
      { "retention.ms": "soon" },
      "Invalid value soon for configuration retention.ms: it must be a whole number",
    ],
    [
      { "retention.ms": null },
      "Null value not supported for topic configs: retention.ms; leave it out for the default",
    ],
    [
      { "segment.bytes": "10" },
      "Invalid value 10 for configuration segment.bytes: it must be at least 1048576",
    ],
    [
      { "cleanup.policy": "shred" },
      "Invalid value shred for configuration cleanup.policy: it must be a list of delete, compact",
    ],
    [
      { "remote.storage.enable": "true" },
      "Invalid value true for configuration remote.storage.enable: it cannot be true: tiered storage is not served",
    ],
    [
      { "min.cleanable.dirty.ratio": "1.5" },
      "Invalid value 1.5 for configuration min.cleanable.dirty.ratio: it must be at most 1",
    ],
    [
      { "compression.gzip.level": "0" },
      "Invalid value 0 for configuration compression.gzip.level: it must be -1 or between 1 and 9",
    ],
    [
      { "leader.replication.throttled.replicas": "zzz" },
      "Invalid value zzz for configuration leader.replication.throttled.replicas: it must be * or a list of partition:broker",
    ],
    [
      { "min.compaction.lag.ms": "100", "max.compaction.lag.ms": "50" },
      "min.compaction.lag.ms (100) > max.compaction.lag.ms (50); lower the first or raise the second",
    ],
    [{ constructor: "1" }, "Unknown topic config name: constructor"],
  ])("are refused when wrong: %j", (configs: Record<string, string | null>, problem) => {
    expect(load().topicRules.configProblem(new Map(Object.entries(configs)))).toBe(problem);
  });

  it("may ask for syncs only of a broker that syncs", () => {
    const configs = new Map([["flush.messages", "1"]]);
    expect(load().topicRules.configProblem(configs)).toBeUndefined();
    expect(loadFile("ottla.flush=none").topicRules.configProblem(configs)).toMatch(
      /start the broker with ottla.flush=group/,
    );
  });
});

/** The settings that the file shipped with Kafka 4 sets, in one place each. */
const STOCK_SERVER_PROPERTIES = `
process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers=localhost:9093
listeners=PLAINTEXT://:9092,CONTROLLER://:9093
inter.broker.listener.name=PLAINTEXT
advertised.listeners=PLAINTEXT://localhost:9092,CONTROLLER://localhost:9093
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL
num.network.threads=3
num.io.threads=8
socket.send.buffer.bytes=102400
socket.receive.buffer.bytes=102400
socket.request.max.bytes=104857600
log.dirs=kraft-combined-logs
num.partitions=1
num.recovery.threads.per.data.dir=1
offsets.topic.replication.factor=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
log.retention.hours=168
log.segment.bytes=1073741824
log.retention.check.interval.ms=300000
`;
