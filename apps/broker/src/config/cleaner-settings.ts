import type { SettingTable } from "./setting-definition.ts";

/** Settings of compaction, of the whole broker. */
export const cleanerSettings = {
  "log.cleaner.backoff.ms": {
    type: "long",
    default: "15000",
    min: 0,
    doc: "How long the cleaner sleeps when no log needs cleaning.",
  },
  "log.cleaner.dedupe.buffer.size": {
    type: "long",
    default: "134217728",
    min: 0,
    doc: "Memory for the offsets of keys while logs are cleaned, over all cleaner threads, at least 1 MiB for each. When the keys of a log do not fit, it takes several passes.",
  },
  "log.cleaner.enable": {
    type: "boolean",
    default: "true",
    doc: "Compact logs whose cleanup.policy says so. With false they grow without bound, `__consumer_offsets` too.",
  },
  "log.cleaner.io.buffer.load.factor": {
    type: "double",
    default: "0.9",
    min: 0.01,
    max: 1,
    doc: "How full the memory for the offsets of keys may become, as a share of it. Fuller takes fewer passes and finds keys more slowly.",
  },
  "log.cleaner.io.buffer.size": {
    type: "int",
    default: "524288",
    min: 0,
    doc: "Memory for reading and writing while logs are cleaned, over all cleaner threads. A batch that is larger is cleaned all the same.",
  },
  "log.cleaner.io.max.bytes.per.second": {
    type: "double",
    default: "1.7976931348623157E308",
    min: 0,
    doc: "Bytes that all cleaner threads together read and write in a second, at most.",
  },
  "log.cleaner.threads": {
    type: "int",
    default: "1",
    min: 0,
    doc: "Logs that are cleaned at once. With 0 none is, as with log.cleaner.enable=false.",
  },
} as const satisfies SettingTable;
