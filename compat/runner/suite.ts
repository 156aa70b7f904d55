/** Finds and reads the `suite.json` files. A mistake in one is an error with its path, never a suite left out. */
import { globSync, readFileSync } from "node:fs";
import path from "node:path";
import { compatRoot } from "./repository.ts";

export const needNames = [
  "java",
  "javac",
  "mvn",
  "python3",
  "go",
  "gcc",
  "kcat",
  "node",
  "kafka-jars",
] as const;
export type Need = (typeof needNames)[number];

export type Command = readonly string[];

export interface Suite {
  readonly name: string;
  readonly directory: string;
  readonly needs: readonly Need[];
  /** As programs with their arguments; a single string in `suite.json` is a line for the shell. */
  readonly install: readonly Command[];
  readonly run: Command;
  readonly timeoutSeconds: number;
  readonly weight: number;
}

const knownKeys = new Set(["name", "needs", "install", "run", "timeoutSeconds", "weight"]);
const maximumTimeoutSeconds = 600;

export function findSuites(root: string = compatRoot): Suite[] {
  const files = globSync("**/suite.json", {
    cwd: root,
    exclude: (name) => name === "node_modules",
  });
  const suites = files.map((file) => {
    const absolute = path.join(root, file);
    return parseSuite(readFileSync(absolute, "utf8"), absolute);
  });
  suites.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const [index, suite] of suites.entries()) {
    if (suites[index + 1]?.name === suite.name)
      throw new Error(`two suites are named ${suite.name}`);
  }
  return suites;
}

export function parseSuite(text: string, file: string): Suite {
  const fail = (what: string): never => {
    throw new Error(`${file}: ${what}`);
  };
  const value: unknown = JSON.parse(text);
  if (typeof value !== "object" || value === null) return fail("expected an object");
  const fields = new Map<string, unknown>(Object.entries(value));
  for (const key of fields.keys()) if (!knownKeys.has(key)) fail(`unknown key ${key}`);
  const strings = (key: string, list: unknown): string[] => {
    if (!Array.isArray(list) || !list.every((item) => typeof item === "string")) {
      return fail(`${key} must be a list of strings`);
    }
    return list;
  };
  const command = (key: string, value: unknown): Command => {
    const words = typeof value === "string" ? [value] : strings(key, value);
    const [first] = words;
    if (first === undefined) return fail(`${key} is an empty command`);
    return words.length === 1 ? ["sh", "-c", first] : words;
  };
  const commands = fields.get("install") ?? [];
  if (!Array.isArray(commands)) return fail("install must be a list of commands");
  const install = commands.map((words: unknown) => command("a command of install", words));
  const run = command("run", fields.get("run"));
  const name = fields.get("name");
  if (typeof name !== "string" || !/^[a-z0-9-]+$/.test(name))
    return fail("name must be of a-z, 0-9 and -");
  const timeoutSeconds = fields.get("timeoutSeconds");
  if (
    typeof timeoutSeconds !== "number" ||
    !(timeoutSeconds > 0 && timeoutSeconds <= maximumTimeoutSeconds)
  ) {
    return fail(`timeoutSeconds must be a number up to ${maximumTimeoutSeconds}`);
  }
  const weight = fields.get("weight") ?? 1;
  if (typeof weight !== "number") return fail("weight must be a number");
  const needs = strings("needs", fields.get("needs") ?? []).map(
    (need) => needNames.find((known) => known === need) ?? fail(`unknown need ${need}`),
  );
  return {
    name,
    directory: path.dirname(file),
    needs,
    install,
    run,
    timeoutSeconds,
    weight,
  };
}
