import { execFileSync, spawn } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";
import {
  checkSample,
  parseSample,
  tableVersion,
} from "../../../packages/protocol/test-support/kafka-sample.ts";
import { ErrorCode } from "../../../packages/protocol/src/errors/error-codes.ts";
import { errorInfo } from "../../../packages/protocol/src/errors/error-info.ts";
import { allMessages } from "../../../packages/protocol/src/messages/all-messages.ts";
import type { Message } from "../../../packages/protocol/src/schema/message.ts";

/*
 * Has Kafka's own message classes write random values of every message and version, and compares each
 * with what our codec makes of it, in both directions. Options: --seed N, --values N (per version),
 * --write-golden (replaces the samples that the protocol package tests without Java).
 */

const HERE = new URL(".", import.meta.url);
const GOLDEN = new URL(
  "../../../packages/protocol/src/messages/golden/kafka-4.3.1.ndjson.gz",
  HERE,
);
const GOLDEN_VALUES = 6;
const GOLDEN_SEED = 431;

/** Kafka's classes for what our tables hold under another name. */
const ALIASES: Readonly<Record<string, string>> = {
  LegacyOffsetCommitKey: "OffsetCommitKey",
  LegacyOffsetCommitValue: "OffsetCommitValue",
};

interface Verdict {
  values: number;
  readonly versions: Set<number>;
  readonly failures: string[];
}

function buildJava(): string {
  const classpathFile = new URL("target/classpath.txt", HERE);
  const goals = [
    "-q",
    "-B",
    "compile",
    "dependency:build-classpath",
    "-Dmdep.outputFile=target/classpath.txt",
  ];
  execFileSync("mvn", goals, { cwd: HERE, stdio: ["ignore", "ignore", "inherit"] });
  if (!existsSync(classpathFile)) throw new Error("Maven wrote no class path");
  return `target/classes:${readFileSync(classpathFile, "utf8").trim()}`;
}

/** Runs the Java program and hands on each line that it prints. */
async function forEachLine(
  names: readonly string[],
  seed: number,
  values: number,
  take: (line: string) => void,
): Promise<void> {
  const java = spawn(
    "java",
    ["-cp", buildJava(), "ottla.compat.codec.Main", `${seed}`, `${values}`],
    {
      cwd: HERE,
      stdio: ["pipe", "pipe", "inherit"],
    },
  );
  const exit = new Promise<number | null>((resolve, reject) => {
    java.on("error", reject);
    java.on("close", resolve);
  });
  java.stdin.end(`${names.join("\n")}\n`);
  for await (const line of createInterface({ input: java.stdout })) take(line);
  const code = await exit;
  if (code !== 0) throw new Error(`java ended with ${code}`);
}

async function check(seed: number, values: number): Promise<Map<string, Verdict>> {
  const tables = new Map(allMessages().map((message) => [message.name, message]));
  const verdicts = new Map<string, Verdict>();
  const names = [...tables.keys(), ...Object.keys(ALIASES)];
  await forEachLine(names, seed, values, (line) => {
    const sample = parseSample(line);
    const verdict = verdicts.get(sample.message) ?? {
      values: 0,
      versions: new Set(),
      failures: [],
    };
    verdicts.set(sample.message, verdict);
    if ("missing" in sample) {
      verdict.failures.push("Kafka has no such message");
      return;
    }
    verdict.values++;
    verdict.versions.add(tableVersion(sample));
    const failure = checkSample(
      tables.get(ALIASES[sample.message] ?? sample.message) as Message<unknown>,
      sample,
    );
    if (failure !== null) verdict.failures.push(failure);
  });
  for (const name of names) {
    const verdict = verdicts.get(name);
    if (verdict === undefined)
      verdicts.set(name, { values: 0, versions: new Set(), failures: ["no value came from Java"] });
    else checkVersions(tables.get(name), verdict);
  }
  return verdicts;
}

/** Both sides have to have the same versions; an alias stands for a part of a table only. */
function checkVersions(message: Message<unknown> | undefined, verdict: Verdict): void {
  if (message === undefined) return;
  const { min, max } = message.validVersions;
  const least = message.name === "OffsetCommitKey" ? 1 : min;
  const ours = Array.from({ length: max - least + 1 }, (_, i) => least + i);
  if (
    ours.length === verdict.versions.size &&
    ours.every((version) => verdict.versions.has(version))
  )
    return;
  verdict.failures.push(
    `our versions are ${ours.join(" ")}, Kafka's ${[...verdict.versions].join(" ")}`,
  );
}

/** Our error table line by line as Java prints Kafka's; returns the lines that one side only has. */
function compareErrorTables(): string[] {
  const printed = execFileSync("java", ["-cp", buildJava(), "ottla.compat.codec.ErrorTable"], {
    cwd: HERE,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  const theirs = new Set(printed.trim().split("\n"));
  const ours = new Set(
    Object.values(ErrorCode).map((code) => {
      const { name, retriable } = errorInfo(code);
      return `${code} ${name} ${retriable}`;
    }),
  );
  return [...theirs, ...ours].filter((line) => !theirs.has(line) || !ours.has(line));
}

async function writeGolden(): Promise<void> {
  const lines: string[] = [];
  await forEachLine(
    allMessages().map((message) => message.name),
    GOLDEN_SEED,
    GOLDEN_VALUES,
    (line) => lines.push(line),
  );
  const packed = gzipSync(`${lines.join("\n")}\n`, { level: 9 });
  writeFileSync(GOLDEN, packed);
  console.log(`${lines.length} values, ${packed.length} bytes`);
}

const { values: options } = parseArgs({
  options: {
    seed: { type: "string" },
    values: { type: "string" },
    "write-golden": { type: "boolean" },
  },
});

if (options["write-golden"] === true) {
  await writeGolden();
} else {
  const seed = Number(options.seed ?? process.hrtime.bigint() & 0x7fff_ffffn);
  console.log(`# codec against kafka-clients 4.3.1: --seed ${seed}`);
  const verdicts = await check(seed, Number(options.values ?? 40));
  for (const [name, { values, versions, failures }] of verdicts) {
    if (failures.length === 0)
      console.log(`ok - ${name}: ${values} values in ${versions.size} versions`);
    else
      console.log(
        `not ok - ${name} # ${failures.length} differences, seed ${seed}: ${failures[0]}`,
      );
  }
  const errors = compareErrorTables();
  if (errors.length === 0) console.log("ok - error codes, names and retriability");
  else console.log(`not ok - error codes, names and retriability # ${errors.join("; ")}`);
  process.exitCode =
    errors.length > 0 || [...verdicts.values()].some((verdict) => verdict.failures.length > 0)
      ? 1
      : 0;
}
