import type { Field } from "../schema/field.ts";

/** Source of an expression for the default of a field; arrays and structs are fresh objects. */
export function defaultSource(field: Field<unknown>): string {
  const value = field.default;
  if (value instanceof Uint8Array) return "EMPTY";
  if (typeof value === "bigint") return `${value}n`;
  if (value !== undefined) return JSON.stringify(value);
  if (field.type === "array") return "[]";
  const members = Object.entries(field.fields ?? {}).map(
    ([name, member]) => `${name}: ${defaultSource(member)}`,
  );
  return `{ ${members.join(", ")} }`;
}
