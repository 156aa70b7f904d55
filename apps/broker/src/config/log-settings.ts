import type { SettingTable } from "./setting-definition.ts";
import { topicSettings } from "./topic-settings.ts";

/** Type, range and default as the topic setting has them; only the words differ. */
function defaultOf<Name extends keyof typeof topicSettings>(
  name: Name,
): (typeof topicSettings)[Name] {
  const definition = topicSettings[name];
  return { ...definition, doc: `Default of the topic setting \`${name}\`. ${definition.doc}` };
}

/** Broker settings that topics inherit. A null default leaves the word to the next synonym. */
export const logSettings = {
  "compression.gzip.level": defaultOf("compression.gzip.level"),
  "compression.lz4.level": defaultOf("compression.lz4.level"),
  "compression.type": defaultOf("compression.type"),
  "compression.zstd.level": defaultOf("compression.zstd.level"),
  "log.cleaner.delete.retention.ms": defaultOf("delete.retention.ms"),
  "log.cleaner.max.compaction.lag.ms": defaultOf("max.compaction.lag.ms"),
  "log.cleaner.min.cleanable.ratio": defaultOf("min.cleanable.dirty.ratio"),
  "log.cleaner.min.compaction.lag.ms": defaultOf("min.compaction.lag.ms"),
  "log.cleanup.policy": defaultOf("cleanup.policy"),
  "log.flush.interval.messages": defaultOf("flush.messages"),
  "log.flush.interval.ms": { ...defaultOf("flush.ms"), default: null },
  "log.index.interval.bytes": defaultOf("index.interval.bytes"),
  "log.index.size.max.bytes": defaultOf("segment.index.bytes"),
  "log.local.retention.bytes": defaultOf("local.retention.bytes"),
  "log.local.retention.ms": defaultOf("local.retention.ms"),
  "log.message.timestamp.after.max.ms": defaultOf("message.timestamp.after.max.ms"),
  "log.message.timestamp.before.max.ms": defaultOf("message.timestamp.before.max.ms"),
  "log.message.timestamp.type": defaultOf("message.timestamp.type"),
  "log.preallocate": defaultOf("preallocate"),
  "log.retention.bytes": defaultOf("retention.bytes"),
  "log.retention.hours": {
    type: "int",
    default: "168",
    min: -1,
    doc: "Default of the topic setting `retention.ms`, in hours. Counts only when neither log.retention.ms nor log.retention.minutes is set.",
  },
  "log.retention.minutes": {
    type: "int",
    default: null,
    min: -1,
    doc: "Default of the topic setting `retention.ms`, in minutes. Counts only when log.retention.ms is not set.",
  },
  "log.retention.ms": { ...defaultOf("retention.ms"), default: null },
  "log.roll.hours": {
    type: "int",
    default: "168",
    min: 1,
    doc: "Default of the topic setting `segment.ms`, in hours. Counts only when log.roll.ms is not set.",
  },
  "log.roll.jitter.hours": {
    type: "int",
    default: "0",
    min: 0,
    doc: "Default of the topic setting `segment.jitter.ms`, in hours. Counts only when log.roll.jitter.ms is not set.",
  },
  "log.roll.jitter.ms": { ...defaultOf("segment.jitter.ms"), default: null },
  "log.roll.ms": { ...defaultOf("segment.ms"), default: null },
  "log.segment.bytes": defaultOf("segment.bytes"),
  "log.segment.delete.delay.ms": defaultOf("file.delete.delay.ms"),
  "message.max.bytes": defaultOf("max.message.bytes"),
  "min.insync.replicas": defaultOf("min.insync.replicas"),
  "unclean.leader.election.enable": defaultOf("unclean.leader.election.enable"),
} as const satisfies SettingTable;
