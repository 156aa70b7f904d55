import { brokerSettings } from "./broker-settings.ts";
import type { SettingDefinition, SettingTable } from "./setting-definition.ts";
import { topicSettings } from "./topic-settings.ts";
import { unservedSettings } from "./unserved-settings.ts";

const OWN_PREFIX = "ottla.";

/** docs/configuration.md, made from the definition tables so that it cannot fall behind them. */
export function configurationPage(): string {
  const own = pick(brokerSettings, (name) => name.startsWith(OWN_PREFIX));
  const kafkas = pick(brokerSettings, (name) => !name.startsWith(OWN_PREFIX));
  return [
    "# Configuration",
    "",
    "<!-- Generated from apps/broker/src/config; to renew it: cd apps/broker && npx vitest run src/config/configuration-page.test.ts -u -->",
    "",
    "Settings have the names, types and meanings that they have in Apache Kafka. They come from, each overriding the one before:",
    "",
    "1. the defaults below;",
    "2. a properties file: `ottla server server.properties`;",
    "3. environment variables: `OTTLA_NUM_PARTITIONS=3` sets `num.partitions`, `OTTLA_FLUSH=none` sets `ottla.flush`;",
    "4. the command line: `--override num.partitions=3`.",
    "",
    "A name that does not exist stops the start, with the closest one that does; in the environment it is a warning. A setting of Kafka that Ottla does not serve is named in the log at start, or refused where ignoring it would be dangerous; the last section lists them.",
    "",
    "## Settings of Ottla",
    "",
    ...section(own),
    "## Settings of the broker",
    "",
    ...section(kafkas),
    "## Settings of topics",
    "",
    "Given when a topic is created, or changed later: every partition obeys the new value before the change is answered. Where a topic sets none, the broker setting named as its default applies. Settings of the broker are read when it starts.",
    "",
    ...section(topicSettings),
    "## Settings of Kafka without effect",
    "",
    "| setting | why | |",
    "|---|---|---|",
    ...unservedSettings.map(
      ({ name, reason, dangerous }) =>
        `| \`${name}\` | ${reason} | ${dangerous ? "refused where it matters" : ""} |`,
    ),
    "",
  ].join("\n");
}

function pick(table: SettingTable, matches: (name: string) => boolean): SettingTable {
  return Object.fromEntries(Object.entries(table).filter(([name]) => matches(name)));
}

function section(table: SettingTable): string[] {
  return Object.entries(table)
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .flatMap(([name, definition]) => [
      `### ${name}`,
      "",
      ...describe(definition),
      ...(table === topicSettings ? describeInheritance(definition) : []),
      "",
    ]);
}

function describeInheritance({ synonyms }: SettingDefinition): string[] {
  if (!synonyms) return [];
  return [
    "",
    `Default from the broker setting ${synonyms.map(({ name }) => `\`${name}\``).join(", or else ")}.`,
  ];
}

function describe(definition: SettingDefinition): string[] {
  const { type, min, max, oneOf, doc, noEffect } = definition;
  const facts = [`Type: ${type}`, `default: ${shownDefault(definition.default)}`];
  if (oneOf) facts.push(`values: ${oneOf.map((value) => `\`${value}\``).join(", ")}`);
  if (min !== undefined) facts.push(`at least ${min}`);
  if (max !== undefined) facts.push(`at most ${max}`);
  const lines = [doc, "", `${facts.join("; ")}.`];
  if (noEffect) lines.push("", `**No effect in this release.** ${noEffect}`);
  return lines;
}

function shownDefault(text: string | null): string {
  if (text === null) return "not set";
  return text === "" ? "empty" : `\`${text}\``;
}
