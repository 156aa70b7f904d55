import { EncodeError } from "../errors/encode-error.ts";
import type { BytesInput, Field, Fields } from "../schema/field.ts";
import type { VersionRange } from "../schema/version-range.ts";
import type { ByteReader } from "./byte-reader.ts";
import { ByteWriter } from "./byte-writer.ts";
import {
  defaultValue,
  isCompact,
  isNullable,
  isPresent,
  isTagged,
  minimumBytes,
  versionContext,
  type VersionContext,
} from "./layout.ts";

/*
 * The oracle: walks a table field by field, plainly and slowly. The compiled codec has to agree with
 * it on every message, every version and on hostile bytes.
 */

type Values = Record<string, unknown>;

interface Table {
  readonly fields: Fields;
  readonly flexibleVersions: VersionRange;
}

export function interpretDecode(table: Table, reader: ByteReader, version: number): Values {
  return decodeStruct(table.fields, reader, versionContext(version, table.flexibleVersions));
}

export function interpretEncode(
  table: Table,
  writer: ByteWriter,
  value: unknown,
  version: number,
): void {
  encodeStruct(
    table.fields,
    writer,
    value as Values,
    versionContext(version, table.flexibleVersions),
  );
}

function decodeStruct(fields: Fields, reader: ByteReader, context: VersionContext): Values {
  const values: Values = {};
  for (const [name, field] of Object.entries(fields)) {
    const isInline = isPresent(field, context) && !isTagged(field, context);
    values[name] = isInline ? decodeField(field, reader, context) : defaultValue(field);
  }
  if (context.flexible) decodeTaggedFields(fields, values, reader, context);
  return values;
}

function decodeTaggedFields(
  fields: Fields,
  values: Values,
  reader: ByteReader,
  context: VersionContext,
): void {
  for (let count = reader.readTagCount(); count > 0; count--) {
    const tag = reader.readUnsignedVarint();
    const end = reader.readTagEnd();
    const known = Object.entries(fields).find(
      ([, field]) => field.tag === tag && isTagged(field, context),
    );
    if (known === undefined) reader.offset = end;
    else values[known[0]] = decodeTagged(known[1], reader, context);
    reader.expectOffset(end);
  }
}

/** A nullable struct begins with an int8 (-1 is null), but as a tagged field with a varint (0 is null). */
function decodeTagged(field: Field<unknown>, reader: ByteReader, context: VersionContext): unknown {
  const mayBeNull = field.type === "struct" && isNullable(field, context);
  if (!mayBeNull) return decodeField(field, reader, context);
  return reader.readUnsignedVarint() === 0
    ? null
    : decodeStruct(field.fields ?? {}, reader, context);
}

function decodeField(field: Field<unknown>, reader: ByteReader, context: VersionContext): unknown {
  const start = reader.offset;
  const value = decodeNullable(field, reader, context);
  if (value === null && !isNullable(field, context))
    reader.fail(`null where ${field.type} is required`, start);
  return value;
}

function decodeNullable(
  field: Field<unknown>,
  reader: ByteReader,
  context: VersionContext,
): unknown {
  const compact = isCompact(field, context);
  switch (field.type) {
    case "bool":
      return reader.readBool();
    case "int8":
      return reader.readInt8();
    case "int16":
      return reader.readInt16();
    case "uint16":
      return reader.readUint16();
    case "int32":
      return reader.readInt32();
    case "int64":
      return reader.readInt64();
    case "float64":
      return reader.readFloat64();
    case "uuid":
      return reader.readUuid();
    case "string":
      return compact ? reader.readCompactNullableString() : reader.readNullableString();
    case "bytes":
    case "records":
      return compact ? reader.readCompactNullableBytes() : reader.readNullableBytes();
    case "array":
      return decodeArray(field, reader, context);
    case "struct":
      if (isNullable(field, context) && reader.readInt8() < 0) return null;
      return decodeStruct(field.fields ?? {}, reader, context);
  }
}

function decodeArray(
  field: Field<unknown>,
  reader: ByteReader,
  context: VersionContext,
): unknown[] | null {
  const element = field.element as Field<unknown>;
  const least = minimumBytes(element, context);
  const count = context.flexible
    ? reader.readCompactArrayLength(least)
    : reader.readArrayLength(least);
  if (count < 0) return null;
  const values: unknown[] = [];
  for (let i = 0; i < count; i++) values.push(decodeField(element, reader, context));
  return values;
}

