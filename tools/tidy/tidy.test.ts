import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { bannedCallProblems, deadFileProblems, fileLengthProblems, importProblems } from "./rules.ts";
import { packageDirectories, readManifest, readSources, workspaceRoot, type SourceFile } from "./source-tree.ts";

const packages = packageDirectories().map((directory) => ({
  manifest: readManifest(directory),
  files: readSources(directory),
}));
const allFiles = packages.flatMap(({ files }) => files);

/** Where programs and packages start; a benchmark or a script may import deeper. */
const ENTRIES = /\/src\/(?:index|main|bin)\.ts$|\/src\/engine\/storage-worker\.ts$/;

describe("the tree", () => {
  test("no file is longer than its limit", () => {
    expect(fileLengthProblems(allFiles)).toEqual([]);
  });

  test("time, disk and chance are reached through the runtime only", () => {
    expect(bannedCallProblems(allFiles)).toEqual([]);
  });

  test.each(packages.map(({ manifest, files }) => [manifest.name, manifest, files] as const))(
    "%s imports only what it declares, and nothing above its layer",
    (_name, manifest, files) => {
      expect(importProblems(manifest, files)).toEqual([]);
    },
  );

  test.each(packages.map(({ manifest, files }) => [manifest.name, files] as const))("%s has no dead files", (_name, files) => {
    const entries = files.map(({ path }) => path).filter((path) => ENTRIES.test(path));
    expect(deadFileProblems(files, entries)).toEqual([]);
  });

  test("runs on the Node that the workspace brings", () => {
    expect(process.version).toBe("v26.10.0");
  });
});

describe("each rule fails on a bad example", () => {
  const bad = (path: string, text: string): SourceFile => ({ path, text });

  test("a file of 401 lines", () => {
    expect(fileLengthProblems([bad("packages/storage/src/a.ts", "x;\n".repeat(401))])).toHaveLength(1);
  });

  test.each(["Date.now()", "setTimeout(f, 1)", "Math.random()", 'import { x } from "node:fs";'])("%s in the storage engine", (code) => {
    expect(bannedCallProblems([bad("packages/storage/src/a.ts", code)])).toHaveLength(1);
  });

  test("a banned word in a comment is not a call", () => {
    expect(bannedCallProblems([bad("packages/storage/src/a.ts", "// Date.now() would not be simulated\n/* setTimeout(f) */")])).toEqual([]);
  });

  test("an import that points upwards, declared or not", () => {
    const storage = packages.find(({ manifest }) => manifest.name === "@ottla/storage")!.manifest;
    const upward = bad("packages/storage/src/a.ts", 'import { Broker } from "@ottla/broker";');
    expect(importProblems(storage, [upward])).toHaveLength(1);
    const declared = { ...storage, dependencies: new Set([...storage.dependencies, "@ottla/broker"]) };
    expect(importProblems(declared, [upward])).toEqual([
      "packages/storage/src/a.ts imports @ottla/broker: @ottla/storage stands below it",
    ]);
  });

  test("an eager import of the broker by the command line", () => {
    const cli = packages.find(({ manifest }) => manifest.name === "ottla")!.manifest;
    expect(importProblems(cli, [bad("apps/cli/src/a.ts", 'import { Broker } from "@ottla/broker";')])).toHaveLength(1);
    expect(importProblems(cli, [bad("apps/cli/src/a.ts", 'const b = await import("@ottla/broker");')])).toEqual([]);
  });

  test("a file that nothing imports", () => {
    const files = [bad("p/src/index.ts", 'export { a } from "./a.ts";'), bad("p/src/a.ts", ""), bad("p/src/b.ts", "")];
    expect(deadFileProblems(files, ["p/src/index.ts"])).toEqual(["p/src/b.ts is reached from no entry point: use it or remove it"]);
  });

  test.each([
    ["an import cycle", { "a.ts": 'import { b } from "./b.ts";\nexport const a = () => b;', "b.ts": 'import { a } from "./a.ts";\nexport const b = () => a;' }, "no-cycle"],
    ["any", { "a.ts": "export const a: any = 1;" }, "no-explicit-any"],
    ["a default export", { "a.ts": "export default 1;" }, "no-default-export"],
    ["a function of 61 lines", { "a.ts": `export function a(): void {\n${"  void 0;\n".repeat(61)}}` }, "max-lines-per-function"],
  ])("the linter refuses %s", (_what, files, rule) => {
    const directory = mkdtempSync(join(tmpdir(), "ottla-lint-"));
    try {
      for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), `${text}\n`);
      const config = join(workspaceRoot, ".oxlintrc.json");
      const lint = spawnSync(join(workspaceRoot, "node_modules/.bin/oxlint"), ["-c", config, directory], { encoding: "utf8" });
      expect(lint.stdout).toContain(rule);
      expect(lint.status).not.toBe(0);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
