import { invariant } from "@ottla/runtime";
import type { CompressionSetting, LogConfig } from "@ottla/storage";
import { brokerSettings } from "./broker-settings.ts";
import { closest } from "./did-you-mean.ts";
import { shortened } from "./shortened.ts";
import { parseSetting, type SettingDefinition, type SettingValue } from "./setting-definition.ts";
import type { SettingValues } from "./setting-values.ts";
import { topicSettings } from "./topic-settings.ts";

/** What a topic's settings come to once the broker's defaults are applied. */
export interface EffectiveTopicConfig {
  readonly log: LogConfig;
  readonly minInSyncReplicas: number;
}

type TopicSettings = typeof topicSettings;
export type TopicSettingName = keyof TopicSettings;

const topicTable: Readonly<Record<string, SettingDefinition>> = topicSettings;
const brokerTable: Readonly<Record<string, SettingDefinition>> = brokerSettings;
/** A longer one could be stored, by appending to a list, but DescribeConfigs could not tell it: no string is longer. */
const VALUE_CHARS_MAX = 32_767;
const FLUSH_SETTINGS: ReadonlySet<string> = new Set(["flush.messages", "flush.ms"]);

/** A value with the place that it comes from: the topic, a broker setting, or the table. */
export interface SuppliedValue {
  readonly text: string;
  /** The broker setting that supplies it; undefined for the table's own default. */
  readonly brokerSetting: string | undefined;
  readonly isDefault: boolean;
}

/** The value of a topic setting where the topic itself sets none. */
export function inheritedValue(name: TopicSettingName, values: SettingValues): SuppliedValue {
  const definition = topicTable[name];
  invariant(definition !== undefined, `topic setting ${name} is in the table`);
  for (const { name: brokerSetting, factor } of definition.synonyms ?? []) {
    const written = values.written(brokerSetting);
    if (!written) continue;
    return { text: scaled(written.text, factor), brokerSetting, isDefault: false };
  }
  const first = definition.synonyms?.[0]?.name;
  const brokerSetting = first && brokerTable[first]?.default !== null ? first : undefined;
  return { text: definition.default ?? "", brokerSetting, isDefault: true };
}

/** -1 stands for no limit in any unit. */
function scaled(text: string, factor = 1): string {
  const trimmed = text.trim();
  if (factor === 1 || trimmed.startsWith("-")) return trimmed;
  return String(BigInt(trimmed) * BigInt(factor));
}

export function topicSettingValue<Name extends TopicSettingName>(
  name: Name,
  overrides: ReadonlyMap<string, string>,
  values: SettingValues,
): SettingValue<TopicSettings[Name]> {
  const text = overrides.get(name) ?? inheritedValue(name, values).text;
  const parsed = parseSetting(topicSettings[name], text);
  invariant(parsed.ok, `topic setting ${name} was checked before it was stored`);
  return parsed.value as SettingValue<TopicSettings[Name]>;
}

export function effectiveTopicConfig(
  overrides: ReadonlyMap<string, string>,
  values: SettingValues,
): EffectiveTopicConfig {
  const get = <Name extends TopicSettingName>(name: Name): SettingValue<TopicSettings[Name]> =>
    topicSettingValue(name, overrides, values);
  const log: LogConfig = {
    cleanupPolicy: get("cleanup.policy") as readonly ("delete" | "compact")[],
    compressionType: get("compression.type") as CompressionSetting,
    compressionGzipLevel: get("compression.gzip.level"),
    compressionZstdLevel: get("compression.zstd.level"),
    segmentBytes: get("segment.bytes"),
    segmentMs: get("segment.ms"),
    segmentJitterMs: get("segment.jitter.ms"),
    segmentIndexBytes: get("segment.index.bytes"),
    indexIntervalBytes: get("index.interval.bytes"),
    retentionBytes: get("retention.bytes"),
    retentionMs: get("retention.ms"),
    fileDeleteDelayMs: get("file.delete.delay.ms"),
    deleteRetentionMs: get("delete.retention.ms"),
    minCleanableDirtyRatio: get("min.cleanable.dirty.ratio"),
    minCompactionLagMs: get("min.compaction.lag.ms"),
    maxCompactionLagMs: get("max.compaction.lag.ms"),
    maxMessageBytes: get("max.message.bytes"),
    messageTimestampType: get("message.timestamp.type") as "CreateTime" | "LogAppendTime",
    messageTimestampBeforeMaxMs: get("message.timestamp.before.max.ms"),
    messageTimestampAfterMaxMs: get("message.timestamp.after.max.ms"),
  };
  return { log, minInSyncReplicas: get("min.insync.replicas") };
}

/** What is wrong with the settings that a topic would have, or undefined. One line. */
export function topicConfigProblem(
  settings: ReadonlyMap<string, string | null>,
  values: SettingValues,
): string | undefined {
  const given = new Map<string, string>();
  for (const [name, text] of settings) {
    const problem = settingProblem(name, text, values);
    if (problem) return problem;
    if (text !== null) given.set(name, text);
  }
  const shortest = topicSettingValue("min.compaction.lag.ms", given, values);
  const longest = topicSettingValue("max.compaction.lag.ms", given, values);
  const touched = given.has("min.compaction.lag.ms") || given.has("max.compaction.lag.ms");
  if (touched && shortest > longest) {
    return `min.compaction.lag.ms (${shortest}) > max.compaction.lag.ms (${longest}); lower the first or raise the second`;
  }
  return undefined;
}

/** Begins as Kafka's messages do, which tools and people search for. */
function settingProblem(
  name: string,
  text: string | null,
  values: SettingValues,
): string | undefined {
  const definition = Object.hasOwn(topicTable, name) ? topicTable[name] : undefined;
  if (!definition) {
    const hint = closest(name, Object.keys(topicTable));
    return `Unknown topic config name: ${shortened(name)}${hint ? `; did you mean ${hint}?` : ""}`;
  }
  if (text === null) {
    return `Null value not supported for topic configs: ${name}; leave it out for the default`;
  }
  if (text.length > VALUE_CHARS_MAX) {
    return `Invalid value ${shortened(text)} for configuration ${name}: it is longer than ${VALUE_CHARS_MAX} characters`;
  }
  const parsed = parseSetting(definition, text);
  if (!parsed.ok) {
    return `Invalid value ${shortened(text)} for configuration ${name}: it ${parsed.problem}`;
  }
  if (
    FLUSH_SETTINGS.has(name) &&
    values.get("ottla.flush") === "none" &&
    text !== definition.default
  ) {
    return `${name} cannot be obeyed with ottla.flush=none; start the broker with ottla.flush=group`;
  }
  return undefined;
}

/** The items of a list that a topic does not set, or undefined for a setting that is no list or does not exist. */
export function defaultListItems(name: string): readonly string[] | undefined {
  const definition = Object.hasOwn(topicTable, name) ? topicTable[name] : undefined;
  if (definition?.type !== "list") return undefined;
  return (definition.default ?? "").split(",").filter((item) => item !== "");
}

/** One line for every given setting that is stored but changes nothing. */
export function ineffectiveTopicSettings(settings: Iterable<string>): string[] {
  const lines: string[] = [];
  for (const name of settings) {
    const reason = Object.hasOwn(topicTable, name) ? topicTable[name]?.noEffect : undefined;
    if (reason) lines.push(`${name} has no effect: ${reason}`);
  }
  return lines;
}
