import { readFileSync } from "node:fs";
import { findPackageJSON } from "node:module";

/** The version in our own package.json, which lies above the source as well as above the bundle. */
export function ottlaVersion(): string {
  const path = findPackageJSON(import.meta.url);
  if (path === undefined) throw new Error("the package.json of ottla is missing");
  return (JSON.parse(readFileSync(path, "utf8")) as { readonly version: string }).version;
}
