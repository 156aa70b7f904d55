import type { Field, Fields } from "./field.ts";
import type { VersionRange } from "./version-range.ts";

const NAME_PATTERN = /^[a-z][A-Za-z0-9]*$/;

/**
 * Refuses a table that the codec could not follow. Field names end up in generated source, so that
 * only plain identifiers are let through.
 */
export function validateFields(name: string, fields: Fields, flexible: VersionRange): void {
  const tags = new Set<number>();
  for (const [fieldName, field] of Object.entries(fields)) {
    const path = `${name}.${fieldName}`;
    if (!NAME_PATTERN.test(fieldName)) throw new TypeError(`${path}: not a field name`);
    validateField(path, field, flexible);
    if (field.tag < 0) continue;
    if (tags.has(field.tag)) throw new TypeError(`${path}: tag ${field.tag} is taken`);
    tags.add(field.tag);
  }
}

function validateField(path: string, field: Field<unknown>, flexible: VersionRange): void {
  const isTagged = field.tagged.max >= field.tagged.min;
  if (isTagged !== field.tag >= 0)
    throw new TypeError(`${path}: tagged versions and tag go together`);
  if (isTagged && field.tagged.min < flexible.min) {
    throw new TypeError(`${path}: tagged before the message is flexible`);
  }
  if (isTagged && (field.type === "records" || field.neverCompact)) {
    throw new TypeError(`${path}: this field cannot be tagged`);
  }
  const isNullable = field.nullable.max >= field.nullable.min;
  if (field.default === null && !isNullable && field.type !== "records") {
    throw new TypeError(`${path}: defaults to null but is never nullable`);
  }
  if (field.fields !== null) validateFields(path, field.fields, flexible);
  if (field.element?.type === "array") throw new TypeError(`${path}: arrays do not nest directly`);
  if (field.element) validateField(`${path}[]`, field.element, flexible);
}
