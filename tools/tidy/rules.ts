import { posix } from "node:path";
import { importsOf, isTest, withoutComments, type Manifest, type SourceFile } from "./source-tree.ts";

/** More lines than this and a file knows too much; see CONTRIBUTING. */
export const MAX_FILE_LINES = 400;

/** What each package may import of the others; nothing points upwards. */
export const LAYERS: Readonly<Record<string, readonly string[]>> = {
  "@ottla/protocol": [],
  "@ottla/runtime": [],
  "@ottla/storage": ["@ottla/protocol", "@ottla/runtime"],
  "@ottla/coordinator": ["@ottla/storage", "@ottla/protocol", "@ottla/runtime"],
  "@ottla/client": ["@ottla/protocol"],
  "@ottla/testkit": ["@ottla/protocol", "@ottla/runtime"],
  "@ottla/broker": ["@ottla/coordinator", "@ottla/storage", "@ottla/protocol", "@ottla/runtime"],
  ottla: ["@ottla/client", "@ottla/protocol", "@ottla/broker", "@ottla/storage", "@ottla/runtime"],
};

/** Packages that the command line may load only when a command needs them. */
const LAZY_ONLY: Readonly<Record<string, readonly string[]>> = { ottla: ["@ottla/broker", "@ottla/storage"] };

interface Ban {
  readonly pattern: RegExp;
  readonly instead: string;
}

const BANNED: readonly Ban[] = [
  { pattern: /"node:fs(?:\/promises)?"/, instead: "the FileSystem of @ottla/runtime" },
  { pattern: /\bDate\.now\(/, instead: "clock.nowMs()" },
  { pattern: /\bperformance\.now\(/, instead: "clock.monotonicMs()" },
  { pattern: /\b(?:setTimeout|setInterval)\(/, instead: "clock.setTimer()" },
  { pattern: /\bMath\.random\(/, instead: "the Random of @ottla/runtime" },
];

/** The layers that are simulated, and therefore must not reach time, disk or chance by themselves. */
const SEAMED = ["packages/protocol/", "packages/storage/", "packages/coordinator/", "packages/client/", "apps/broker/"];

/** Files that are the seam of their package, each with its reason. */
export const SEAM_FILES: ReadonlyMap<string, string> = new Map([
  ["packages/client/src/client-runtime.ts", "the client stands on protocol alone and takes its own small seam"],
]);

export function fileLengthProblems(files: readonly SourceFile[]): string[] {
  return files.flatMap(({ path, text }) => {
    const lines = text.split("\n").length - 1;
    return lines > MAX_FILE_LINES && !isTest(path) ? [`${path} has ${lines} lines, the limit is ${MAX_FILE_LINES}`] : [];
  });
}

export function bannedCallProblems(files: readonly SourceFile[]): string[] {
  return files.flatMap(({ path, text }) => {
    if (isTest(path) || SEAM_FILES.has(path) || !SEAMED.some((layer) => path.startsWith(layer))) return [];
    const code = withoutComments(text);
    return BANNED.filter(({ pattern }) => pattern.test(code)).map(
      ({ pattern, instead }) => `${path} uses ${pattern.source}; use ${instead}`,
    );
  });
}

export function importProblems(manifest: Manifest, files: readonly SourceFile[]): string[] {
  return files.flatMap(({ path, text }) =>
    importsOf(text).flatMap((imported) => {
      if (imported.startsWith(".") || imported.startsWith("node:")) return [];
      const name = packageOf(imported);
      if (isTest(path)) return [];
      if (!manifest.dependencies.has(name)) return [`${path} imports ${name}, which its package.json does not declare`];
      return layerProblem({ manifest, path, name, text });
    }),
  );
}

function layerProblem(use: { manifest: Manifest; path: string; name: string; text: string }): string[] {
  const { manifest, path, name, text } = use;
  const isOurs = name in LAYERS;
  if (!isOurs) return [];
  if (!LAYERS[manifest.name]?.includes(name)) return [`${path} imports ${name}: ${manifest.name} stands below it`];
  const isLazy = LAZY_ONLY[manifest.name]?.includes(name) === true;
  const eager = new RegExp(`(?:^|\\n)\\s*(?:import|export)\\s+(?!type\\b)[^;]*?from\\s+"${name}"`).test(text);
  return isLazy && eager ? [`${path} imports ${name} eagerly: load it in the command that needs it`] : [];
}

/** Files that nothing but tests reaches. `entries` are where programs and packages start. */
export function deadFileProblems(files: readonly SourceFile[], entries: readonly string[]): string[] {
  const known = new Map(files.map((file) => [file.path, file]));
  const reached = new Set<string>();
  const queue = entries.filter((entry) => known.has(entry));
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    if (reached.has(path)) continue;
    reached.add(path);
    for (const target of referencesOf(known.get(path)!)) if (known.has(target)) queue.push(target);
  }
  return files
    .filter(({ path }) => !isTest(path) && !reached.has(path))
    .map(({ path }) => `${path} is reached from no entry point: use it or remove it`);
}

/** Imports, and what a worker or child process is started from. */
function referencesOf({ path, text }: SourceFile): string[] {
  const started = [...text.matchAll(/new URL\(\s*[`"]([^`"]+\.tsx?)[`"]/g)].map((match) => match[1]!);
  return [...importsOf(text), ...started]
    .filter((target) => target.startsWith("."))
    .map((target) => posix.join(posix.dirname(path), target));
}

function packageOf(imported: string): string {
  const parts = imported.split("/");
  return imported.startsWith("@") ? parts.slice(0, 2).join("/") : parts[0]!;
}
