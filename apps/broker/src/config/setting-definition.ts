/** Kafka's types of settings. Numbers beyond 2^53-1 are held as 2^53-1: as limits they mean the same. */
export type SettingType = "boolean" | "string" | "int" | "long" | "double" | "list";

/** A broker setting that supplies the value of a topic setting, `factor` times. */
export interface BrokerSynonym {
  readonly name: string;
  /** log.retention.hours counts hours, retention.ms milliseconds. */
  readonly factor?: number;
}

export interface SettingDefinition {
  readonly type: SettingType;
  /** As it would be written in a file; null means not set. */
  readonly default: string | null;
  /** One or more sentences of our own. */
  readonly doc: string;
  readonly min?: number;
  readonly max?: number;
  /** The allowed values, or the allowed items of a list. */
  readonly oneOf?: readonly string[];
  /** Never shown to anyone. */
  readonly sensitive?: boolean;
  /** Broker settings behind a topic setting; the first that is set wins, the first is its name at the broker. */
  readonly synonyms?: readonly BrokerSynonym[];
  /** Why the setting is known, checked and stored, but changes nothing in this release. */
  readonly noEffect?: string;
  /** Values that must not be ignored and cannot be obeyed, each with what to do instead. */
  readonly refuse?: (value: string) => string | undefined;
}

export type SettingTable = Readonly<Record<string, SettingDefinition>>;

/** The type in which code sees a setting. */
export type SettingValue<Definition extends SettingDefinition> =
  | (Definition["default"] extends null ? null : never)
  | (Definition["type"] extends "boolean"
      ? boolean
      : Definition["type"] extends "int" | "long" | "double"
        ? number
        : Definition["type"] extends "list"
          ? readonly string[]
          : string);

type Parsed = boolean | number | string | readonly string[];
export type ParseResult =
  | { readonly ok: true; readonly value: Parsed }
  | { readonly ok: false; readonly problem: string };

const INT_LIMITS = { min: -(2n ** 31n), max: 2n ** 31n - 1n };
const LONG_LIMITS = { min: -(2n ** 63n), max: 2n ** 63n - 1n };

/** Parses and checks a value as Kafka does: surrounding spaces and repeated items do not count. */
export function parseSetting(definition: SettingDefinition, text: string): ParseResult {
  const trimmed = text.trim();
  const parsed = parseByType(definition, trimmed);
  if (!parsed.ok) return parsed;
  const problem = refusedItem(definition, parsed.value) ?? outOfRange(definition, parsed.value);
  if (problem) return { ok: false, problem };
  const refused = definition.refuse?.(trimmed);
  return refused ? { ok: false, problem: refused } : parsed;
}

function parseByType({ type }: SettingDefinition, text: string): ParseResult {
  switch (type) {
    case "string":
      return { ok: true, value: text };
    case "boolean": {
      const lower = text.toLowerCase();
      if (lower === "true" || lower === "false") return { ok: true, value: lower === "true" };
      return { ok: false, problem: "must be true or false" };
    }
    case "int":
      return parseInteger(text, INT_LIMITS);
    case "long":
      return parseInteger(text, LONG_LIMITS);
    case "double": {
      const value = Number(text);
      if (text !== "" && Number.isFinite(value)) return { ok: true, value };
      return { ok: false, problem: "must be a number" };
    }
    case "list": {
      const items = text === "" ? [] : text.split(",").map((item) => item.trim());
      if (items.includes("")) return { ok: false, problem: "has an empty item" };
      return { ok: true, value: [...new Set(items)] };
    }
    default:
      return type satisfies never;
  }
}

function parseInteger(text: string, limits: { min: bigint; max: bigint }): ParseResult {
  if (!/^[+-]?\d+$/.test(text)) return { ok: false, problem: "must be a whole number" };
  const value = BigInt(text.replace("+", ""));
  if (value < limits.min || value > limits.max) {
    return { ok: false, problem: `must be between ${limits.min} and ${limits.max}` };
  }
  const safe = Math.min(Math.max(Number(value), Number.MIN_SAFE_INTEGER), Number.MAX_SAFE_INTEGER);
  return { ok: true, value: safe };
}

function refusedItem({ oneOf }: SettingDefinition, value: Parsed): string | undefined {
  if (!oneOf) return undefined;
  const items = Array.isArray(value) ? (value as readonly string[]) : [String(value)];
  const allowed = items.every((item) => oneOf.includes(item));
  return allowed
    ? undefined
    : `must be ${Array.isArray(value) ? "a list of" : "one of"} ${oneOf.join(", ")}`;
}

function outOfRange({ min, max }: SettingDefinition, value: Parsed): string | undefined {
  if (typeof value !== "number") return undefined;
  if (min !== undefined && value < min) return `must be at least ${min}`;
  if (max !== undefined && value > max) return `must be at most ${max}`;
  return undefined;
}
