import { invariant } from "@ottla/runtime";
import { brokerSettings } from "./broker-settings.ts";
import type { CollectedSettings, WrittenSetting } from "./config-sources.ts";
import { parseSetting, type SettingDefinition, type SettingValue } from "./setting-definition.ts";

type BrokerSettings = typeof brokerSettings;
export type BrokerSettingName = keyof BrokerSettings;

/** Values of the broker settings: what somebody wrote, or else the default. */
export class SettingValues {
  readonly #collected: CollectedSettings;

  constructor(collected: CollectedSettings) {
    this.#collected = collected;
  }

  get<Name extends BrokerSettingName>(name: Name): SettingValue<BrokerSettings[Name]> {
    const definition: SettingDefinition = brokerSettings[name];
    const text = this.written(name)?.text ?? definition.default;
    if (text === null) return null as SettingValue<BrokerSettings[Name]>;
    const parsed = parseSetting(definition, text);
    invariant(parsed.ok, `${name} was checked when it was read`);
    return parsed.value as SettingValue<BrokerSettings[Name]>;
  }

  /** Undefined when the default holds. */
  written(name: string): WrittenSetting | undefined {
    return this.#collected.served.get(name);
  }

  /** A setting of Kafka that has no effect here, as written. */
  unserved(name: string): string | undefined {
    return this.#collected.unserved.get(name)?.text;
  }

  get warnings(): readonly string[] {
    return this.#collected.warnings;
  }
}
