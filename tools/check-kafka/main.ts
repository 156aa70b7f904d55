import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { allMessages } from "../../packages/protocol/src/messages/all-messages.ts";
import type { Message } from "../../packages/protocol/src/schema/message.ts";
import { apis } from "../../packages/protocol/src/messages/api-keys.ts";
import { reasonFor } from "./expected-differences.ts";
import {
  differences,
  factsOfKafka,
  factsOfTable,
  parseDefinition,
  withinOurVersions,
  type KafkaMessage,
} from "./facts.ts";
import { readJar } from "./jar-reader.ts";

/*
 * Compares our message tables with the definitions inside Kafka's own jars, the newest ones on Maven
 * Central unless --version names others. Lists every difference. One that concerns versions we have
 * and is not in expected-differences.ts makes it end with 1.
 */

const ARTIFACTS = [
  "kafka-clients",
  "kafka-group-coordinator",
  "kafka-transaction-coordinator",
  "kafka-share-coordinator",
];
const DEFINITION = /^common\/message\/\w+\.json$/;

/** Old offset commits have classes of their own in Kafka; our table covers both. */
const NOT_IN_OUR_TABLES = new Set(["LegacyOffsetCommitKey", "LegacyOffsetCommitValue"]);

interface Definitions {
  readonly version: string;
  readonly messages: Map<string, KafkaMessage>;
}

function download(version: string): Definitions {
  const directory = mkdtempSync(join(tmpdir(), "check-kafka-"));
  try {
    const [clients, ...others] = ARTIFACTS;
    copyJar(`${clients}:${version}`, directory);
    // "RELEASE" is resolved once, so that all jars are of one release.
    const resolved = /^kafka-clients-(.+)\.jar$/.exec(readdirSync(directory)[0] ?? "")?.[1];
    if (resolved === undefined) throw new Error("Maven brought no kafka-clients jar");
    for (const artifact of others) copyJar(`${artifact}:${resolved}`, directory);
    const messages = new Map<string, KafkaMessage>();
    for (const jar of readdirSync(directory)) {
      const files = readJar(readFileSync(join(directory, jar)), (path) => DEFINITION.test(path));
      for (const file of files.values()) {
        const definition = parseDefinition(file.toString("utf8"));
        messages.set(definition.name, definition);
      }
    }
    return { version: resolved, messages };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function copyJar(coordinates: string, directory: string): void {
  const artifact = `-Dartifact=org.apache.kafka:${coordinates}`;
  execFileSync("mvn", ["-q", "-B", "dependency:copy", artifact, `-DoutputDirectory=${directory}`], {
    stdio: ["ignore", "ignore", "inherit"],
  });
}

type Verdict = "newer" | "expected" | "UNEXPECTED";

interface Finding {
  readonly verdict: Verdict;
  readonly text: string;
}

function compareAll(definitions: Definitions): Finding[] {
  const findings: Finding[] = [];
  const ours = new Map(allMessages().map((message) => [message.name, message]));
  for (const message of ours.values()) {
    const definition = definitions.messages.get(message.name);
    if (definition === undefined) findings.push(judge(`${message.name}: Kafka does not have it`));
    else findings.push(...compareOne(message, definition));
  }
  for (const definition of definitions.messages.values()) {
    if (!ours.has(definition.name) && isForUs(definition))
      findings.push(judge(`${definition.name}: we do not have it`));
  }
  return findings.sort((a, b) => (a.text < b.text ? -1 : 1));
}

/** What differs within our own versions counts; what only newer versions of Kafka have is told apart. */
function compareOne(message: Message<unknown>, definition: KafkaMessage): Finding[] {
  const clipped = withinOurVersions(definition, message);
  const real = differences(message.name, factsOfTable(message, true), factsOfKafka(clipped));
  const realPaths = new Set(real.map((difference) => difference.path));
  const all = differences(message.name, factsOfTable(message, false), factsOfKafka(definition));
  const newer = all.filter((difference) => !realPaths.has(difference.path));
  return [
    ...real.map((difference) => judge(difference.text)),
    ...newer.map(({ text }): Finding => ({
      verdict: reasonFor(text) !== undefined ? "expected" : "newer",
      text,
    })),
  ];
}

function judge(text: string): Finding {
  return { verdict: reasonFor(text) !== undefined ? "expected" : "UNEXPECTED", text };
}

/** What a client may send to a broker, and the records of the internal topics that we write. */
function isForUs(definition: KafkaMessage): boolean {
  if (NOT_IN_OUR_TABLES.has(definition.name) || definition.validVersions === "none") return false;
  if (definition.type.startsWith("coordinator-")) return true;
  if (definition.type === "response") return apis.has(definition.apiKey ?? -1);
  return definition.type === "request" && (definition.listeners ?? []).includes("broker");
}

const { values: options } = parseArgs({
  options: { version: { type: "string", default: "RELEASE" } },
});
const definitions = download(options.version);
const findings = compareAll(definitions);

console.log(`our tables (${allMessages().length} messages) against Kafka ${definitions.version}`);
for (const { verdict, text } of findings) {
  const reason = reasonFor(text);
  console.log(`${verdict.padEnd(10)} ${text}${reason === undefined ? "" : ` (${reason})`}`);
}
const count = (verdict: Verdict): number =>
  findings.filter((finding) => finding.verdict === verdict).length;
console.log(
  `${count("newer")} newer in Kafka, ${count("expected")} expected, ${count("UNEXPECTED")} unexpected`,
);
process.exitCode = count("UNEXPECTED") > 0 ? 1 : 0;
