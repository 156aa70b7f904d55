#!/usr/bin/env node
// Starts the bundled command line; from a checkout that was not bundled, the source itself.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { enableCompileCache } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";

const bundle = fileURLToPath(new URL("../dist/bundle/main.mjs", import.meta.url));
const source = fileURLToPath(new URL("../src/main.ts", import.meta.url));

/** Oldest Node that strips types and has zstd; the workspace brings a newer one. */
const OLDEST = [22, 18];

function isTooOld() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  return major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]);
}

function runWith(node, args) {
  const child = spawnSync(node, [...args, ...process.argv.slice(2)], { stdio: "inherit" });
  process.exit(child.status ?? 1);
}

const ownNode = fileURLToPath(new URL("../../../node_modules/.bin/node", import.meta.url));
if (isTooOld()) {
  if (!existsSync(ownNode)) {
    console.error(`ottla needs Node ${OLDEST.join(".")} or newer, this is ${process.versions.node}: install a newer Node`);
    process.exit(1);
  }
  runWith(ownNode, existsSync(bundle) ? [bundle] : ["--conditions=@ottla/source", source]);
} else if (existsSync(bundle)) {
  enableCompileCache();
  await import(pathToFileURL(bundle).href);
} else {
  runWith(process.execPath, ["--conditions=@ottla/source", source]);
}
