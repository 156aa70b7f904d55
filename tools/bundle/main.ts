/** Bundles the command line and the storage worker into `apps/cli/dist/bundle`. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";

const root = join(import.meta.dirname, "../..");
const outdir = join(root, "apps/cli/dist/bundle");

/** Native add-ons and what loads its own files cannot be bundled. */
const EXTERNAL = ["piscina", "snappy", "lz4-napi", "@node-rs/crc32", "pino", "pino-pretty", "msgpackr-extract"];

rmSync(outdir, { recursive: true, force: true });
await build({
  entryPoints: {
    main: join(root, "apps/cli/src/main.ts"),
    "storage-worker": join(root, "packages/storage/src/engine/storage-worker.ts"),
  },
  outdir,
  outExtension: { ".js": ".mjs" },
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node22",
  conditions: ["@ottla/source"],
  external: EXTERNAL,
  // Some CommonJS dependencies call require() of Node's own modules.
  banner: { js: 'import { createRequire as ottlaCreateRequire } from "node:module"; const require = ottlaCreateRequire(import.meta.url);' },
  sourcemap: false,
  logLevel: "warning",
});
