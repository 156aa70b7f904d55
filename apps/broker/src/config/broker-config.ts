import type { TopicRules } from "@ottla/coordinator";
import type { CleanerOptions, FlushPolicy } from "@ottla/storage";
import { ConfigError } from "./config-error.ts";
import { collectSettings, type ConfigSources } from "./config-sources.ts";
import { parseListeners, type ListenerConfig } from "./listeners.ts";
import { SettingValues } from "./setting-values.ts";
import {
  effectiveTopicConfig,
  topicConfigProblem,
  type EffectiveTopicConfig,
} from "./topic-config.ts";

const MINUTE_MS = 60_000;
const MEBIBYTE = 1_048_576;
/** A storage worker for every processor but one, which is the main thread's; few disks feed more. */
const MAX_DEFAULT_WORKERS = 4;
const CHOOSE_WORKERS = -1;

export interface GroupConfig {
  readonly initialRebalanceDelayMs: number;
  readonly minSessionTimeoutMs: number;
  readonly maxSessionTimeoutMs: number;
  readonly maxSize: number;
  readonly offsetMetadataMaxBytes: number;
  readonly offsetsRetentionMs: number;
  readonly offsetsRetentionCheckIntervalMs: number;
  readonly offsetsTopicPartitions: number;
  readonly offsetsTopicSegmentBytes: number;
}

/** The configuration in the types that the code uses; made once, at start. */
export interface BrokerConfig {
  readonly nodeId: number;
  readonly rack: string | null;
  /** At least one; the first also holds the metadata. */
  readonly logDirectories: readonly string[];
  readonly listeners: readonly ListenerConfig[];
  readonly autoCreateTopics: boolean;
  readonly maxFrameBytes: number;
  readonly maxConnections: number;
  readonly maxConnectionsPerIp: number;
  readonly maxIdleMs: number;
  readonly receiveMemoryBytes: number;
  readonly fetchMaxBytes: number;
  readonly fetchSessionSlots: number;
  readonly describePartitionsLimit: number;
  readonly retentionCheckIntervalMs: number;
  readonly cleaner: CleanerOptions;
  readonly producerIdExpirationMs: number;
  /** Logs of one directory that are recovered at once. */
  readonly recoveryThreads: number;
  readonly flush: FlushPolicy;
  /** 0: logs are written on the main thread. */
  readonly storageWorkers: number;
  readonly groups: GroupConfig;
  /** For the controller. */
  readonly topicRules: TopicRules;
  /** For DescribeConfigs and the like. */
  readonly values: SettingValues;
  /** One line each, to be logged at start. */
  readonly warnings: readonly string[];
  effectiveTopicConfig(overrides: ReadonlyMap<string, string>): EffectiveTopicConfig;
}

export interface Machine {
  readonly processors: number;
}

/** Throws ConfigError, whose message is one line with the fix. */
export function loadBrokerConfig(sources: ConfigSources, machine: Machine): BrokerConfig {
  const values = new SettingValues(collectSettings(sources));
  checkTogether(values);
  const workers = values.get("ottla.storage.workers");
  const controllerListenerNames = (values.unserved("controller.listener.names") ?? "")
    .split(",")
    .map((name) => name.trim());
  return {
    nodeId: values.get("node.id"),
    rack: values.get("broker.rack"),
    logDirectories: values.get("log.dirs") ?? [values.get("log.dir")],
    listeners: parseListeners({
      listeners: values.get("listeners"),
      advertisedListeners: values.get("advertised.listeners"),
      protocolMap: values.get("listener.security.protocol.map"),
      controllerListenerNames,
    }),
    autoCreateTopics: values.get("auto.create.topics.enable"),
    maxFrameBytes: values.get("socket.request.max.bytes"),
    maxConnections: values.get("max.connections"),
    maxConnectionsPerIp: values.get("max.connections.per.ip"),
    maxIdleMs: values.get("connections.max.idle.ms"),
    receiveMemoryBytes: values.get("ottla.receive.memory.bytes"),
    fetchMaxBytes: values.get("fetch.max.bytes"),
    fetchSessionSlots: values.get("max.incremental.fetch.session.cache.slots"),
    describePartitionsLimit: values.get("max.request.partition.size.limit"),
    retentionCheckIntervalMs: values.get("log.retention.check.interval.ms"),
    cleaner: cleanerOptions(values),
    producerIdExpirationMs: values.get("producer.id.expiration.ms"),
    recoveryThreads: values.get("num.recovery.threads.per.data.dir"),
    flush: values.get("ottla.flush") as FlushPolicy,
    storageWorkers: workers === CHOOSE_WORKERS ? defaultWorkers(machine) : workers,
    groups: groupConfig(values),
    topicRules: {
      defaultNumPartitions: values.get("num.partitions"),
      defaultReplicationFactor: values.get("default.replication.factor"),
      topicDeletionEnabled: values.get("delete.topic.enable"),
      configProblem: (configs) => topicConfigProblem(configs, values),
    },
    values,
    warnings: values.warnings,
    effectiveTopicConfig: (overrides) => effectiveTopicConfig(overrides, values),
  };
}

