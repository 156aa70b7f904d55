/**
 * Settings of Kafka that this release does not serve. Where ignoring a setting would be dangerous
 * (it would open what should be closed, or lose what should be kept) the start is refused; the
 * others are named in the log at start as having no effect.
 */
export interface UnservedSetting {
  /** The whole name, or its beginning followed by `*`. */
  readonly name: string;
  readonly reason: string;
  /** True for values whose ignoring would be dangerous. */
  readonly dangerous?: (value: string) => boolean;
}

const whenSet = (value: string): boolean => value.trim() !== "";
const whenTrue = (value: string): boolean => value.trim().toLowerCase() === "true";

const NO_AUTHORIZATION = "authorization is not served";
const NO_PLUGINS = "Java classes cannot be loaded";
const NO_CLUSTER = "this release runs one broker and needs no controller quorum";
const NO_TIERING = "tiered storage is not served";
const NO_TRANSACTIONS = "transactions are not served";
const OWN_THREADS = "threads and buffers are managed differently";

export const unservedSettings: readonly UnservedSetting[] = [
  { name: "authorizer.class.name", reason: NO_AUTHORIZATION, dangerous: whenSet },
  { name: "super.users", reason: NO_AUTHORIZATION },
  { name: "allow.everyone.if.no.acl.found", reason: NO_AUTHORIZATION },
  { name: "create.topic.policy.class.name", reason: NO_PLUGINS, dangerous: whenSet },
  { name: "alter.config.policy.class.name", reason: NO_PLUGINS, dangerous: whenSet },
  { name: "client.quota.callback.class", reason: NO_PLUGINS, dangerous: whenSet },
  { name: "principal.builder.class", reason: NO_PLUGINS, dangerous: whenSet },
  { name: "config.providers*", reason: "values cannot come from providers", dangerous: whenSet },
  { name: "security.providers", reason: NO_PLUGINS },
  { name: "replica.selector.class", reason: NO_PLUGINS },
  { name: "metric.reporters", reason: NO_PLUGINS },
  { name: "kafka.metrics.*", reason: NO_PLUGINS },
  { name: "auto.include.jmx.reporter", reason: NO_PLUGINS },
  { name: "metrics.*", reason: "metrics are not served" },
  { name: "telemetry.*", reason: "client telemetry is not served" },
  {
    name: "security.inter.broker.protocol",
    reason: "there is no traffic between brokers",
  },
  { name: "inter.broker.listener.name", reason: "there is no traffic between brokers" },
  { name: "inter.broker.protocol.version", reason: "there is no traffic between brokers" },
  { name: "early.start.listeners", reason: "there is no authorizer that listeners would wait for" },
  { name: "ssl.*", reason: "no listener uses TLS" },
  { name: "sasl.*", reason: "no listener uses SASL" },
  { name: "listener.name.*", reason: "settings per listener concern TLS and SASL" },
  { name: "delegation.token.*", reason: "no listener uses SASL" },
  { name: "connections.max.reauth.ms", reason: "no listener uses SASL" },
  { name: "connection.failed.authentication.delay.ms", reason: "no listener uses SASL" },
  {
    name: "process.roles",
    reason: NO_CLUSTER,
    dangerous: (value) => !value.split(",").some((role) => role.trim() === "broker"),
  },
  {
    name: "controller.quorum.voters",
    reason: NO_CLUSTER,
    dangerous: (value) => value.includes(","),
  },
  {
    name: "controller.quorum.bootstrap.servers",
    reason: NO_CLUSTER,
    dangerous: (value) => value.includes(","),
  },
  { name: "controller.*", reason: NO_CLUSTER },
  { name: "metadata.*", reason: NO_CLUSTER },
  { name: "zookeeper.*", reason: "there is no ZooKeeper", dangerous: whenSet },
  { name: "broker.heartbeat.interval.ms", reason: NO_CLUSTER },
  { name: "broker.session.timeout.ms", reason: NO_CLUSTER },
  { name: "broker.id.generation.enable", reason: NO_CLUSTER },
  { name: "reserved.broker.max.id", reason: NO_CLUSTER },
  { name: "initial.broker.registration.timeout.ms", reason: NO_CLUSTER },
  { name: "auto.leader.rebalance.enable", reason: NO_CLUSTER },
  { name: "leader.imbalance.*", reason: NO_CLUSTER },
  { name: "replica.*", reason: NO_CLUSTER },
  { name: "replication.quota.*", reason: NO_CLUSTER },
  { name: "num.replica.*", reason: NO_CLUSTER },
  { name: "remote.log.storage.system.enable", reason: NO_TIERING, dangerous: whenTrue },
  { name: "remote.*", reason: NO_TIERING },
  { name: "rsm.config.*", reason: NO_TIERING },
  { name: "rlmm.config.*", reason: NO_TIERING },
  { name: "follower.fetch.last.tiered.offset.enable", reason: NO_TIERING },
  { name: "transaction.two.phase.commit.enable", reason: NO_TRANSACTIONS, dangerous: whenTrue },
  { name: "transaction.*", reason: NO_TRANSACTIONS },
  { name: "transactional.id.expiration.ms", reason: NO_TRANSACTIONS },
  { name: "add.partitions.to.txn.*", reason: NO_TRANSACTIONS },
  {
    name: "producer.id.expiration.check.interval.ms",
    reason: "producers expire with log.retention.check.interval.ms",
  },
  { name: "group.consumer.*", reason: "the consumer group protocol of KIP-848 is not served" },
  { name: "group.share.*", reason: "share groups are not served" },
  { name: "share.*", reason: "share groups are not served" },
  { name: "group.streams.*", reason: "streams groups are not served" },
  { name: "group.coordinator.*", reason: OWN_THREADS },
  { name: "offsets.topic.compression.codec", reason: "offset records are stored uncompressed" },
  { name: "offsets.commit.timeout.ms", reason: "a commit waits for the disk of this broker only" },
  { name: "offsets.load.buffer.size", reason: OWN_THREADS },
  { name: "num.network.threads", reason: OWN_THREADS },
  { name: "num.io.threads", reason: OWN_THREADS },
  { name: "background.threads", reason: OWN_THREADS },
  {
    name: "queued.max.requests",
    reason: "requests are limited in bytes, by ottla.receive.memory.bytes",
  },
  {
    name: "queued.max.request.bytes",
    reason: "requests are limited in bytes, by ottla.receive.memory.bytes",
  },
  { name: "request.timeout.ms", reason: NO_CLUSTER },
  { name: "socket.send.buffer.bytes", reason: "socket buffers are sized by the operating system" },
  {
    name: "socket.receive.buffer.bytes",
    reason: "socket buffers are sized by the operating system",
  },
  { name: "socket.connection.setup.timeout*", reason: "there is no traffic between brokers" },
  { name: "socket.listen.backlog.size", reason: "the backlog is the operating system's default" },
  { name: "max.connection.creation.rate", reason: "the rate of new connections is not limited" },
  { name: "max.connections.per.ip.overrides", reason: "one limit holds for all addresses" },
  { name: "quota.*", reason: "quotas are not served" },
  { name: "client.quota.*", reason: "quotas are not served" },
  { name: "controlled.shutdown.*", reason: "a stop always flushes first" },
  { name: "alter.log.dirs.*", reason: "replicas are not moved between directories" },
  { name: "cordoned.log.dirs", reason: "every data directory takes new partitions" },
  { name: "log.dir.failure.timeout.ms", reason: NO_CLUSTER },
  { name: "log.flush.*", reason: "acknowledged data is synced at once, by ottla.flush" },
  { name: "log.initial.task.delay.ms", reason: "background work starts with its interval" },
  { name: "log.message.format.version", reason: "record format v2 is the only one" },
  { name: "log.message.downconversion.enable", reason: "record format v2 is the only one" },
  { name: "log.message.timestamp.difference.max.ms", reason: "Kafka 4 has removed it" },
  { name: "*.purgatory.purge.interval.requests", reason: OWN_THREADS },
  { name: "unstable.*", reason: "unfinished features are not served" },
];

/** The entry that covers `name`, exact names before patterns. */
export function findUnserved(name: string): UnservedSetting | undefined {
  return (
    unservedSettings.find((one) => one.name === name) ??
    unservedSettings.find((one) => matches(one.name, name))
  );
}

function matches(pattern: string, name: string): boolean {
  if (pattern.endsWith("*")) return name.startsWith(pattern.slice(0, -1));
  if (pattern.startsWith("*")) return name.endsWith(pattern.slice(1));
  return false;
}
