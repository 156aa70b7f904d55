/**
 * Bundles the command line into `apps/cli/dist/bundle`. The storage's worker modules are entry points of
 * their own, because the engine starts them by the name they have beside it: `./storage-worker.js`.
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";

const root = join(import.meta.dirname, "../..");
const outdir = join(root, "apps/cli/dist/bundle");

/** Native add-ons and what loads its own files cannot be bundled. */
const EXTERNAL = [
  "piscina",
  "snappy",
  "lz4-napi",
  "@node-rs/crc32",
  "pino",
  "pino-pretty",
  "msgpackr-extract",
];

rmSync(outdir, { recursive: true, force: true });
await build({
  entryPoints: {
    main: join(root, "apps/cli/src/main.ts"),
    "storage-worker": join(root, "packages/storage/src/engine/storage-worker.ts"),
    "background-jobs": join(root, "packages/storage/src/engine/background-jobs.ts"),
  },
  outdir,
  // All chunks lie side by side, so that "beside this module" is the same place for each of them.
  chunkNames: "[name]-[hash]",
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node22",
  conditions: ["@ottla/source"],
  external: EXTERNAL,
  // Some CommonJS dependencies call require() of Node's own modules.
  banner: {
    js: 'import { createRequire as ottlaCreateRequire } from "node:module"; const require = ottlaCreateRequire(import.meta.url);',
  },
  sourcemap: false,
  logLevel: "warning",
});