function defaultWorkers({ processors }: Machine): number {
  return Math.max(1, Math.min(processors - 1, MAX_DEFAULT_WORKERS));
}

function groupConfig(values: SettingValues): GroupConfig {
  return {
    initialRebalanceDelayMs: values.get("group.initial.rebalance.delay.ms"),
    minSessionTimeoutMs: values.get("group.min.session.timeout.ms"),
    maxSessionTimeoutMs: values.get("group.max.session.timeout.ms"),
    maxSize: values.get("group.max.size"),
    offsetMetadataMaxBytes: values.get("offset.metadata.max.bytes"),
    offsetsRetentionMs: values.get("offsets.retention.minutes") * MINUTE_MS,
    offsetsRetentionCheckIntervalMs: values.get("offsets.retention.check.interval.ms"),
    offsetsTopicPartitions: values.get("offsets.topic.num.partitions"),
    offsetsTopicSegmentBytes: values.get("offsets.topic.segment.bytes"),
  };
}

function cleanerOptions(values: SettingValues): CleanerOptions {
  const threads = values.get("log.cleaner.threads");
  const bytesPerSecond = values.get("log.cleaner.io.max.bytes.per.second");
  return {
    enabled: values.get("log.cleaner.enable") && threads > 0,
    threads: Math.max(1, threads),
    dedupeBufferBytes: values.get("log.cleaner.dedupe.buffer.size"),
    loadFactor: values.get("log.cleaner.io.buffer.load.factor"),
    ioBufferBytes: values.get("log.cleaner.io.buffer.size"),
    ioBytesPerSecond: bytesPerSecond > Number.MAX_SAFE_INTEGER ? Infinity : bytesPerSecond,
    backoffMs: values.get("log.cleaner.backoff.ms"),
  };
}

/** Settings that are right one by one can be wrong together. */
function checkTogether(values: SettingValues): void {
  const shortest = values.get("group.min.session.timeout.ms");
  const longest = values.get("group.max.session.timeout.ms");
  if (shortest > longest) {
    throw new ConfigError(
      `group.min.session.timeout.ms=${shortest} is above group.max.session.timeout.ms=${longest}; lower the first or raise the second`,
    );
  }
  const threads = values.get("log.cleaner.threads");
  const dedupeBytes = values.get("log.cleaner.dedupe.buffer.size");
  if (dedupeBytes < threads * MEBIBYTE) {
    throw new ConfigError(
      `log.cleaner.dedupe.buffer.size=${dedupeBytes} is less than 1 MiB for each of log.cleaner.threads=${threads}; raise the first or lower the second`,
    );
  }
  if (values.get("ottla.flush") === "group") return;
  for (const name of ["log.flush.interval.messages", "log.flush.interval.ms"] as const) {
    if (values.written(name) === undefined) continue;
    throw new ConfigError(
      `${name} cannot be obeyed with ottla.flush=none; use ottla.flush=group, which syncs before every acknowledgement, or remove it`,
    );
  }
}
