import { execFile } from "node:child_process";
import { existsSync, mkdirSync, statSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
/** Included by every load generator. */
const SUPPORT = fileURLToPath(new URL("load-support.h", import.meta.url));

export interface NativeSource {
  /** Of the program, in the user's cache directory. */
  readonly name: string;
  readonly source: string;
  readonly libraries: readonly string[];
  /** What to install where it does not compile. */
  readonly needs: string;
}

/** Compiles a load generator when its source is newer than the program; returns the program's path. */
export async function compileNative(native: NativeSource): Promise<string> {
  const cache = process.env["XDG_CACHE_HOME"] || path.join(homedir(), ".cache");
  const directory = path.join(cache, "ottla-benchmarks");
  const program = path.join(directory, native.name);
  const changedMs = Math.max(...[native.source, SUPPORT].map((file) => statSync(file).mtimeMs));
  if (existsSync(program) && statSync(program).mtimeMs >= changedMs) return program;
  mkdirSync(directory, { recursive: true });
  const libraries = [...native.libraries, "pthread"].map((library) => `-l${library}`);
  const warnings = ["-Wall", "-Wextra", "-Werror"];
  try {
    await run("gcc", ["-O2", ...warnings, native.source, "-o", program, ...libraries]);
  } catch (error) {
    throw new Error(`cannot compile ${native.name}: install ${native.needs}`, { cause: error });
  }
  return program;
}
