/**
 * The same log compacted by Apache Kafka and by `@ottla/storage`: batch for batch and record for record the same must
 * be left, and Kafka's `DumpLogSegments` must read what we wrote without a complaint. It starts an Apache Kafka of
 * its own, whatever the target of the run is.
 */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { iterateBatches, iterateRecords } from "@ottla/protocol";
import { NodeFileSystem, silentLogger, SystemClock, SystemRandom } from "@ottla/runtime";
import { defaultLogConfig, LocalEngine } from "@ottla/storage";
import { ApacheKafka, prepareKafka } from "../../tools/apache-kafka/apache-kafka.ts";
import { shortLivedJvmFlags } from "../../tools/apache-kafka/java-process.ts";
import { check, finish } from "../kafkajs/exercise/suite.ts";

const TOPIC = "compared";
const ROUNDS = Number(process.env["COMPACTION_ROUNDS"] ?? 1500);
const seed = Number(process.env["COMPACTION_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const CLEAN_WITHIN_MS = 60_000;

/** A batch as one line, without what depends on when it was cleaned. */
function describeBatches(directory: string): string[] {
  const lines: string[] = [];
  const names = readdirSync(directory).filter((name) => name.endsWith(".log"));
  for (const name of names.sort()) {
    for (const batch of iterateBatches(readFileSync(path.join(directory, name)))) {
      assert(batch.isCrcValid(), `CRC of the batch at ${batch.baseOffset} in ${name}`);
      const records = [...iterateRecords(batch, { maxDecompressedBytes: 1 << 24 })].map(
        ({ offset, timestamp, key, value, headers }) =>
          `${offset}@${timestamp} ${text(key)}=${text(value)} ${headers.map((h) => `${h.key}:${text(h.value)}`).join()}`,
      );
      const { baseOffset, lastOffset, compression, producerId, producerEpoch, baseSequence } =
        batch;
      const { isTransactional, isControl, hasDeleteHorizon, maxTimestamp, partitionLeaderEpoch } =
        batch;
      lines.push(
        [
          `${baseOffset}-${lastOffset} codec ${compression} ${producerId}/${producerEpoch}/${baseSequence}`,
          `${isTransactional} ${isControl} ${hasDeleteHorizon} ${maxTimestamp} ${partitionLeaderEpoch}`,
          ...records,
        ].join("\n  "),
      );
    }
  }
  return lines;
}

function text(bytes: Uint8Array | null): string {
  return bytes === null ? "null" : Buffer.from(bytes).toString("base64");
}

async function compactHere(directory: string): Promise<void> {
  const engine = new LocalEngine({
    directory,
    fileSystem: new NodeFileSystem(),
    clock: new SystemClock(),
    random: new SystemRandom(),
    logger: silentLogger,
    flush: "group",
    defaultConfig: {
      ...defaultLogConfig,
      cleanupPolicy: ["compact"],
      segmentBytes: 1 << 20,
      minCleanableDirtyRatio: 0,
      fileDeleteDelayMs: 0,
    },
  });
  const { partitions } = await engine.open();
  for (const { offlineReason } of partitions) assert.equal(offlineReason, undefined);
  const { logs } = await engine.runCleaner();
  assert.deepEqual(
    logs.map(({ outcome, reason }) => [outcome, reason]),
    [["cleaned", undefined]],
  );
  await engine.close();
}

/** Kafka has cleaned when its checkpoint names the topic and the files rest. */
async function untilCleaned(kafka: ApacheKafka, directory: string): Promise<void> {
  const checkpoint = path.join(kafka.dataDir, "cleaner-offset-checkpoint");
  const deadline = performance.now() + CLEAN_WITHIN_MS;
  while (performance.now() < deadline) {
    await sleep(250);
    try {
      if (!readFileSync(checkpoint, "utf8").includes(`${TOPIC} 0 `)) continue;
    } catch {
      continue;
    }
    const unfinished = readdirSync(directory).some((name) => /\.(cleaned|swap)$/.test(name));
    if (!unfinished) return;
  }
  throw new Error("Apache Kafka did not compact in time");
}

/**
 * A batch that lost all its records but is kept for its producer has the timestamp in its header still; the tool, which
 * looks for a record with it, says so of Kafka's own files as well.
 */
const EMPTIED_BATCHES =
  /^Found timestamp mismatch in .*\n(?: *Index timestamp: \d+, log timestamp: -1\n)+/gm;

function dump(classPath: string, directory: string): void {
  const files = readdirSync(directory)
    .filter((name) => /\.(log|index|timeindex|txnindex)$/.test(name))
    .map((name) => path.join(directory, name));
  const tool = ["-cp", classPath, "org.apache.kafka.tools.DumpLogSegments"];
  const { stdout, stderr, status } = spawnSync(
    "java",
    [...shortLivedJvmFlags, ...tool, "--deep-iteration", "--files", files.join(",")],
    { encoding: "utf8", maxBuffer: 1 << 28 },
  );
  assert.equal(status, 0, stderr);
  // What does not fit together it names on the standard error.
  const output = `${stdout}\n${stderr}`.replaceAll(EMPTIED_BATCHES, "");
  // Holes are what compaction makes; all else that the tool complains of would be ours.
  const complaints = output
    .split("\n")
    .filter((line) =>
      /mismatch|log timestamp|isvalid: false|corrupt|exception|out of order|no entry|doesn't exist/i.test(
        line,
      ),
    );
  assert.deepEqual(complaints, []);
  assert(stdout.includes("isvalid: true"), "batches were looked at");
}

async function main(): Promise<void> {
  console.log(
    `seed ${seed}; replay: COMPACTION_SEED=${seed} node --conditions=@ottla/source main.ts`,
  );
  const work = mkdtempSync(path.join(tmpdir(), "ottla-compaction-"));
  const { classPath } = await prepareKafka();
  const kafka = await ApacheKafka.create({
    directory: path.join(work, "kafka"),
    overrides: { "log.cleaner.backoff.ms": "200", "file.delete.delay.ms": "1000" },
  });
  const load = (...parameters: readonly string[]): void => {
    const source = path.join(import.meta.dirname, "CompactionLoad.java");
    const server = `127.0.0.1:${kafka.port}`;
    execFileSync("java", ["-cp", classPath, source, server, TOPIC, ...parameters], {
      // What goes wrong is in the error; its info lines would fill the report.
      stdio: ["ignore", "ignore", "pipe"],
    });
  };
  try {
    await kafka.start();
    load(String(seed), String(ROUNDS));
    const theirs = path.join(kafka.dataDir, `${TOPIC}-0`);
    const ours = path.join(work, "ottla", `${TOPIC}-0`);
    mkdirSync(path.dirname(ours), { recursive: true });
    cpSync(theirs, ours, { recursive: true });
    const before = describeBatches(ours).length;
    await compactHere(path.dirname(ours));
    load("clean");
    await untilCleaned(kafka, theirs);
    const [expected, found] = [describeBatches(theirs), describeBatches(ours)];
    await check("what is left is batch for batch what Apache Kafka leaves", async () => {
      assert(expected.length < before, "there was something to compact");
      assert.equal(found.length, expected.length, "as many batches are left");
      for (const [index, batch] of found.entries()) assert.equal(batch, expected[index]);
      console.log(`${before} batches compacted to ${found.length}`);
    });
    await check("DumpLogSegments reads the compacted log without a complaint", async () =>
      dump(classPath, ours),
    );
  } finally {
    await kafka.stop();
    rmSync(work, { recursive: true, force: true });
  }
}

await main();
finish();
