#!/usr/bin/env node
// Starts the bundled command line; from a checkout that was not bundled, the source itself.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import * as nodeModule from "node:module";
import { constants } from "node:os";
import { fileURLToPath, pathToFileURL } from "node:url";

const bundle = fileURLToPath(new URL("../dist/bundle/main.js", import.meta.url));
const source = fileURLToPath(new URL("../src/main.ts", import.meta.url));

/** Oldest Node that strips types and has zstd; the workspace brings a newer one. */
const OLDEST = [22, 18];

/** By then a server has started, and most other commands have ended. */
const FLUSH_CACHE_AFTER_MS = 2_000;

function isTooOld() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  return major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]);
}

/** Runs ottla with another Node, which gets our signals and gives us its exit code. */
function runWith(node, args) {
  const child = spawn(node, [...args, ...process.argv.slice(2)], { stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.on(signal, () => {
      // A terminal sends Ctrl-C to both of us, and a second one would end the child at once.
      if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal);
    });
  }
  child.on("error", (error) => {
    console.error(`ottla: cannot start ${node}: ${error.message}`);
    process.exit(1);
  });
  child.on("exit", (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
}

const ownNode = fileURLToPath(new URL("../../../node_modules/.bin/node", import.meta.url));
if (isTooOld()) {
  if (!existsSync(ownNode)) {
    console.error(
      `ottla needs Node ${OLDEST.join(".")} or newer, this is ${process.versions.node}: install a newer Node`,
    );
    process.exit(1);
  }
  runWith(ownNode, [fileURLToPath(import.meta.url)]);
} else if (existsSync(bundle)) {
  nodeModule.enableCompileCache?.();
  await import(pathToFileURL(bundle).href);
  // What runs on gives back the memory of the cache, and has written it when it is killed later.
  setTimeout(() => nodeModule.flushCompileCache?.(), FLUSH_CACHE_AFTER_MS).unref();
} else {
  runWith(process.execPath, ["--conditions=@ottla/source", source]);
}
