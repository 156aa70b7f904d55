import {
  formatVersions,
  parseVersions,
  type VersionRange,
} from "../../packages/protocol/src/schema/version-range.ts";
import type { Field, Fields } from "../../packages/protocol/src/schema/field.ts";
import type { Message } from "../../packages/protocol/src/schema/message.ts";

/*
 * Both sides, our tables and Kafka's definitions, are brought to one form: a flat list of facts, path
 * to text. What differs between two such lists is what differs between the two.
 */

export type Facts = Map<string, string>;

/** A field of Kafka's message definitions, as far as it concerns the wire. */
interface KafkaField {
  readonly name: string;
  readonly type: string;
  readonly versions?: string;
  readonly nullableVersions?: string;
  readonly taggedVersions?: string;
  readonly tag?: number;
  readonly default?: string | number | boolean | null;
  readonly flexibleVersions?: string;
  readonly fields?: readonly KafkaField[];
}

export interface KafkaMessage {
  readonly name: string;
  readonly type: string;
  readonly apiKey?: number;
  readonly listeners?: readonly string[];
  readonly validVersions: string;
  readonly flexibleVersions?: string;
  readonly latestVersionUnstable?: boolean;
  readonly fields?: readonly KafkaField[];
  readonly commonStructs?: readonly {
    readonly name: string;
    readonly fields: readonly KafkaField[];
  }[];
}

/** Kafka's definitions are JSON with comment lines. */
export function parseDefinition(text: string): KafkaMessage {
  return JSON.parse(text.replaceAll(/^\s*\/\/.*$/gm, "")) as KafkaMessage;
}

/**
 * The definition as it is within our versions: fields that came later fall away, and so do versions.
 * What still differs then is wrong, not just older.
 */
export function withinOurVersions(
  definition: KafkaMessage,
  message: Message<unknown>,
): KafkaMessage {
  const { max } = message.validVersions;
  const clip = (versions: string | undefined): string | undefined => {
    if (versions === undefined) return undefined;
    const range = parseVersions(versions);
    // A range that is open or reaches beyond ours is open as far as we are concerned.
    if (range.min > max) return "none";
    return formatVersions({ min: range.min, max: range.max >= max ? OPEN.max : range.max });
  };
  const clipFields = (fields: readonly KafkaField[]): KafkaField[] =>
    fields
      .filter((field) => clip(field.versions ?? field.taggedVersions) !== "none")
      .map((field) => ({
        ...field,
        ...defined("versions", clip(field.versions)),
        ...defined("nullableVersions", clip(field.nullableVersions)),
        ...defined("taggedVersions", clip(field.taggedVersions)),
        ...(field.fields === undefined ? {} : { fields: clipFields(field.fields) }),
      }));
  const isKey = definition.type === "coordinator-key";
  const structs = definition.commonStructs ?? [];
  return {
    ...definition,
    validVersions: isKey ? definition.validVersions : formatVersions(message.validVersions),
    fields: isKey ? (definition.fields ?? []) : clipFields(definition.fields ?? []),
    commonStructs: structs.map((struct) => ({ ...struct, fields: clipFields(struct.fields) })),
  };
}

const OPEN = parseVersions("0+");

function defined<K extends string>(
  key: K,
  value: string | undefined,
): { readonly [P in K]?: string } {
  return value === undefined ? {} : ({ [key]: value } as { readonly [P in K]?: string });
}

export function factsOfKafka(definition: KafkaMessage): Facts {
  const facts: Facts = new Map();
  const isKey = definition.type === "coordinator-key";
  // The version of a key is its record type in our tables, and all fields belong to it.
  facts.set("versions", isKey ? `${definition.apiKey}` : normal(definition.validVersions));
  facts.set("flexible", normal(definition.flexibleVersions ?? "none"));
  facts.set("newest version", definition.latestVersionUnstable === true ? "unstable" : "final");
  const structs = new Map(
    (definition.commonStructs ?? []).map((struct) => [struct.name, struct.fields]),
  );
  const visit = (fields: readonly KafkaField[], path: string): void => {
    facts.set(`${path} order`, fields.map((field) => camelCase(field.name)).join(" "));
    for (const field of fields) {
      const at = `${path}.${camelCase(field.name)}`;
      const elementType = field.type.replace("[]", "");
      const members = field.fields ?? structs.get(elementType);
      const type = members === undefined ? elementType : "struct";
      facts.set(at, describeKafka(field, field.type.startsWith("[]") ? `[]${type}` : type, isKey));
      if (members !== undefined) visit(members, at);
    }
  };
  visit(definition.fields ?? [], "");
  return facts;
}

