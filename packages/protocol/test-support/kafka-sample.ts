import { EncodeError } from "../src/errors/encode-error.ts";
import type { Field, Fields } from "../src/schema/field.ts";
import { decodeMessage, encodeMessage, type Message } from "../src/schema/message.ts";
import {
  defaultValue,
  isPresent,
  isTagged,
  versionContext,
  type VersionContext,
} from "../src/codec/layout.ts";

/*
 * A sample is one value of one message as Kafka's own classes wrote it: bytes and JSON, one JSON
 * object a line. Our codec has to read the bytes to the same value and write the same bytes.
 */

export interface KafkaSample {
  readonly message: string;
  readonly version: number;
  readonly recordType?: number;
  readonly hex: string;
  readonly json: unknown;
}

/** Numbers that JavaScript would round are kept as bigint. */
export function parseSample(line: string): KafkaSample {
  const revive = (
    _key: string,
    value: unknown,
    context?: { readonly source?: string },
  ): unknown => {
    if (typeof value !== "number" || context?.source === undefined) return value;
    return /^-?\d+$/.test(context.source) && !Number.isSafeInteger(value)
      ? BigInt(context.source)
      : value;
  };
  return JSON.parse(line, revive as (key: string, value: unknown) => unknown) as KafkaSample;
}

/** Version in our tables, where the version of a key is its record type. */
export function tableVersion(sample: KafkaSample): number {
  return sample.recordType ?? sample.version;
}

/** Compares both directions; returns what is wrong, or null. */
export function checkSample(message: Message<unknown>, sample: KafkaSample): string | null {
  const version = tableVersion(sample);
  const bytes = Buffer.from(sample.hex, "hex");
  let value: unknown;
  try {
    value = decodeMessage(message, bytes, version);
  } catch (error) {
    return `v${version} does not decode: ${(error as Error).message}: ${sample.hex.slice(0, 400)}`;
  }
  const difference = compareStruct(
    message.fields,
    value,
    sample.json,
    versionContext(version, message.flexibleVersions),
    "",
  );
  if (difference !== null) return `v${version}${difference}`;
  return checkEncoding(message, value, version, sample.hex);
}

function checkEncoding(
  message: Message<unknown>,
  value: unknown,
  version: number,
  hex: string,
): string | null {
  try {
    const again = Buffer.from(encodeMessage(message, value as object, version)).toString("hex");
    return again === hex
      ? null
      : `v${version} encodes to ${again.slice(0, 400)} instead of ${hex.slice(0, 400)}`;
  } catch (error) {
    if (error instanceof EncodeError) return `v${version} does not encode: ${error.message}`;
    throw error;
  }
}

function compareStruct(
  fields: Fields,
  value: unknown,
  json: unknown,
  context: VersionContext,
  path: string,
): string | null {
  if (typeof json !== "object" || json === null) return `${path}: Kafka has ${String(json)}`;
  const rest = new Map(Object.entries(json));
  for (const [name, field] of Object.entries(fields)) {
    const own = (value as Record<string, unknown>)[name];
    const difference = compareMember(name, field, own, rest, context, `${path}.${name}`);
    if (difference !== null) return difference;
  }
  const unknown = [...rest.keys()];
  return unknown.length === 0 ? null : `${path}: Kafka has more: ${unknown.join(", ")}`;
}

/** Takes the member out of `rest`, so that what is left over at the end is what our table lacks. */
function compareMember(
  name: string,
  field: Field<unknown>,
  value: unknown,
  rest: Map<string, unknown>,
  context: VersionContext,
  path: string,
): string | null {
  const recordsSize = field.type === "records" ? rest.get(`${name}SizeInBytes`) : undefined;
  if (recordsSize !== undefined) {
    rest.delete(`${name}SizeInBytes`);
    const size = (value as Uint8Array | null)?.length;
    return size === recordsSize ? null : `${path}: ${size} bytes instead of ${String(recordsSize)}`;
  }
  if (!rest.has(name)) {
    if (isPresent(field, context) && !isTagged(field, context))
      return `${path}: Kafka does not have it`;
    const expected = JSON.stringify(defaultValue(field), show);
    const actual = JSON.stringify(value, show);
    return actual === expected ? null : `${path}: ${actual} instead of the default ${expected}`;
  }
  const json = rest.get(name);
  rest.delete(name);
  if (!isPresent(field, context)) return `${path}: our table does not have it`;
  return compareField(field, value, json, context, path);
}

function compareField(
  field: Field<unknown>,
  value: unknown,
  json: unknown,
  context: VersionContext,
  path: string,
): string | null {
  if (value === null || json === null) return value === json ? null : `${path}: one is null`;
  switch (field.type) {
    case "struct":
      return compareStruct(field.fields ?? {}, value, json, context, path);
    case "array":
      return compareArray(
        field.element as Field<unknown>,
        value as unknown[],
        json as unknown[],
        context,
        path,
      );
    case "int64":
      return same(value, BigInt(json as number | bigint), path);
    case "bytes":
    case "records":
      return same(Buffer.from(value as Uint8Array).toString("base64"), json, path);
    default:
      return same(value, json, path);
  }
}

function compareArray(
  element: Field<unknown>,
  values: unknown[],
  json: unknown[],
  context: VersionContext,
  path: string,
): string | null {
  if (values.length !== json.length)
    return `${path}: ${values.length} elements instead of ${json.length}`;
  for (const [i, value] of values.entries()) {
    const difference = compareField(element, value, json[i], context, `${path}[${i}]`);
    if (difference !== null) return difference;
  }
  return null;
}

function same(actual: unknown, expected: unknown, path: string): string | null {
  return actual === expected ? null : `${path}: ${String(actual)} instead of ${String(expected)}`;
}

function show(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") return `${value}n`;
  return value instanceof Uint8Array ? Buffer.from(value).toString("base64") : value;
}
