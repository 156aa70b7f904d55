import { Admin, type ConfigChange, type ConfigEntry } from "@ottla/client";
import { UsageError } from "../failure/exit.ts";
import { throwRefusals } from "../failure/throw-refusals.ts";
import { connectionOptions } from "../options/client-settings.ts";
import type { ConnectionFlags, OutputFormat } from "../options/flags.ts";
import { parsePairs } from "../options/properties-file.ts";
import { render } from "../output/render.ts";
import { printLines } from "../output/standard-output.ts";

export interface TopicConfigFlags extends ConnectionFlags {
  readonly set?: readonly string[];
  readonly unset?: readonly string[];
  readonly all?: true;
  readonly output: OutputFormat;
}

/** Changes what it is told to, or shows what is set. */
export async function configureTopic(name: string, flags: TopicConfigFlags): Promise<void> {
  const changes = changesOf(flags);
  await using admin = new Admin(connectionOptions(flags));
  if (changes.length === 0) {
    await showSettings(admin, name, flags);
    return;
  }
  const results = await admin.alterConfigs([{ type: "topic", name, changes }]);
  throwRefusals(results, () => `topic ${name}`);
  await printLines(
    changes.map((one) =>
      one.operation === "delete"
        ? `${name}: ${one.name} is back to its default`
        : `${name}: ${one.name}=${one.value}`,
    ),
  );
}

function changesOf({ set = [], unset = [] }: TopicConfigFlags): ConfigChange[] {
  const wanted = parsePairs(set, "--set");
  const twice = unset.find((name) => wanted.has(name));
  if (twice !== undefined) throw new UsageError(`${twice} is both set and unset: say one of them`);
  return [
    ...[...wanted].map(([name, value]) => ({ name, operation: "set" as const, value })),
    ...new Set(unset),
  ].map((one) => (typeof one === "string" ? { name: one, operation: "delete" as const } : one));
}

async function showSettings(admin: Admin, name: string, flags: TopicConfigFlags): Promise<void> {
  const described = await admin.describeConfigs([{ type: "topic", name }]);
  throwRefusals(described, () => `topic ${name}`);
  const all = described[0]?.entries ?? [];
  const isOwn = ({ source }: ConfigEntry): boolean => source === "dynamic-topic";
  const entries = [...(flags.all ? all : all.filter(isOwn))].sort((one, other) =>
    one.name < other.name ? -1 : 1,
  );
  await render(flags.output, {
    value: entries.map((entry) => ({
      name: entry.name,
      value: entry.value,
      source: entry.source,
    })),
    columns: ["SETTING", "VALUE", "FROM"],
    rows: entries.map((entry) => [
      entry.name,
      entry.value ?? "",
      SOURCES[entry.source] ?? entry.source,
    ]),
    ifEmpty: `topic ${name} has no settings of its own: --all shows what it inherits`,
  });
}

/** Who says so, in words of the table. */
const SOURCES: Readonly<Partial<Record<ConfigEntry["source"], string>>> = {
  "dynamic-topic": "topic",
  "dynamic-broker": "broker",
  "dynamic-default-broker": "cluster",
  "static-broker": "broker",
};