function describeKafka(field: KafkaField, type: string, isKey: boolean): string {
  const versions = isKey ? "0+" : normal(field.versions ?? field.taggedVersions ?? "0+");
  return [
    type,
    `versions ${versions}`,
    `nullable ${normal(field.nullableVersions ?? "none")}`,
    `tagged ${normal(field.taggedVersions ?? "none")} ${field.tag ?? -1}`,
    `default ${kafkaDefault(field, type)}`,
    field.flexibleVersions === "none" ? "never compact" : "",
  ].join(", ");
}

/** Kafka's generator reads a missing default and a JSON null alike: the zero of the type. */
function kafkaDefault(field: KafkaField, type: string): string {
  if (type === "records") return "null";
  if (field.default === undefined || field.default === null) return "zero";
  if (field.default === "null") return "null";
  const text = `${field.default}`;
  switch (type) {
    case "string":
      return text === "" ? "zero" : text;
    case "bool":
      return text === "true" ? "true" : "zero";
    case "float64":
      return Number(text) === 0 ? "zero" : `${Number(text)}`;
    default:
      return BigInt(text) === 0n ? "zero" : `${BigInt(text)}`;
  }
}

/** Our side, with ranges that reach to our newest version shown as open when `open` is set. */
export function factsOfTable(message: Message<unknown>, open: boolean): Facts {
  const facts: Facts = new Map();
  facts.set("versions", formatVersions(message.validVersions));
  facts.set("flexible", formatVersions(message.flexibleVersions));
  facts.set("newest version", message.latestVersionUnstable ? "unstable" : "final");
  const visit = (fields: Fields, path: string): void => {
    facts.set(`${path} order`, Object.keys(fields).join(" "));
    for (const [name, field] of Object.entries(fields)) {
      const at = `${path}.${name}`;
      const type = field.type === "array" ? `[]${field.element?.type}` : field.type;
      facts.set(at, describeOurs(field, type, open ? message.validVersions.max : OPEN.max));
      const members = field.fields ?? field.element?.fields ?? null;
      if (members !== null) visit(members, at);
    }
  };
  visit(message.fields, "");
  return facts;
}

function describeOurs(field: Field<unknown>, type: string, newest: number): string {
  const show = ({ min, max }: VersionRange): string =>
    formatVersions({ min, max: max >= newest && max >= min ? OPEN.max : max });
  return [
    type,
    `versions ${show(field.versions)}`,
    `nullable ${show(field.nullable)}`,
    `tagged ${show(field.tagged)} ${field.tag}`,
    `default ${ourDefault(field)}`,
    field.neverCompact ? "never compact" : "",
  ].join(", ");
}

const ZERO_UUID = /^A{22}$/;

function ourDefault(field: Field<unknown>): string {
  const value = field.default;
  if (value === null) return "null";
  if (value === undefined || value === false || value === 0 || value === 0n || value === "")
    return "zero";
  if (value instanceof Uint8Array) return "zero";
  if (field.type === "uuid" && ZERO_UUID.test(`${value}`)) return "zero";
  return `${value}`;
}

function normal(versions: string): string {
  return formatVersions(parseVersions(versions));
}

function camelCase(name: string): string {
  return `${name.slice(0, 1).toLowerCase()}${name.slice(1)}`;
}

/** A fact that one side has and the other has not, or has otherwise. */
export interface Difference {
  readonly path: string;
  readonly text: string;
}

export function differences(name: string, ours: Facts, kafkas: Facts): Difference[] {
  const found: Difference[] = [];
  for (const path of new Set([...ours.keys(), ...kafkas.keys()])) {
    const mine = ours.get(path) ?? "absent";
    const theirs = kafkas.get(path) ?? "absent";
    if (mine === theirs) continue;
    const where = `${name}${path.startsWith(".") ? path : ` ${path}`}`;
    found.push({ path, text: `${where}: ours ${mine}; Kafka ${theirs}` });
  }
  return found;
}
