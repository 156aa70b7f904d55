/**
 * Bundles the command line into `apps/cli/dist/bundle`. The storage's worker modules are entry points of
 * their own, because the engine starts them by the name they have beside it: `./storage-worker.js`.
 */
import { rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = join(import.meta.dirname, "../..");
const outdir = join(root, "apps/cli/dist/bundle");

/** Native add-ons and what loads its own files cannot be bundled. */
const EXTERNAL = ["@napi-rs/nice", "snappy", "lz4-napi", "@node-rs/crc32", "pino-pretty"];

rmSync(outdir, { recursive: true, force: true });
await build({
  entryPoints: {
    main: join(root, "apps/cli/src/main.ts"),
    "storage-worker": join(root, "tools/bundle/cached-storage-worker.ts"),
    // What Piscina starts a thread with: it looks for "worker.js" beside itself.
    worker: join(dirname(fileURLToPath(import.meta.resolve("piscina"))), "worker.js"),
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
  // Some CommonJS dependencies call require() of Node's own modules, or look for a file beside them.
  define: { __dirname: "ottlaDirectory" },
  banner: {
    js: 'import { createRequire as ottlaCreateRequire } from "node:module"; const require = ottlaCreateRequire(import.meta.url); const ottlaDirectory = import.meta.dirname;',
  },
  sourcemap: false,
  // The text stays in memory in every thread. Names stay as they are, so that a stack trace can be read.
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: "linked",
  logLevel: "warning",
});
