/** What our commands print: trees of plain values. */
export type Printable =
  | string
  | number
  | boolean
  | null
  | readonly Printable[]
  | { readonly [name: string]: Printable };

/** Words and shapes that YAML would take for something else than text. */
const PLAIN_TEXT = /^[A-Za-z_/][A-Za-z0-9_./@-]*$/;
const RESERVED = /^(?:true|false|yes|no|on|off|null|y|n|nan|inf|infinity)$/i;

/** YAML in block style. Text that could be read as anything else is written as a JSON string, which YAML contains. */
export function toYaml(value: Printable): string {
  return `${lines(value).join("\n")}\n`;
}

function lines(value: Printable): string[] {
  if (isList(value))
    return value.length === 0 ? ["[]"] : value.flatMap((item) => prefixed("- ", lines(item)));
  if (value !== null && typeof value === "object") {
    const entries = Object.entries(value);
    return entries.length === 0
      ? ["{}"]
      : entries.flatMap(([name, item]) => entry(scalar(name), item));
  }
  return [scalar(value)];
}

function entry(name: string, item: Printable): string[] {
  const isNested =
    item !== null &&
    typeof item === "object" &&
    (isList(item) ? item.length > 0 : Object.keys(item).length > 0);
  if (!isNested) return [`${name}: ${lines(item)[0] ?? ""}`];
  return [`${name}:`, ...lines(item).map((line) => `  ${line}`)];
}

function prefixed(prefix: string, block: readonly string[]): string[] {
  return block.map((line, index) => `${index === 0 ? prefix : " ".repeat(prefix.length)}${line}`);
}

function scalar(value: string | number | boolean | null): string {
  if (typeof value !== "string") return String(value);
  return PLAIN_TEXT.test(value) && !RESERVED.test(value) ? value : JSON.stringify(value);
}

function isList(value: Printable): value is readonly Printable[] {
  return Array.isArray(value);
}
