import type { Field, Fields } from "../schema/field.ts";
import { defaultSource } from "./default-source.ts";
import { isCompact, isNullable, isPresent, isTagged, type VersionContext } from "./layout.ts";

/** Collects the generated functions of one encoder. `w` is the writer, `v` the value in hand. */
export class EncoderSource {
  readonly #functions: string[] = [];
  readonly #context: VersionContext;

  constructor(context: VersionContext) {
    this.#context = context;
  }

  text(): string {
    return this.#functions.join("\n");
  }

  #add(prefix: string, parameters: string, body: string): string {
    const name = `${prefix}${this.#functions.length}`;
    this.#functions.push(`function ${name}(${parameters}) {\n${body}\n}`);
    return name;
  }

  /** A function which writes a struct; a member that is left out takes its default. */
  struct(fields: Fields, path: readonly string[]): string {
    const context = this.#context;
    const lines: string[] = ["let v;"];
    const tagged: [name: string, field: Field<unknown>][] = [];
    for (const [name, field] of Object.entries(fields)) {
      if (!isPresent(field, context)) continue;
      if (isTagged(field, context)) {
        tagged.push([name, field]);
        continue;
      }
      lines.push(`v = o.${name}; if (v === undefined) v = ${defaultSource(field)};`);
      lines.push(this.#write(field, [...path, name]));
    }
    if (context.flexible) lines.push(...this.#taggedFields(tagged, path));
    return this.#add("e", "w, o", lines.join("\n"));
  }

  #taggedFields(
    tagged: [name: string, field: Field<unknown>][],
    path: readonly string[],
  ): string[] {
    if (tagged.length === 0) return ["w.writeUnsignedVarint(0);"];
    const lines = ["let n = 0;"];
    tagged.sort((a, b) => a[1].tag - b[1].tag);
    for (const [name, field] of tagged) {
      const { tag } = field;
      lines.push(
        `const t${tag} = o.${name}, p${tag} = t${tag} !== undefined && ${this.#differs(field, `t${tag}`)};`,
      );
      lines.push(`if (p${tag}) n++;`);
    }
    lines.push("w.writeUnsignedVarint(n);");
    for (const [name, field] of tagged) {
      const { tag } = field;
      lines.push(`if (p${tag}) {
  v = t${tag};
  w.writeUnsignedVarint(${tag});
  const at = w.beginSized();
  ${this.#writeTagged(field, [...path, name])}
  w.endSized(at);
}`);
    }
    return lines;
  }

  /** A nullable struct begins with an int8 (-1 is null), but as a tagged field with a varint (0 is null). */
  #writeTagged(field: Field<unknown>, path: readonly string[]): string {
    if (field.type !== "struct" || !isNullable(field, this.#context))
      return this.#write(field, path);
    const write = `${this.struct(field.fields ?? {}, path)}(w, v);`;
    return `if (v === null) w.writeUnsignedVarint(0); else { w.writeUnsignedVarint(1); ${write} }`;
  }

  /** A statement that writes `v`. */
  #write(field: Field<unknown>, path: readonly string[]): string {
    const compact = isCompact(field, this.#context) ? "Compact" : "";
    const nullable = isNullable(field, this.#context) ? "Nullable" : "";
    const guard = nullable ? "" : `if (v === null) refuseNull(${JSON.stringify(path.join("."))}); `;
    switch (field.type) {
      case "string":
        return `${guard}w.write${compact}${nullable}String(v);`;
      case "bytes":
        return `${guard}w.write${compact}${nullable}Bytes(v);`;
      case "records":
        return `${guard}w.write${compact}NullableRecords(v);`;
      case "array":
        return `${guard}${this.#array(field, path)}(w, v);`;
      case "struct": {
        const write = `${this.struct(field.fields ?? {}, path)}(w, v);`;
        if (!nullable) return `${guard}${write}`;
        return `if (v === null) w.writeInt8(-1); else { w.writeInt8(1); ${write} }`;
      }
      default:
        return `${guard}w.write${field.type[0]?.toUpperCase()}${field.type.slice(1)}(v);`;
    }
  }

  #array(field: Field<unknown>, path: readonly string[]): string {
    const method = this.#context.flexible ? "writeCompactArrayLength" : "writeArrayLength";
    const write = this.#write(field.element as Field<unknown>, path);
    return this.#add(
      "a",
      "w, values",
      `if (values === null) { w.${method}(-1); return; }
const n = values.length;
w.${method}(n);
for (let i = 0; i < n; i++) { const v = values[i]; ${write} }`,
    );
  }

  /** An expression that is true unless `value` is the default, in which case a tagged field is left out. */
  #differs(field: Field<unknown>, value: string): string {
    if (field.default === null) return `${value} !== null`;
    if (field.type === "array" || field.type === "bytes")
      return `(${value} === null || ${value}.length !== 0)`;
    if (field.type !== "struct") return `${value} !== ${defaultSource(field)}`;
    const members = Object.entries(field.fields ?? {}).map(
      ([name, member]) => `(o.${name} !== undefined && ${this.#differs(member, `o.${name}`)})`,
    );
    const check = this.#add("s", "o", `return o === null || ${members.join(" || ") || "false"};`);
    return `${check}(${value})`;
  }
}
