import { readFileSync } from "node:fs";
import { UsageError } from "../failure/exit.ts";

/** `name=value` pairs of flags and of property files, in order; a later one wins. */
export type Properties = ReadonlyMap<string, string>;

const ESCAPES: Readonly<Record<string, string>> = { t: "\t", n: "\n", r: "\r", f: "\f" };

/** Reads the format of Java's property files: comments, continued lines, `=`, `:` or blank between. */
export function parseProperties(text: string): Map<string, string> {
  const properties = new Map<string, string>();
  const logicalLines = text.replace(/(?<!\\)((?:\\\\)*)\\\r?\n[ \t\f]*/g, "$1").split(/\r?\n/);
  for (const line of logicalLines) {
    const match = /^\s*(?![#!])((?:\\.|[^\\\s=:])+)\s*[=:]?\s*(.*)$/.exec(line);
    if (match !== null) properties.set(unescapeText(match[1] ?? ""), unescapeText(match[2] ?? ""));
  }
  return properties;
}

function unescapeText(text: string): string {
  return text.replace(/\\(?:u([0-9a-fA-F]{4})|(.))/g, (_, unit?: string, char = "") =>
    unit === undefined
      ? (ESCAPES[char as string] ?? char)
      : String.fromCharCode(Number.parseInt(unit, 16)),
  );
}

export function readPropertiesFile(path: string): Map<string, string> {
  try {
    return parseProperties(readFileSync(path, "utf8"));
  } catch (error) {
    throw new UsageError(
      `cannot read ${path} (${(error as NodeJS.ErrnoException).code}): name an existing properties file`,
    );
  }
}

/** Kafka's scripts take `--property name=value`; a name alone stands for an empty value. */
export function parsePairs(pairs: readonly string[], flag: string): Map<string, string> {
  const properties = new Map<string, string>();
  for (const pair of pairs) {
    const at = pair.indexOf("=");
    const name = at < 0 ? pair : pair.slice(0, at);
    if (name.trim() === "")
      throw new UsageError(`"${pair}" after ${flag} is not of the form name=value`);
    properties.set(name.trim(), at < 0 ? "" : pair.slice(at + 1));
  }
  return properties;
}
