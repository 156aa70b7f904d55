import { createRequire } from "node:module";

type Snappy = Pick<typeof import("snappy"), "compressSync" | "uncompressSync">;
type Lz4 = Pick<typeof import("lz4-napi"), "compressSync">;

const load = createRequire(import.meta.url);
let loadedSnappy: Snappy | undefined;
let loadedLz4: Lz4 | undefined;

// Most processes never meet these codecs. Loading both takes 30 ms of a start and memory in every thread, so the first
// batch that needs one loads it.

export function snappy(): Snappy {
  loadedSnappy ??= load("snappy") as Snappy;
  return loadedSnappy;
}

export function lz4(): Lz4 {
  loadedLz4 ??= load("lz4-napi") as Lz4;
  return loadedLz4;
}