function encodeStruct(
  fields: Fields,
  writer: ByteWriter,
  values: Values,
  context: VersionContext,
): void {
  const tagged: [tag: number, bytes: Uint8Array][] = [];
  for (const [name, field] of Object.entries(fields)) {
    if (!isPresent(field, context)) continue;
    const given = values[name];
    const value = given === undefined ? defaultValue(field) : given;
    if (!isTagged(field, context)) {
      encodeField(field, writer, value, context);
    } else if (!isDefault(field, value)) {
      const own = new ByteWriter();
      encodeTagged(field, own, value, context);
      tagged.push([field.tag, own.toUint8Array()]);
    }
  }
  if (!context.flexible) return;
  tagged.sort((a, b) => a[0] - b[0]);
  writer.writeUnsignedVarint(tagged.length);
  for (const [tag, bytes] of tagged) {
    writer.writeUnsignedVarint(tag);
    writer.writeUnsignedVarint(bytes.length);
    writer.writeRaw(bytes);
  }
}

function encodeTagged(
  field: Field<unknown>,
  writer: ByteWriter,
  value: unknown,
  context: VersionContext,
): void {
  const mayBeNull = field.type === "struct" && isNullable(field, context);
  if (!mayBeNull) return encodeField(field, writer, value, context);
  writer.writeUnsignedVarint(value === null ? 0 : 1);
  if (value !== null) encodeStruct(field.fields ?? {}, writer, value as Values, context);
}

function encodeField(
  field: Field<unknown>,
  writer: ByteWriter,
  value: unknown,
  context: VersionContext,
): void {
  const compact = isCompact(field, context);
  if (value === null && !isNullable(field, context)) {
    throw new EncodeError(`null is not a legal ${field.type} in version ${context.version}`);
  }
  switch (field.type) {
    case "bool":
      return writer.writeBool(value as boolean);
    case "int8":
      return writer.writeInt8(value as number);
    case "int16":
      return writer.writeInt16(value as number);
    case "uint16":
      return writer.writeUint16(value as number);
    case "int32":
      return writer.writeInt32(value as number);
    case "int64":
      return writer.writeInt64(value as bigint);
    case "float64":
      return writer.writeFloat64(value as number);
    case "uuid":
      return writer.writeUuid(value as string);
    case "string":
      if (compact) return writer.writeCompactNullableString(value as string | null);
      return writer.writeNullableString(value as string | null);
    case "bytes":
      if (compact) return writer.writeCompactNullableBytes(value as BytesInput | null);
      return writer.writeNullableBytes(value as BytesInput | null);
    case "records":
      if (compact) return writer.writeCompactNullableRecords(value as BytesInput | null);
      return writer.writeNullableRecords(value as BytesInput | null);
    case "array":
      return encodeArray(field, writer, value as unknown[] | null, context);
    case "struct":
      if (isNullable(field, context)) writer.writeInt8(value === null ? -1 : 1);
      if (value !== null) encodeStruct(field.fields ?? {}, writer, value as Values, context);
  }
}

function encodeArray(
  field: Field<unknown>,
  writer: ByteWriter,
  values: unknown[] | null,
  context: VersionContext,
): void {
  const count = values === null ? -1 : values.length;
  if (context.flexible) writer.writeCompactArrayLength(count);
  else writer.writeArrayLength(count);
  for (const value of values ?? [])
    encodeField(field.element as Field<unknown>, writer, value, context);
}

/** Whether a tagged field is left out. All members count, also those which the version does not have. */
function isDefault(field: Field<unknown>, value: unknown): boolean {
  if (field.default === null || value === null) return value === field.default;
  if (field.type === "array") return (value as unknown[]).length === 0;
  if (field.type === "bytes") return (value as Uint8Array).length === 0;
  if (field.type !== "struct") return value === field.default;
  return Object.entries(field.fields ?? {}).every(([name, member]) => {
    const given = (value as Values)[name];
    return given === undefined || isDefault(member, given);
  });
}
