// Runs after `npm install`: bundles the command line, so that `npx ottla` starts fast.
// The workspace's own Node is used whatever Node runs npm; see package.json, optionalDependencies.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
const node = join(root, "node_modules", ".bin", process.platform === "win32" ? "node.cmd" : "node");

if (!existsSync(join(root, "apps/cli/src/main.ts"))) process.exit(0);
const build = spawnSync(existsSync(node) ? node : process.execPath, [join(root, "tools/bundle/main.ts")], {
  stdio: "inherit",
  shell: process.platform === "win32",
});
process.exit(build.status ?? 1);
