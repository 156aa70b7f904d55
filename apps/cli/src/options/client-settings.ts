import type { ConnectionOptions, ConsumerOptions, ProducerOptions } from "@ottla/client";
import { UsageError } from "../failure/exit.ts";
import type { ConnectionFlags } from "./flags.ts";
import { didYouMean } from "./nearest-name.ts";
import { parsePairs, readPropertiesFile, type Properties } from "./properties-file.ts";

/** Turns the text of one of Kafka's client settings into an option of ours; the name is for messages. */
type Setting<T> = (value: string, name: string) => Partial<T>;
type Settings<T> = Readonly<Record<string, Setting<T>>>;

/** An unreachable broker is told after this time: whoever waits at a terminal wants to know soon. */
const BOOTSTRAP_TIMEOUT_MS = 2_000;

const CONNECTION: Settings<ConnectionOptions> = {
  "bootstrap.servers": text("bootstrapServers"),
  "client.id": text("clientId"),
  "request.timeout.ms": number("requestTimeoutMs"),
  "socket.connection.setup.timeout.ms": number("connectTimeoutMs"),
  "retry.backoff.ms": number("retryBackoffMs"),
  "retry.backoff.max.ms": number("retryBackoffMaxMs"),
  "reconnect.backoff.ms": number("reconnectBackoffMs"),
  "reconnect.backoff.max.ms": number("reconnectBackoffMaxMs"),
  "metadata.max.age.ms": number("metadataMaxAgeMs"),
  "security.protocol": only("PLAINTEXT"),
};

const SERIALIZERS = ["String", "ByteArray"].map(
  (type) => `org.apache.kafka.common.serialization.${type}`,
);

const PRODUCER: Settings<ProducerOptions> = {
  ...CONNECTION,
  acks: (value) => ({ acks: parseAcks(value) }),
  "enable.idempotence": flag("idempotent"),
  "compression.type": (value) => ({ compression: parseCompression(value) }),
  "compression.gzip.level": number("compressionLevel"),
  "compression.zstd.level": number("compressionLevel"),
  "linger.ms": number("lingerMs"),
  "batch.size": number("batchSize"),
  "max.request.size": number("maxRequestSize"),
  "buffer.memory": number("bufferMemory"),
  "max.block.ms": number("maxBlockMs"),
  "delivery.timeout.ms": number("deliveryTimeoutMs"),
  "max.in.flight.requests.per.connection": number("maxInFlightRequests"),
  "key.serializer": only(...SERIALIZERS.map((type) => `${type}Serializer`)),
  "value.serializer": only(...SERIALIZERS.map((type) => `${type}Serializer`)),
};

const CONSUMER: Settings<ConsumerOptions> = {
  ...CONNECTION,
  "group.id": text("groupId"),
  "group.instance.id": text("groupInstanceId"),
  "auto.offset.reset": choice("autoOffsetReset", ["latest", "earliest", "none"]),
  "enable.auto.commit": flag("autoCommit"),
  "auto.commit.interval.ms": number("autoCommitIntervalMs"),
  "isolation.level": choice("isolationLevel", ["read_uncommitted", "read_committed"]),
  "fetch.min.bytes": number("fetchMinBytes"),
  "fetch.max.wait.ms": number("fetchMaxWaitMs"),
  "fetch.max.bytes": number("fetchMaxBytes"),
  "max.partition.fetch.bytes": number("maxPartitionFetchBytes"),
  "max.poll.records": number("maxPollRecords"),
  "max.poll.interval.ms": number("maxPollIntervalMs"),
  "session.timeout.ms": number("sessionTimeoutMs"),
  "heartbeat.interval.ms": number("heartbeatIntervalMs"),
  "group.protocol": only("classic"),
  "key.deserializer": only(...SERIALIZERS.map((type) => `${type}Deserializer`)),
  "value.deserializer": only(...SERIALIZERS.map((type) => `${type}Deserializer`)),
};

export function connectionOptions(flags: ConnectionFlags): ConnectionOptions {
  return { ...base(flags), ...read(CONNECTION, given(flags)) };
}

export function producerOptions(
  flags: ConnectionFlags,
  more: Properties = new Map(),
): ProducerOptions {
  return { ...base(flags), ...read(PRODUCER, new Map([...given(flags), ...more])) };
}

export function consumerOptions(
  flags: ConnectionFlags,
  more: Properties = new Map(),
): ConsumerOptions {
  return { ...base(flags), ...read(CONSUMER, new Map([...given(flags), ...more])) };
}

export function parseAcks(value: string): -1 | 0 | 1 {
  if (value === "all" || value === "-1") return -1;
  if (value === "0" || value === "1") return value === "0" ? 0 : 1;
  throw new UsageError(`acks "${value}" is not one of all, -1, 0, 1`);
}

export const CODECS = ["none", "gzip", "snappy", "lz4", "zstd"] as const;

export function parseCompression(value: string): (typeof CODECS)[number] {
  const codec = CODECS.find((name) => name === value);
  if (codec === undefined)
    throw new UsageError(`compression "${value}" is not one of ${CODECS.join(", ")}`);
  return codec;
}

function base({ bootstrapServer }: ConnectionFlags): ConnectionOptions {
  return {
    bootstrapServers: bootstrapServer,
    clientId: "ottla-cli",
    bootstrapTimeoutMs: BOOTSTRAP_TIMEOUT_MS,
  };
}

function given({ commandConfig, commandProperty = [] }: ConnectionFlags): Properties {
  const file = commandConfig === undefined ? [] : readPropertiesFile(commandConfig);
  return new Map([...file, ...parsePairs(commandProperty, "--command-property")]);
}

function read<T>(settings: Settings<T>, properties: Properties): Partial<T> {
  let options: Partial<T> = {};
  for (const [name, value] of properties) {
    const setting = Object.hasOwn(settings, name) ? settings[name] : undefined;
    if (setting === undefined)
      throw new UsageError(
        `client setting ${name} is not supported${didYouMean(name, Object.keys(settings))}`,
      );
    options = { ...options, ...setting(value.trim(), name) };
  }
  return options;
}

function text<K extends string>(option: K) {
  return (value: string): Record<K, string> => record(option, value);
}

function number<K extends string>(option: K) {
  return (value: string, name: string): Record<K, number> => {
    if (!/^\d+$/.test(value))
      throw new UsageError(`client setting ${name} must be a whole number, not "${value}"`);
    return record(option, Number(value));
  };
}

function flag<K extends string>(option: K) {
  return (value: string, name: string): Record<K, boolean> => {
    if (value !== "true" && value !== "false")
      throw new UsageError(`client setting ${name} must be true or false, not "${value}"`);
    return record(option, value === "true");
  };
}

function choice<K extends string, const V extends string>(option: K, values: readonly V[]) {
  return (value: string, name: string): Record<K, V> => {
    const chosen = values.find((one) => one === value);
    if (chosen === undefined)
      throw new UsageError(
        `client setting ${name} must be one of ${values.join(", ")}, not "${value}"`,
      );
    return record(option, chosen);
  };
}

/** A setting with one way only here: that way may be named, any other is refused. */
function only(...allowed: readonly string[]): Setting<object> {
  return (value, name) => {
    if (!allowed.includes(value))
      throw new UsageError(`client setting ${name} can only be ${allowed.join(" or ")} here`);
    return {};
  };
}

function record<K extends string, V>(key: K, value: V): Record<K, V> {
  return { [key]: value } as Record<K, V>;
}
