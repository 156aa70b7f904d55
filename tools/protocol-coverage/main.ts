import { readFileSync, writeFileSync } from "node:fs";
import { servedApis } from "@ottla/broker";
import { coverageDocument, coveredApis } from "./document.ts";

/*
 * Writes docs/protocol-coverage.md. With --check it writes nothing and ends with 1 when the document
 * is out of date. What is served comes from the broker's own list of handlers, so that the document
 * cannot claim more.
 */

const DOCUMENT = new URL("../../docs/protocol-coverage.md", import.meta.url);

const text = coverageDocument(coveredApis(), servedApis());

if (!process.argv.includes("--check")) {
  writeFileSync(DOCUMENT, text);
} else if (readFileSync(DOCUMENT, "utf8") === text) {
  console.log("docs/protocol-coverage.md is up to date");
} else {
  console.error("docs/protocol-coverage.md is out of date; run tools/protocol-coverage/main.ts");
  process.exitCode = 1;
}
