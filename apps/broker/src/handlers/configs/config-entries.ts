import type { SettingDefinition } from "../../config/setting-definition.ts";
import type { SettingValues } from "../../config/setting-values.ts";
import { brokerSettings } from "../../config/broker-settings.ts";
import { inheritedValue, type TopicSettingName } from "../../config/topic-config.ts";
import { topicSettings } from "../../config/topic-settings.ts";

/** Where a value comes from, in Kafka's codes. */
const ConfigSource = { TOPIC: 1, STATIC_BROKER: 4, DEFAULT: 5 } as const;

const CONFIG_TYPES = { boolean: 1, string: 2, int: 3, long: 5, double: 6, list: 7 } as const;

/** One setting as DescribeConfigs tells it. */
export interface ConfigEntry {
  readonly name: string;
  readonly value: string | null;
  readonly readOnly: boolean;
  readonly configSource: number;
  readonly isSensitive: boolean;
  readonly synonyms: readonly ConfigSynonym[];
  readonly configType: number;
  readonly documentation: string;
}

export interface ConfigSynonym {
  readonly name: string;
  readonly value: string | null;
  readonly source: number;
}

const brokerTable: Readonly<Record<string, SettingDefinition>> = brokerSettings;

/** All settings of a topic with these overrides. */
export function topicConfigEntries(
  overrides: ReadonlyMap<string, string>,
  values: SettingValues,
): ConfigEntry[] {
  const names = Object.keys(topicSettings) as TopicSettingName[];
  return names.map((name) => {
    const definition: SettingDefinition = topicSettings[name];
    const own = overrides.get(name);
    const inherited = inheritedValue(name, values);
    const synonyms: ConfigSynonym[] = [];
    if (own !== undefined) synonyms.push({ name, value: own, source: ConfigSource.TOPIC });
    for (const { name: brokerName } of definition.synonyms ?? []) {
      const written = values.written(brokerName);
      if (written) {
        const value = written.text.trim();
        synonyms.push({ name: brokerName, value, source: ConfigSource.STATIC_BROKER });
      }
    }
    const brokerName = definition.synonyms?.[0]?.name;
    const brokerDefault =
      brokerName === undefined ? null : (brokerTable[brokerName]?.default ?? null);
    if (brokerName !== undefined && brokerDefault !== null) {
      synonyms.push({ name: brokerName, value: brokerDefault, source: ConfigSource.DEFAULT });
    }
    const inheritedSource = inherited.isDefault ? ConfigSource.DEFAULT : ConfigSource.STATIC_BROKER;
    return entry(name, definition, {
      value: own ?? inherited.text,
      readOnly: false,
      configSource: own === undefined ? inheritedSource : ConfigSource.TOPIC,
      synonyms,
    });
  });
}

/** All settings of this broker. They are read at start only. */
export function brokerConfigEntries(values: SettingValues): ConfigEntry[] {
  return Object.entries(brokerTable).map(([name, definition]) => {
    const written = values.written(name)?.text.trim();
    const synonyms: ConfigSynonym[] = [];
    if (written !== undefined) {
      synonyms.push({ name, value: written, source: ConfigSource.STATIC_BROKER });
    }
    if (definition.default !== null) {
      synonyms.push({ name, value: definition.default, source: ConfigSource.DEFAULT });
    }
    return entry(name, definition, {
      value: written ?? definition.default,
      readOnly: true,
      configSource: written === undefined ? ConfigSource.DEFAULT : ConfigSource.STATIC_BROKER,
      synonyms,
    });
  });
}

/** The value of a sensitive setting never leaves the broker, in no synonym either. */
function entry(
  name: string,
  definition: SettingDefinition,
  given: Pick<ConfigEntry, "value" | "readOnly" | "configSource" | "synonyms">,
): ConfigEntry {
  const isSensitive = definition.sensitive === true;
  const hidden = {
    value: null,
    synonyms: given.synonyms.map((synonym) => ({ ...synonym, value: null })),
  };
  const { doc, noEffect, type } = definition;
  return {
    ...given,
    ...(isSensitive ? hidden : {}),
    name,
    isSensitive,
    configType: CONFIG_TYPES[type],
    documentation: noEffect ? `${doc} No effect in this release: ${noEffect}` : doc,
  };
}
