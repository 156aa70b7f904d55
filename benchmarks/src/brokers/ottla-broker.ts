import { existsSync, mkdirSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { PreparedBroker } from "./broker.ts";
import { spawnBroker } from "./broker-process.ts";
import { freePorts } from "./free-ports.ts";

const BUNDLE = fileURLToPath(new URL("../../../apps/cli/dist/bundle/main.js", import.meta.url));
const PROGRAM = fileURLToPath(new URL("../../../apps/cli/bin/ottla.mjs", import.meta.url));
const SOURCE = fileURLToPath(new URL("../../../apps/cli/src/main.ts", import.meta.url));

/** `bundle` is what users get: bin/ottla.mjs with the bundled program. `source` strips types at each start. */
export type OttlaProgram = "bundle" | "source";

export function isBuilt(program: OttlaProgram): boolean {
  return program === "source" || existsSync(BUNDLE);
}

export async function prepareOttla(
  directory: string,
  program: OttlaProgram,
  overrides: readonly string[],
): Promise<PreparedBroker> {
  mkdirSync(directory, { recursive: true });
  const [port = 0] = await freePorts(1);
  const start = program === "bundle" ? [PROGRAM] : ["--conditions=@ottla/source", SOURCE];
  const command = [
    process.execPath,
    ...start,
    "server",
    "--port",
    String(port),
    "--data-dir",
    path.join(directory, "data"),
    "--log-level",
    "warn",
    ...overrides.flatMap((override) => ["--override", override]),
  ] as const;
  return {
    name: "ottla",
    port,
    spawn: () =>
      spawnBroker({
        name: "ottla",
        port,
        command: command as unknown as [string, ...string[]],
        directory,
        logFile: path.join(directory, "ottla.log"),
      }),
  };
}
