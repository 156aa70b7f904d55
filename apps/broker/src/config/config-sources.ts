import { parseLines } from "dot-properties";
import { brokerSettings } from "./broker-settings.ts";
import { ConfigError } from "./config-error.ts";
import { closest } from "./did-you-mean.ts";
import { parseSetting } from "./setting-definition.ts";
import { findUnserved, unservedSettings } from "./unserved-settings.ts";
import type { SettingDefinition } from "./setting-definition.ts";

const ENVIRONMENT_PREFIX = "OTTLA_";
const OWN_PREFIX = "ottla.";
/** Old names that Kafka still takes. */
const ALIASES: ReadonlyMap<string, string> = new Map([["broker.id", "node.id"]]);

export interface ConfigSources {
  /** A server.properties file, already read. */
  readonly file?: { readonly path: string; readonly text: string };
  /** `OTTLA_NUM_PARTITIONS` sets num.partitions. Other variables do not count. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** `name=value`, as given to --override. */
  readonly overrides?: readonly string[];
}

/** A setting as somebody wrote it. */
export interface WrittenSetting {
  readonly text: string;
  /** For messages: the file, the variable, or --override. */
  readonly origin: string;
}

export interface CollectedSettings {
  /** Settings that we know, checked. */
  readonly served: ReadonlyMap<string, WrittenSetting>;
  /** Settings of Kafka without effect here. */
  readonly unserved: ReadonlyMap<string, WrittenSetting>;
  /** One line each, to be logged at start. */
  readonly warnings: readonly string[];
}

interface Collector {
  readonly served: Map<string, WrittenSetting>;
  readonly unserved: Map<string, WrittenSetting>;
  readonly warnings: string[];
}

const table: Readonly<Record<string, SettingDefinition>> = brokerSettings;

/**
 * Later sources win: the file, then the environment, then overrides. Every value is checked where
 * it is written, even if a later source replaces it, so that no mistake sleeps in a file.
 */
export function collectSettings(sources: ConfigSources): CollectedSettings {
  const collector: Collector = { served: new Map(), unserved: new Map(), warnings: [] };
  if (sources.file) readFile(collector, sources.file);
  readEnvironment(collector, sources.environment ?? {});
  for (const override of sources.overrides ?? []) readOverride(collector, override);
  for (const [name, { origin }] of collector.unserved) {
    collector.warnings.push(`${name} (${origin}) has no effect: ${findUnserved(name)?.reason}`);
  }
  for (const [name, { origin }] of collector.served) {
    const reason = table[name]?.noEffect;
    if (reason) collector.warnings.push(`${name} (${origin}) has no effect: ${reason}`);
  }
  return collector;
}

function readFile(collector: Collector, { path, text }: { path: string; text: string }): void {
  for (const line of parseLines(text)) {
    if (!Array.isArray(line)) continue;
    const [name = "", value = ""] = line;
    add(collector, name, { text: value, origin: path });
  }
}

function readOverride(collector: Collector, override: string): void {
  const at = override.indexOf("=");
  if (at < 1) {
    throw new ConfigError(
      `--override ${JSON.stringify(override)} is not name=value; write for example --override num.partitions=3`,
    );
  }
  const name = override.slice(0, at).trim();
  add(collector, name, { text: override.slice(at + 1), origin: "--override" });
}

/** A variable that we do not know is a warning only: it may be meant for something around us. */
function readEnvironment(
  collector: Collector,
  environment: Readonly<Record<string, string | undefined>>,
): void {
  for (const [variable, text] of Object.entries(environment)) {
    if (!variable.startsWith(ENVIRONMENT_PREFIX) || text === undefined) continue;
    const dotted = variable.slice(ENVIRONMENT_PREFIX.length).toLowerCase().replaceAll("_", ".");
    const name = [dotted, OWN_PREFIX + dotted].find((one) => isKnown(one));
    if (name === undefined) {
      const hint = suggestion([dotted, OWN_PREFIX + dotted]);
      const meant = hint && `${ENVIRONMENT_PREFIX}${hint.toUpperCase().replaceAll(".", "_")}`;
      collector.warnings.push(
        `environment variable ${variable} is not a setting${meant ? `; did you mean ${meant}?` : ""}`,
      );
      continue;
    }
    add(collector, name, { text, origin: `environment variable ${variable}` });
  }
}

function isKnown(name: string): boolean {
  return ALIASES.has(name) || Object.hasOwn(table, name) || findUnserved(name) !== undefined;
}

function add(collector: Collector, written: string, setting: WrittenSetting): void {
  const name = ALIASES.get(written) ?? written;
  const definition = Object.hasOwn(table, name) ? table[name] : undefined;
  if (definition) {
    const parsed = parseSetting(definition, setting.text);
    if (!parsed.ok) {
      const shown = definition.sensitive ? "" : `=${setting.text.trim()}`;
      throw new ConfigError(`${name}${shown} ${parsed.problem} (${setting.origin})`);
    }
    collector.served.set(name, setting);
    return;
  }
  const unserved = findUnserved(name);
  if (!unserved) {
    const hint = suggestion([name]);
    throw new ConfigError(
      `unknown setting ${JSON.stringify(name)} (${setting.origin})${hint ? `; did you mean ${hint}?` : "; remove it"}`,
    );
  }
  if (unserved.dangerous?.(setting.text)) {
    throw new ConfigError(
      `${name} cannot be obeyed (${unserved.reason}) and must not be ignored; remove it from ${setting.origin}`,
    );
  }
  collector.unserved.set(name, setting);
}

function suggestion(words: readonly string[]): string | undefined {
  const exactNames = unservedSettings.map(({ name }) => name).filter((name) => !name.includes("*"));
  const candidates = [...Object.keys(table), ...exactNames];
  return words.map((word) => closest(word, candidates)).find((hint) => hint !== undefined);
}
