import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import {
  checkSample,
  parseSample,
  tableVersion,
  type KafkaSample,
} from "../../test-support/kafka-sample.ts";
import { allMessages } from "./all-messages.ts";

/*
 * golden/kafka-4.3.1.ndjson.gz holds values which Kafka's own message classes wrote; compat/java/codec
 * makes it anew (run.ts --write-golden) and checks many more.
 */

const GOLDEN = new URL("golden/kafka-4.3.1.ndjson.gz", import.meta.url);

const samples = new Map<string, KafkaSample[]>();
for (const line of gunzipSync(readFileSync(GOLDEN)).toString("utf8").trimEnd().split("\n")) {
  const sample = parseSample(line);
  const known = samples.get(sample.message);
  if (known === undefined) samples.set(sample.message, [sample]);
  else known.push(sample);
}

describe.each(allMessages().map((message) => ({ name: message.name, message })))(
  "$name",
  ({ name, message }) => {
    it("has a sample from Kafka for every version", () => {
      const versions = new Set((samples.get(name) ?? []).map(tableVersion));
      for (
        let version = message.validVersions.min;
        version <= message.validVersions.max;
        version++
      ) {
        // Record type 0 is an offset commit key of old; Kafka has a class of its own for it.
        if (name === "OffsetCommitKey" && version === 0) continue;
        expect(versions, `${name} v${version}`).toContain(version);
      }
    });

    it("reads and writes what Kafka reads and writes", () => {
      for (const sample of samples.get(name) ?? []) {
        expect(checkSample(message, sample), name).toBe(null);
      }
    });
  },
);
