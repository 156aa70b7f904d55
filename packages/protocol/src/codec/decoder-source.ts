import type { Field, Fields } from "../schema/field.ts";
import { defaultSource } from "./default-source.ts";
import {
  isCompact,
  isNullable,
  isPresent,
  isTagged,
  minimumBytes,
  type VersionContext,
} from "./layout.ts";

/** Collects the generated functions of one decoder. `r` is the reader throughout. */
export class DecoderSource {
  readonly #functions: string[] = [];
  readonly #context: VersionContext;

  constructor(context: VersionContext) {
    this.#context = context;
  }

  text(): string {
    return this.#functions.join("\n");
  }

  #add(body: string): string {
    const name = `d${this.#functions.length}`;
    this.#functions.push(`function ${name}(r) {\n${body}\n}`);
    return name;
  }

  /** A function which reads a struct. Members stand in the order of the table, so all objects have one shape. */
  struct(fields: Fields): string {
    const context = this.#context;
    const members = Object.entries(fields).map(([name, field]) => {
      const isInline = isPresent(field, context) && !isTagged(field, context);
      return `${name}: ${isInline ? this.#read(field) : defaultSource(field)}`;
    });
    const literal = `{ ${members.join(", ")} }`;
    if (!context.flexible) return this.#add(`return ${literal};`);
    const cases = Object.entries(fields)
      .filter(([, field]) => isTagged(field, context))
      .map(([name, field]) => `case ${field.tag}: o.${name} = ${this.#readTagged(field)}; break;`);
    if (cases.length === 0)
      return this.#add(`const o = ${literal};\nr.skipTaggedFields();\nreturn o;`);
    return this.#add(`const o = ${literal};
for (let n = r.readTagCount(); n > 0; n--) {
  const tag = r.readUnsignedVarint(), end = r.readTagEnd();
  switch (tag) {
    ${cases.join("\n    ")}
    default: r.offset = end;
  }
  r.expectOffset(end);
}
return o;`);
  }

  /** A nullable struct begins with an int8 (-1 is null), but as a tagged field with a varint (0 is null). */
  #readTagged(field: Field<unknown>): string {
    if (field.type !== "struct" || !isNullable(field, this.#context)) return this.#read(field);
    return `r.readUnsignedVarint() === 0 ? null : ${this.struct(field.fields ?? {})}(r)`;
  }

  /** An expression that reads one field. */
  #read(field: Field<unknown>): string {
    const compact = isCompact(field, this.#context) ? "Compact" : "";
    const nullable = isNullable(field, this.#context) ? "Nullable" : "";
    switch (field.type) {
      case "string":
        return `r.read${compact}${nullable}String()`;
      case "bytes":
      case "records":
        return `r.read${compact}${nullable}Bytes()`;
      case "array":
        return `${this.#array(field)}(r)`;
      case "struct": {
        const read = `${this.struct(field.fields ?? {})}(r)`;
        return nullable ? `(r.readInt8() < 0 ? null : ${read})` : read;
      }
      default:
        return `r.read${field.type[0]?.toUpperCase()}${field.type.slice(1)}()`;
    }
  }

  #array(field: Field<unknown>): string {
    const context = this.#context;
    const element = field.element as Field<unknown>;
    const method = context.flexible ? "readCompactArrayLength" : "readArrayLength";
    const onNull = isNullable(field, context)
      ? "return null;"
      : 'r.fail("null where array is required", start);';
    return this.#add(`const start = r.offset, n = r.${method}(${minimumBytes(element, context)});
if (n < 0) ${onNull}
if (n === 0) return [];
const a = new Array(n);
for (let i = 0; i < n; i++) a[i] = ${this.#read(element)};
return a;`);
  }
}
