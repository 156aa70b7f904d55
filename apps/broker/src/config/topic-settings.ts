import type { SettingTable } from "./setting-definition.ts";

const LONG_MAX = "9223372036854775807";
const NOT_REPLICATED = "This release runs one broker, so nothing is replicated.";
const NOT_TIERED = "Tiered storage is not served in this release.";
/** Partition and broker of every replica, as kafka-reassign-partitions writes them, or all replicas. */
const THROTTLED_REPLICAS = /^(?:\*|\d+:\d+(?:,\d+:\d+)*)?$/;

function throttledReplicas(value: string): string | undefined {
  return THROTTLED_REPLICAS.test(value.replaceAll(/\s/g, ""))
    ? undefined
    : "must be * or a list of partition:broker";
}

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

/** Settings of a topic. Each takes its default from the broker setting named in `synonyms`. */
export const topicSettings = {
  "cleanup.policy": {
    type: "list",
    default: "delete",
    oneOf: ["delete", "compact"],
    synonyms: [{ name: "log.cleanup.policy" }],
    doc: "What happens to old records. `delete` removes segments by age and size, `compact` keeps the last record of each key, both can be combined, and an empty list keeps everything. A compacted topic refuses records without a key.",
  },
  "compression.gzip.level": {
    type: "int",
    default: "-1",
    min: -1,
    max: 9,
    refuse: (value) => (Number(value) === 0 ? "must be -1 or between 1 and 9" : undefined),
    synonyms: [{ name: "compression.gzip.level" }],
    doc: "Level of gzip where the broker compresses, because compression.type is gzip and the producer chose another codec; -1 is the codec's own default.",
  },
  "compression.lz4.level": {
    type: "int",
    default: "9",
    min: 1,
    max: 17,
    synonyms: [{ name: "compression.lz4.level" }],
    noEffect: "The lz4 encoder has one level, the fast one.",
    doc: "Level of lz4 where the broker compresses.",
  },
  "compression.type": {
    type: "string",
    default: "producer",
    oneOf: ["producer", "uncompressed", "gzip", "snappy", "lz4", "zstd"],
    synonyms: [{ name: "compression.type" }],
    doc: "The codec in which record batches are stored. `producer` stores them as they came; any other value recompresses batches that arrive in another codec.",
  },
  "compression.zstd.level": {
    type: "int",
    default: "3",
    min: -131_072,
    max: 22,
    synonyms: [{ name: "compression.zstd.level" }],
    doc: "Level of zstd where the broker compresses, because compression.type is zstd and the producer chose another codec.",
  },
  "delete.retention.ms": {
    type: "long",
    default: "86400000",
    min: 0,
    synonyms: [{ name: "log.cleaner.delete.retention.ms" }],
    doc: "How long a tombstone stays in a compacted log after the first cleaning that saw it.",
  },
  "file.delete.delay.ms": {
    type: "long",
    default: "60000",
    min: 0,
    synonyms: [{ name: "log.segment.delete.delay.ms" }],
    doc: "How long the files of a removed segment stay on disk, so that readers can finish.",
  },
  "flush.messages": {
    type: "long",
    default: LONG_MAX,
    min: 1,
    synonyms: [{ name: "log.flush.interval.messages" }],
    noEffect: "With ottla.flush=group every acknowledged batch is synced, whatever is set here.",
    doc: "Sync the log after this many records. With ottla.flush=none a value here is refused, because it could not be obeyed.",
  },
  "flush.ms": {
    type: "long",
    default: LONG_MAX,
    min: 0,
    synonyms: [{ name: "log.flush.interval.ms" }],
    noEffect: "With ottla.flush=group every acknowledged batch is synced, whatever is set here.",
    doc: "Sync the log after this time. With ottla.flush=none a value here is refused, because it could not be obeyed.",
  },
  "follower.replication.throttled.replicas": {
    type: "list",
    default: "",
    refuse: throttledReplicas,
    noEffect: NOT_REPLICATED,
    doc: "Replicas whose replication is throttled on the side of the follower.",
  },
  "index.interval.bytes": {
    type: "int",
    default: "4096",
    min: 0,
    synonyms: [{ name: "log.index.interval.bytes" }],
    doc: "Bytes of log between two entries of the offset index. Smaller finds offsets with less reading and makes the index larger.",
  },
  "leader.replication.throttled.replicas": {
    type: "list",
    default: "",
    refuse: throttledReplicas,
    noEffect: NOT_REPLICATED,
    doc: "Replicas whose replication is throttled on the side of the leader.",
  },
  "local.retention.bytes": {
    type: "long",
    default: "-2",
    min: -2,
    synonyms: [{ name: "log.local.retention.bytes" }],
    noEffect: NOT_TIERED,
    doc: "Bytes of a tiered partition that stay on the local disk; -2 means retention.bytes.",
  },
  "local.retention.ms": {
    type: "long",
    default: "-2",
    min: -2,
    synonyms: [{ name: "log.local.retention.ms" }],
    noEffect: NOT_TIERED,
    doc: "Time that segments of a tiered partition stay on the local disk; -2 means retention.ms.",
  },
  "max.compaction.lag.ms": {
    type: "long",
    default: LONG_MAX,
    min: 1,
    synonyms: [{ name: "log.cleaner.max.compaction.lag.ms" }],
    doc: "A record is considered for compaction after this time at the latest.",
  },
  "max.message.bytes": {
    type: "int",
    default: "1048588",
    min: 0,
    synonyms: [{ name: "message.max.bytes" }],
    doc: "Largest record batch that is accepted, as stored, with its header of 61 bytes.",
  },
  "message.timestamp.after.max.ms": {
    type: "long",
    default: "3600000",
    min: 0,
    synonyms: [{ name: "log.message.timestamp.after.max.ms" }],
    doc: "How far the timestamp of a record may lie ahead of the broker's clock. Records beyond it are refused, because retention would keep their segment until then.",
  },
  "message.timestamp.before.max.ms": {
    type: "long",
    default: LONG_MAX,
    min: 0,
    synonyms: [{ name: "log.message.timestamp.before.max.ms" }],
    doc: "How far the timestamp of a record may lie behind the broker's clock.",
  },
  "message.timestamp.type": {
    type: "string",
    default: "CreateTime",
    oneOf: ["CreateTime", "LogAppendTime"],
    synonyms: [{ name: "log.message.timestamp.type" }],
    doc: "Whose timestamp a record carries: the producer's, or the broker's at the time of the append.",
  },
  "min.cleanable.dirty.ratio": {
    type: "double",
    default: "0.5",
    min: 0,
    max: 1,
    synonyms: [{ name: "log.cleaner.min.cleanable.ratio" }],
    doc: "Share of uncleaned log from which a compacted log is cleaned.",
  },
  "min.compaction.lag.ms": {
    type: "long",
    default: "0",
    min: 0,
    synonyms: [{ name: "log.cleaner.min.compaction.lag.ms" }],
    doc: "A record is left uncompacted for at least this time.",
  },
  "min.insync.replicas": {
    type: "int",
    default: "1",
    min: 1,
    synonyms: [{ name: "min.insync.replicas" }],
    doc: "Replicas that must be in sync for a produce request with acks=all to be accepted.",
  },
  preallocate: {
    type: "boolean",
    default: "false",
    synonyms: [{ name: "log.preallocate" }],
    noEffect:
      "Segments grow as they are written: Node.js has no call that allocates the blocks of a file ahead.",
    doc: "Allocate the whole file of a new segment at once.",
  },
  "remote.log.copy.disable": {
    type: "boolean",
    default: "false",
    noEffect: NOT_TIERED,
    doc: "Stop copying segments to the remote tier.",
  },
  "remote.log.delete.on.disable": {
    type: "boolean",
    default: "false",
    noEffect: NOT_TIERED,
    doc: "Delete what lies in the remote tier when tiering is switched off.",
  },
  "remote.storage.enable": {
    type: "boolean",
    default: "false",
    refuse: (value) =>
      value.toLowerCase() === "true" ? "cannot be true: tiered storage is not served" : undefined,
    doc: "Keep old segments in a remote tier. Only false is accepted in this release.",
  },
  "retention.bytes": {
    type: "long",
    default: "-1",
    min: -1,
    synonyms: [{ name: "log.retention.bytes" }],
    doc: "Size that each partition may reach before its oldest segments are deleted; -1 sets no limit.",
  },
  "retention.ms": {
    type: "long",
    default: "604800000",
    min: -1,
    synonyms: [
      { name: "log.retention.ms" },
      { name: "log.retention.minutes", factor: MINUTE_MS },
      { name: "log.retention.hours", factor: HOUR_MS },
    ],
    doc: "Age from which segments are deleted, counted from their newest record; -1 sets no limit.",
  },
  "segment.bytes": {
    type: "int",
    default: "1073741824",
    min: 1_048_576,
    synonyms: [{ name: "log.segment.bytes" }],
    doc: "Size of a segment file. Retention removes whole segments.",
  },
  "segment.index.bytes": {
    type: "int",
    default: "10485760",
    min: 4,
    synonyms: [{ name: "log.index.size.max.bytes" }],
    doc: "Largest size of a segment's index; a full index starts a new segment.",
  },
  "segment.jitter.ms": {
    type: "long",
    default: "0",
    min: 0,
    synonyms: [{ name: "log.roll.jitter.ms" }, { name: "log.roll.jitter.hours", factor: HOUR_MS }],
    doc: "A random time up to this is taken off segment.ms, so that segments do not all roll at once.",
  },
  "segment.ms": {
    type: "long",
    default: "604800000",
    min: 1,
    synonyms: [{ name: "log.roll.ms" }, { name: "log.roll.hours", factor: HOUR_MS }],
    doc: "Age from which a new segment is started even when the current one is not full.",
  },
  "unclean.leader.election.enable": {
    type: "boolean",
    default: "false",
    synonyms: [{ name: "unclean.leader.election.enable" }],
    noEffect: NOT_REPLICATED,
    doc: "Let a replica that is not in sync become leader when no other is left, at the price of lost records.",
  },
} as const satisfies SettingTable;
