import type { Field, Fields } from "../schema/field.ts";
import { includesVersion, type VersionRange } from "../schema/version-range.ts";

/** What a message table says about one version: the input of the compiler and of the interpreter. */
export interface VersionContext {
  readonly version: number;
  readonly flexible: boolean;
}

export function versionContext(version: number, flexible: VersionRange): VersionContext {
  return { version, flexible: includesVersion(flexible, version) };
}

export function isPresent(field: Field<unknown>, context: VersionContext): boolean {
  return includesVersion(field.versions, context.version);
}

export function isTagged(field: Field<unknown>, context: VersionContext): boolean {
  return (
    context.flexible && isPresent(field, context) && includesVersion(field.tagged, context.version)
  );
}

export function isNullable(field: Field<unknown>, context: VersionContext): boolean {
  return includesVersion(field.nullable, context.version);
}

export function isCompact(field: Field<unknown>, context: VersionContext): boolean {
  return context.flexible && !field.neverCompact;
}

/** The fewest bytes a field can take, which bounds how many elements fit into what remains. */
export function minimumBytes(field: Field<unknown>, context: VersionContext): number {
  switch (field.type) {
    case "bool":
    case "int8":
      return 1;
    case "int16":
    case "uint16":
      return 2;
    case "int32":
      return 4;
    case "int64":
    case "float64":
      return 8;
    case "uuid":
      return 16;
    case "string":
      return isCompact(field, context) ? 1 : 2;
    case "bytes":
    case "records":
    case "array":
      return isCompact(field, context) ? 1 : 4;
    case "struct":
      return isNullable(field, context) ? 1 : minimumStructBytes(field.fields ?? {}, context);
  }
}

function minimumStructBytes(fields: Fields, context: VersionContext): number {
  let size = context.flexible ? 1 : 0;
  for (const field of Object.values(fields)) {
    if (isPresent(field, context) && !isTagged(field, context))
      size += minimumBytes(field, context);
  }
  return size;
}

/** The value of a field that is absent; arrays and structs are made anew each time. */
export function defaultValue(field: Field<unknown>): unknown {
  if (field.default !== undefined) return field.default;
  if (field.type === "array") return [];
  const value: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(field.fields ?? {}))
    value[name] = defaultValue(member);
  return value;
}
