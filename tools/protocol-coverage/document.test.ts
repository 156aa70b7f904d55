import { readFileSync } from "node:fs";
import { servedApis } from "@ottla/broker";
import { describe, expect, it } from "vitest";
import { coverageDocument, coveredApis } from "./document.ts";
import { KAFKA_VERSIONS } from "./kafka-versions.ts";

describe("docs/protocol-coverage.md", () => {
  it("says what the tables and the broker's handlers say", () => {
    const document = readFileSync(
      new URL("../../docs/protocol-coverage.md", import.meta.url),
      "utf8",
    );
    expect(document).toBe(coverageDocument(coveredApis(), servedApis()));
  });

  it("covers every API and version that Kafka 4.3 serves to clients", () => {
    const text = coverageDocument(coveredApis(), []);
    expect(text).toContain("none is missing");
    expect(text).not.toContain("(differs)");
    expect(coveredApis().length).toBe(KAFKA_VERSIONS.size);
  });

  it("shows a gap", () => {
    const withoutProduce = coveredApis().filter((api) => api.key !== 0);
    expect(coverageDocument(withoutProduce, [])).toContain("missing are 0");
  });
});
