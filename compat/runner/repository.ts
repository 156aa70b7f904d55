/** Where the repository and its suites lie. */
import path from "node:path";

export const repositoryRoot = path.resolve(import.meta.dirname, "../..");
export const compatRoot = path.join(repositoryRoot, "compat");
