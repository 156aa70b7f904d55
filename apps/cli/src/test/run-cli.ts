import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";

const MAIN = join(import.meta.dirname, "../main.ts");

/** Every start after the first one finds our sources compiled, as a user of the bundle does. */
const COMPILE_CACHE = mkdtempSync(join(tmpdir(), "ottla-cli-test-"));
process.once("exit", () => rmSync(COMPILE_CACHE, { recursive: true, force: true }));

export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  readonly bootstrapServer?: string;
  readonly stdin?: string | Buffer;
}

/** Starts the command line from source in a process of its own. */
export function startCli(args: readonly string[], { bootstrapServer }: CliOptions = {}) {
  const env = {
    ...process.env,
    NO_COLOR: "1",
    NODE_COMPILE_CACHE: COMPILE_CACHE,
    ...(bootstrapServer === undefined ? {} : { OTTLA_BOOTSTRAP_SERVER: bootstrapServer }),
  };
  return spawn(process.execPath, ["--conditions=@ottla/source", MAIN, ...args], {
    env,
    stdio: ["pipe", "pipe", "pipe"],
  });
}

export async function runCli(
  args: readonly string[],
  options: CliOptions = {},
): Promise<CliResult> {
  const child = startCli(args, options);
  // A command that fails early does not read its input.
  child.stdin.on("error", () => {});
  child.stdin.end(options.stdin ?? "");
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close"),
  ]);
  return { code: code as number | null, stdout, stderr };
}
