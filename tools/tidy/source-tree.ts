import { readFileSync, readdirSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

export const workspaceRoot = join(dirname(fileURLToPath(import.meta.url)), "../..");

/** One TypeScript file of a package; `path` is relative to the root of the workspace, with slashes. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

export interface Manifest {
  readonly name: string;
  readonly directory: string;
  readonly dependencies: ReadonlySet<string>;
  /** Needed by tests and build only. */
  readonly devDependencies: ReadonlySet<string>;
}

const SKIPPED = new Set(["node_modules", "dist", "golden"]);

/** Directories of all packages and apps. */
export function packageDirectories(): string[] {
  return ["packages", "apps"].flatMap((group) =>
    readdirSync(join(workspaceRoot, group), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => `${group}/${entry.name}`),
  );
}

export function readManifest(directory: string): Manifest {
  const manifest = JSON.parse(readFileSync(join(workspaceRoot, directory, "package.json"), "utf8")) as {
    name: string;
    dependencies?: Record<string, string>;
    devDependencies?: Record<string, string>;
  };
  return {
    name: manifest.name,
    directory,
    dependencies: new Set(Object.keys(manifest.dependencies ?? {})),
    devDependencies: new Set(Object.keys(manifest.devDependencies ?? {})),
  };
}

/** Every `.ts` and `.tsx` file under the `src` of a package. */
export function readSources(directory: string): SourceFile[] {
  return walk(join(workspaceRoot, directory, "src")).map((path) => ({
    path: relative(workspaceRoot, path).replaceAll("\\", "/"),
    text: readFileSync(path, "utf8"),
  }));
}

function walk(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    if (SKIPPED.has(entry.name)) return [];
    const path = join(directory, entry.name);
    if (entry.isDirectory()) return walk(path);
    return /\.tsx?$/.test(entry.name) && !entry.name.endsWith(".d.ts") ? [path] : [];
  });
}

export function isTest(path: string): boolean {
  return /\.test\.tsx?$/.test(path) || path.includes("/test/") || path.includes("/robustness/");
}

/** What a file imports or re-exports, also by `import()`. */
export function importsOf(text: string): string[] {
  const pattern = /(?:^|\n)\s*(?:import|export)\s[^;]*?\sfrom\s+"([^"]+)"|(?:^|\n)\s*import\s+"([^"]+)"|\bimport\(\s*"([^"]+)"/g;
  return [...text.matchAll(pattern)].map((match) => (match[1] ?? match[2] ?? match[3])!);
}

/** The text without comments, so that a word in prose is not taken for a call. */
export function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/(^|[^:"'`])\/\/[^\n]*/g, "$1");
}
