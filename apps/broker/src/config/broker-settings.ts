import { cleanerSettings } from "./cleaner-settings.ts";
import { logSettings } from "./log-settings.ts";
import type { SettingTable } from "./setting-definition.ts";

const INT_MAX = 2_147_483_647;

function oneReplicaOnly(value: string): string | undefined {
  return Number(value) > 1
    ? `needs ${value} brokers, this release runs one; set it to 1`
    : undefined;
}

const identitySettings = {
  "broker.rack": {
    type: "string",
    default: null,
    doc: "The rack this broker stands in, as told to clients.",
  },
  "log.dir": {
    type: "string",
    default: "ottla-data",
    doc: "The log directory, created when missing. Counts only when log.dirs is not set.",
  },
  "log.dirs": {
    type: "list",
    default: null,
    refuse: (value) => (value === "" ? "names no directory; name one, or remove it" : undefined),
    doc: "The log directories, with commas between, created when missing. The first also holds the metadata, and the broker stops when that one fails; any other fails alone. A new partition goes to the one with the fewest.",
  },
  "node.id": {
    type: "int",
    default: "1",
    min: 0,
    doc: "The id of this broker. It is written into the data directory, and must not change afterwards.",
  },
} as const satisfies SettingTable;

const networkSettings = {
  "advertised.listeners": {
    type: "string",
    default: null,
    doc: "The addresses that clients are told to connect to, as NAME://host:port with the names of `listeners`. When it is not set, each client is told the address that it has used itself.",
  },
  "connections.max.idle.ms": {
    type: "long",
    default: "600000",
    min: 1,
    doc: "A connection without traffic is closed after this time.",
  },
  "fetch.max.bytes": {
    type: "int",
    default: "57671680",
    min: 1024,
    doc: "Largest response to a fetch request, whatever the client asks for. A first batch that is larger is sent all the same.",
  },
  "listener.security.protocol.map": {
    type: "string",
    default: "PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL",
    doc: "The security protocol of each listener name, as NAME:PROTOCOL. Only PLAINTEXT is served in this release.",
  },
  listeners: {
    type: "string",
    default: "PLAINTEXT://127.0.0.1:9092",
    doc: "The addresses to listen on, as NAME://host:port, separated by commas. Port 0 takes a free port. Without a host (PLAINTEXT://:9092) it listens on all interfaces; unlike Kafka, the default is loopback, because nothing is authenticated yet.",
  },
  "max.connections": {
    type: "int",
    default: String(INT_MAX),
    min: 0,
    doc: "Connections that are open at once; more are closed at once.",
  },
  "max.connections.per.ip": {
    type: "int",
    default: String(INT_MAX),
    min: 0,
    doc: "Connections that are open at once from one address.",
  },
  "max.incremental.fetch.session.cache.slots": {
    type: "int",
    default: "1000",
    min: 0,
    doc: "Incremental fetch sessions that the broker keeps.",
  },
  "max.request.partition.size.limit": {
    type: "int",
    default: "2000",
    min: 1,
    doc: "Partitions in one answer to DescribeTopicPartitions; the client asks again from a cursor.",
  },
  "socket.request.max.bytes": {
    type: "int",
    default: "104857600",
    min: 1,
    doc: "Largest request. A larger one closes its connection.",
  },
} as const satisfies SettingTable;

const topicManagementSettings = {
  "auto.create.topics.enable": {
    type: "boolean",
    default: "true",
    doc: "Create a topic that a client asks metadata for, when the client allows it too.",
  },
  "default.replication.factor": {
    type: "int",
    default: "1",
    min: 1,
    refuse: oneReplicaOnly,
    doc: "Replicas of a topic that is created without saying how many.",
  },
  "delete.topic.enable": {
    type: "boolean",
    default: "true",
    doc: "Allow topics to be deleted.",
  },
  "log.retention.check.interval.ms": {
    type: "long",
    default: "300000",
    min: 1,
    doc: "How often logs are looked through for segments to delete.",
  },
  "num.recovery.threads.per.data.dir": {
    type: "int",
    default: "2",
    min: 1,
    doc: "Logs of one data directory that are recovered at once when the broker starts after an unclean stop.",
  },
  "num.partitions": {
    type: "int",
    default: "1",
    min: 1,
    doc: "Partitions of a topic that is created without saying how many.",
  },
  "producer.id.expiration.ms": {
    type: "int",
    default: "86400000",
    min: 1,
    doc: "A partition forgets an idempotent producer that has written nothing for this time. Looked at as often as retention.",
  },
} as const satisfies SettingTable;

const groupSettings = {
  "group.initial.rebalance.delay.ms": {
    type: "int",
    default: "3000",
    min: 0,
    doc: "How long an empty group waits for more members before its first rebalance.",
  },
  "group.max.session.timeout.ms": {
    type: "int",
    default: "1800000",
    doc: "Longest session timeout that a member may ask for.",
  },
  "group.max.size": {
    type: "int",
    default: String(INT_MAX),
    min: 1,
    doc: "Members that a group may have.",
  },
  "group.min.session.timeout.ms": {
    type: "int",
    default: "6000",
    doc: "Shortest session timeout that a member may ask for.",
  },
  "offset.metadata.max.bytes": {
    type: "int",
    default: "4096",
    doc: "Length of the text that a client may store with a committed offset.",
  },
  "offsets.retention.check.interval.ms": {
    type: "long",
    default: "600000",
    min: 1,
    doc: "How often committed offsets are looked through for those to expire.",
  },
  "offsets.retention.minutes": {
    type: "int",
    default: "10080",
    min: 1,
    doc: "Committed offsets of a group without members expire after this time.",
  },
  "offsets.topic.num.partitions": {
    type: "int",
    default: "50",
    min: 1,
    doc: "Partitions of `__consumer_offsets`, used when it is created. It must not change afterwards: groups are found by it.",
  },
  "offsets.topic.replication.factor": {
    type: "int",
    default: "1",
    min: 1,
    refuse: oneReplicaOnly,
    doc: "Replicas of `__consumer_offsets`.",
  },
  "offsets.topic.segment.bytes": {
    type: "int",
    default: "104857600",
    min: 1_048_576,
    doc: "Segment size of `__consumer_offsets`; small, so that it loads and compacts fast.",
  },
} as const satisfies SettingTable;

/** Settings that Kafka does not have. */
const ottlaSettings = {
  "ottla.flush": {
    type: "string",
    default: "group",
    oneOf: ["group", "none"],
    doc: "When an acknowledgement is given. `group`: after the data is synced to disk, one sync serving all that wait. `none`: after the write to the page cache, as Kafka does by default; a power loss can take acknowledged records.",
  },
  "ottla.receive.memory.bytes": {
    type: "long",
    default: "268435456",
    min: 16_777_216,
    doc: "Memory for requests that are being received or served, over all connections. When it is used up, connections are not read until there is space.",
  },
  "ottla.storage.workers": {
    type: "int",
    default: "-1",
    min: -1,
    max: 64,
    doc: "Threads that write logs. -1 chooses by the number of processors; 0 writes on the main thread, for tests and tiny deployments.",
  },
} as const satisfies SettingTable;

/** Every broker setting that this release obeys, or checks and passes on to topics. */
export const brokerSettings = {
  ...identitySettings,
  ...networkSettings,
  ...topicManagementSettings,
  ...groupSettings,
  ...cleanerSettings,
  ...logSettings,
  ...ottlaSettings,
} as const satisfies SettingTable;
